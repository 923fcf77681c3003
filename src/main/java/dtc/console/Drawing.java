package dtc.console;

import dtc.coordinator.CoordinatorEffect;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.WriteResult;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a {@link Timeline} into rows to draw, time running downwards: a lifeline for the coordinator and one for each
 * participant, messages as arrows between them, and what each row says in words.
 */
final class Drawing {

    /** Participants with a lifeline of their own; those beyond share the last one. */
    static final int LIFELINES_MAX = 8;

    /** Units between two lifelines. */
    private static final int LIFELINE_WIDTH = 28;

    /** A pause as long as this is drawn as a gap. */
    private static final Duration GAP = Duration.ofSeconds(1);

    /** Tries that are drawn at the beginning, and as many at the end. */
    private static final int TRIES_DRAWN_MAX = 3;

    /** How far from a lifeline an arrow ends, so that its head is seen. */
    private static final int ARROW_GAP = 5;

    /** Of the whole, in per mille, so that the shortest phase is seen too. */
    private static final long PHASE_MIN = 8;

    private static final int COORDINATOR = 0;

    /** How a participant may look; of those that share a lifeline, the first of these is what it shows. */
    private static final List<String> WORST_FIRST =
            List.of("broken", "doubt", "active", "committed", "rolled-back", "away");

    /**
     * A line of the timeline.
     *
     * @param at absolute
     * @param offset since the beginning
     * @param gap how long nothing happened before it; null where that is not long
     * @param lifelines how each lifeline looks here, as classes of the style sheet
     * @param milestone whether the transaction itself got on, not only a message
     */
    public record Row(
            String at,
            String offset,
            @Nullable String gap,
            Tone tone,
            boolean milestone,
            String text,
            @Nullable String detail,
            List<String> lifelines,
            List<Arrow> arrows,
            int width) {}

    /** A message, from one lifeline to another; {@code lost} where nothing came. */
    public record Arrow(int from, int to, String head, Tone tone, boolean lost) {

        public int middle() {
            return (from + to) / 2;
        }
    }

    /** How long one phase took; {@code from} and {@code width} in per mille of the whole. */
    public record Phase(String name, String took, String css, int from, int width) {}

    private final Transaction transaction;
    private final Timeline.Seen seen;
    private final Instant began;
    private final Map<String, Integer> lifelineOf = new HashMap<>();
    private final Map<String, String> lookOf = new HashMap<>();
    private final String[] lifelines;
    /** How often each participant is told in all, and up to the moment that is drawn. */
    private final Map<String, Integer> tellingsOf = new HashMap<>();

    private final Map<String, Integer> tellings = new HashMap<>();
    private final Map<String, Integer> folds = new LinkedHashMap<>();
    private final List<Row> rows = new ArrayList<>();
    /** To whom writes travel with the request for the vote. */
    private final Set<String> carried = new HashSet<>();

    private long previousNanos;

    private Drawing(Timeline.Seen seen, Instant now) {
        this.seen = seen;
        this.transaction = seen.transaction();
        this.began = now.minusNanos(seen.nowNanos());
        int shown = Math.min(transaction.participants().size(), LIFELINES_MAX);
        this.lifelines = new String[shown + 1];
        Arrays.fill(lifelines, "away");
        lifelines[COORDINATOR] = "active";
        for (Moment moment : seen.moments()) {
            if (moment instanceof Moment.Told told) {
                tellingsOf.put(told.resourceManager(), told.number());
            }
        }
        for (Participant p : transaction.participants()) {
            lifelineOf.put(p.resourceManager(), Math.min(lifelineOf.size() + 1, LIFELINES_MAX));
        }
    }

    static List<Row> rows(Timeline.Seen seen, Instant now) {
        return new Drawing(seen, now).draw();
    }

    private List<Row> draw() {
        begun();
        for (int i = 0; i < seen.moments().size(); i++) {
            Moment moment = seen.moments().get(i);
            if (isFolded(moment)) {
                continue;
            }
            unfold(moment);
            switch (moment) {
                case Moment.Applied applied -> applied(applied, i);
                case Moment.Told told -> told(told);
                case Moment.Planned planned -> planned(planned, i);
                case Moment.LeftOut leftOut -> leftOut(leftOut);
            }
        }
        return rows;
    }

    // Tries without end: the first and the latest are drawn, those in between are counted

    private boolean isFolded(Moment moment) {
        String name = switch (moment) {
            case Moment.Told told -> told.resourceManager();
            case Moment.Planned planned -> planned.resourceManager();
            case Moment.Applied applied when applied.before() == applied.after() -> unanswered(applied);
            case Moment.Applied _, Moment.LeftOut _ -> null;
        };
        if (name == null) {
            return false;
        }
        if (moment instanceof Moment.Told told) {
            tellings.put(name, told.number());
        }
        int number = tellings.getOrDefault(name, 0);
        boolean folded = number > TRIES_DRAWN_MAX && number <= tellingsOf.getOrDefault(name, 0) - TRIES_DRAWN_MAX;
        if (folded && moment instanceof Moment.Told) {
            folds.merge(name, 1, Integer::sum);
        }
        return folded;
    }

    private void unfold(Moment moment) {
        for (Map.Entry<String, Integer> fold : folds.entrySet()) {
            row(
                    moment.nanos(),
                    Tone.WARN,
                    false,
                    "%s to %s went without an answer"
                            .formatted(Texts.count(fold.getValue(), "more try", "more tries"), fold.getKey()),
                    null);
        }
        folds.clear();
    }

    private void leftOut(Moment.LeftOut m) {
        row(
                m.nanos(),
                Tone.PLAIN,
                false,
                m.writes() ? "More writes were not kept" : "What came in between was not kept",
                Texts.count(m.number(), "moment", "moments"));
    }

    private void begun() {
        switch (seen.begun().state()) {
            case ACTIVE ->
                row(
                        0,
                        Tone.BUSY,
                        true,
                        "Begun by a client",
                        "It may stay active for %s."
                                .formatted(Texts.coarse(
                                        Duration.between(transaction.startedAt(), transaction.expiresAt()))));
            case MARKED_ROLLBACK,
                    PREPARING,
                    DECIDING,
                    DELEGATING,
                    DELEGATED,
                    RESOLVING,
                    COMMITTING,
                    COMMITTED,
                    ROLLING_BACK,
                    ROLLED_BACK,
                    HEURISTIC -> {
                seen.begun().participants().forEach(p -> lifeline(p.resourceManager(), takenUp(p)));
                if (seen.begun().state() == TransactionState.COMMITTING) {
                    lifelines[COORDINATOR] = "committed";
                }
                row(0, Tone.WARN, true, "Taken up from the log after a restart", "What came before it is not kept.");
            }
        }
    }

    private static String takenUp(Participant p) {
        return p.isReadOnly()
                ? "away"
                : switch (p.state()) {
                    case COMMITTED -> "committed";
                    case ROLLED_BACK -> "rolled-back";
                    case HEURISTIC -> "broken";
                    case ACTIVE, MARKED_ROLLBACK, PREPARING, PREPARED, COMMITTING, ROLLING_BACK -> "doubt";
                };
    }

    private void applied(Moment.Applied m, int index) {
        switch (m.event()) {
            case CoordinatorEvent.WriteRequested e -> writeRequested(m, e);
            case CoordinatorEvent.WriteNotSent e ->
                row(m.nanos(), Tone.BACK, true, "A write could not be sent: it can only roll back now", e.reason());
            case CoordinatorEvent.WriteStaged e when carried.contains(e.resourceManager()) -> votesAsked(m);
            case CoordinatorEvent.WriteStaged e -> {
                lifeline(e.resourceManager(), "active");
                row(
                        m.nanos(),
                        Tone.PLAIN,
                        false,
                        e.resourceManager() + " staged the write",
                        null,
                        from(e.resourceManager(), Tone.PLAIN));
                votesAsked(m);
            }
            case CoordinatorEvent.WriteFailed e ->
                row(
                        m.nanos(),
                        Tone.BACK,
                        m.before() != m.after(),
                        "A write failed: it can only roll back now",
                        e.reason(),
                        e.noAnswer() ? lost(e.resourceManager()) : from(e.resourceManager(), Tone.BACK));
            case CoordinatorEvent.PrepareRequested _ -> {
                row(m.nanos(), Tone.BUSY, true, "The client asked to prepare", null);
                votesAsked(m);
                if (m.after() == TransactionState.DECIDING) {
                    row(m.nanos(), Tone.BUSY, true, "Nothing to vote on: the decision to commit goes to the log", null);
                }
                if (m.after() == TransactionState.DELEGATING) {
                    row(
                            m.nanos(),
                            Tone.BUSY,
                            true,
                            "There is one participant: that it shall decide goes to the log",
                            null);
                }
            }
            case CoordinatorEvent.RollbackRequested e ->
                row(
                        m.nanos(),
                        Tone.BACK,
                        true,
                        e.cause() == Cause.OPERATOR ? "An operator rolled it back" : "The client asked to roll back",
                        e.reason());
            case CoordinatorEvent.Expired _ ->
                row(m.nanos(), Tone.BACK, true, "Expired before it was prepared: rolls back", null);
            case CoordinatorEvent.ShutDown _ ->
                row(m.nanos(), Tone.BACK, true, "The coordinator is shut down: rolls back", null);
            case CoordinatorEvent.VoteArrived e -> voteArrived(m, e);
            case CoordinatorEvent.VotesOverdue _ -> votesOverdue(m);
            case CoordinatorEvent.RecordRefused _ -> {} // nothing but the decision
            case CoordinatorEvent.Recorded e -> {
                lifelines[COORDINATOR] = m.after() == TransactionState.DELEGATED ? "active" : "committed";
                row(
                        m.nanos(),
                        Tone.GOOD,
                        true,
                        m.after() == TransactionState.DELEGATED
                                ? "It is durable that the participant decides"
                                : "The decision to commit is durable",
                        "Recorded as of %s."
                                .formatted(Texts.moment(Objects.requireNonNullElse(
                                        e.record().decidedAt(), began.plusNanos(m.nanos())))));
            }
            case CoordinatorEvent.Recovered _ ->
                row(m.nanos(), Tone.WARN, false, "Goes on telling those that have not acknowledged", null);
            case CoordinatorEvent.OnePhaseCommitted e ->
                answered(m, e.resourceManager(), Tone.GOOD, "committed in one phase", null);
            case CoordinatorEvent.OnePhaseRefused e ->
                answered(
                        m,
                        e.resourceManager(),
                        Tone.BACK,
                        "did not commit",
                        e.ballot().reason());
            case CoordinatorEvent.Acknowledged e -> {
                boolean commit = transaction.decision() == Outcome.COMMIT;
                answered(
                        m,
                        e.resourceManager(),
                        commit ? Tone.GOOD : Tone.BACK,
                        commit ? "acknowledged the commit" : "acknowledged the rollback",
                        null);
            }
            case CoordinatorEvent.Unanswered e ->
                row(
                        m.nanos(),
                        Tone.WARN,
                        false,
                        "No acknowledgement from " + e.resourceManager(),
                        whyAndNext(m, e, index),
                        lost(e.resourceManager()));
            case CoordinatorEvent.Lost e -> {
                // It had voted for commit, or may have committed; otherwise nothing is to be left of it.
                boolean damage = m.before() == TransactionState.COMMITTING || m.before() == TransactionState.RESOLVING;
                answered(
                        m,
                        e.resourceManager(),
                        damage ? Tone.BAD : Tone.BACK,
                        damage ? "knows nothing of it any more" : "has nothing of it any more",
                        e.reason());
            }
            case CoordinatorEvent.Contradicted e -> {
                // Only it knew the outcome, so there is nothing to contradict.
                boolean decides = m.before().isLeftToParticipant();
                answered(
                        m,
                        e.resourceManager(),
                        decides ? Tone.GOOD : Tone.BAD,
                        decides ? "says that it had committed" : "had already done the opposite",
                        e.reason());
            }
            case CoordinatorEvent.Resolved e ->
                row(
                        m.nanos(),
                        Tone.GOOD,
                        true,
                        "Marked as resolved by " + e.resolution().by(),
                        e.resolution().reason());
        }
        if (m.before() != m.after()) {
            decidedToRollBack(m);
            ended(m);
        }
    }

    private void writeRequested(Moment.Applied m, CoordinatorEvent.WriteRequested e) {
        switch (m.step().write()) {
            case WriteResult.Accepted(int sequence)
            when e.carried() -> {
                carried.add(e.resourceManager());
                row(
                        m.nanos(),
                        Tone.PLAIN,
                        false,
                        "Write %d to %s waits for the request for its vote".formatted(sequence, e.resourceManager()),
                        null);
            }
            case WriteResult.Accepted(int sequence) -> {
                lifeline(e.resourceManager(), "active");
                row(
                        m.nanos(),
                        Tone.PLAIN,
                        false,
                        "Write %d sent to %s".formatted(sequence, e.resourceManager()),
                        null,
                        to(e.resourceManager(), Tone.PLAIN));
            }
            case WriteResult.Refused(WriteResult.Reason reason) ->
                row(
                        m.nanos(),
                        Tone.BACK,
                        m.before() != m.after(),
                        "A write to %s was refused".formatted(e.resourceManager()),
                        Chip.words(reason.name()));
            case null -> {}
        }
    }

    private void votesAsked(Moment.Applied m) {
        List<String> asked = m.step().effects().stream()
                .filter(CoordinatorEffect.RequestVote.class::isInstance)
                .map(effect -> ((CoordinatorEffect.RequestVote) effect).resourceManager())
                .toList();
        if (asked.isEmpty()) {
            return;
        }
        row(
                m.nanos(),
                Tone.BUSY,
                false,
                asked.size() == 1
                        ? asked.getFirst() + " is asked for its vote"
                        : Texts.count(asked.size()) + " participants are asked for their votes, side by side",
                asked.stream().anyMatch(carried::contains) ? "Their writes travel along." : null,
                asked.stream().flatMap(name -> to(name, Tone.BUSY).stream()).toList());
    }

    private void voteArrived(Moment.Applied m, CoordinatorEvent.VoteArrived e) {
        String name = e.resourceManager();
        Ballot ballot = counted(e);
        switch (ballot.vote()) {
            case COMMIT -> {
                if (m.before() == TransactionState.PREPARING) { // later it is told the outcome already
                    lifeline(name, "doubt");
                }
            }
            case READ_ONLY -> lifeline(name, "away");
            case ABORT -> {}
        }
        if (isCastForIt(ballot)) {
            castForIt(m, name, ballot);
        } else {
            Tone tone = ballot.vote() == Vote.ABORT ? Tone.BACK : Tone.GOOD;
            row(
                    m.nanos(),
                    tone,
                    false,
                    ballot.equals(e.ballot())
                            ? "%s voted %s".formatted(name, ballot.vote().name().replace('_', ' '))
                            : "The vote of %s counts as %s".formatted(name, ballot.vote()),
                    ballot.reason(),
                    from(name, tone));
        }
        if (m.after() == TransactionState.DECIDING) {
            row(m.nanos(), Tone.GOOD, true, "All voted for it: the decision to commit goes to the log", null);
        }
    }

    /** Until then nobody had voted against it, so whoever's vote was cast for it is one of those that were overdue. */
    private void votesOverdue(Moment.Applied m) {
        for (Participant p : transaction.participants()) {
            if (p.ballot() != null && isCastForIt(p.ballot())) {
                castForIt(m, p.resourceManager(), p.ballot());
            }
        }
    }

    private static boolean isCastForIt(Ballot ballot) {
        return ballot.cause() != VoteCause.VOTED;
    }

    private void castForIt(Moment.Applied m, String name, Ballot ballot) {
        row(
                m.nanos(),
                Tone.BACK,
                false,
                "No vote from %s counts as ABORT (%s)"
                        .formatted(name, Chip.words(ballot.cause().name())),
                ballot.reason(),
                lost(name));
    }

    /** A participant votes once, so the ballot that it holds is what became of this one. */
    private Ballot counted(CoordinatorEvent.VoteArrived e) {
        Participant participant = transaction.participant(e.resourceManager());
        return participant == null || participant.ballot() == null ? e.ballot() : participant.ballot();
    }

    private void decidedToRollBack(Moment.Applied m) {
        boolean rollsBack = m.after() == TransactionState.ROLLING_BACK || m.after() == TransactionState.ROLLED_BACK;
        boolean wasDecided =
                m.before() == TransactionState.ROLLING_BACK || m.before().isLeftToParticipant();
        if (!rollsBack || wasDecided) {
            return;
        }
        lifelines[COORDINATOR] = "rolled-back";
        switch (m.event()) {
            case CoordinatorEvent.RollbackRequested _,
                    CoordinatorEvent.Expired _,
                    CoordinatorEvent.ShutDown _ -> {} // they are the decision, and say so
            case CoordinatorEvent.VotesOverdue _ -> decidedToRollBack(m, "The time for votes was over.");
            case CoordinatorEvent.RecordRefused e -> decidedToRollBack(m, e.reason());
            default -> decidedToRollBack(m, transaction.reason());
        }
    }

    private void decidedToRollBack(Moment.Applied m, @Nullable String why) {
        row(m.nanos(), Tone.BACK, true, "Decided: roll back", why);
    }

    /** What a participant says of the outcome. */
    private void answered(Moment.Applied m, String name, Tone tone, String what, @Nullable String detail) {
        lifeline(name, tone == Tone.GOOD ? "committed" : tone == Tone.BACK ? "rolled-back" : "broken");
        row(m.nanos(), tone, false, name + " " + what, detail, from(name, tone));
    }

    private void ended(Moment.Applied m) {
        String took = "%s after %s."
                .formatted(
                        Texts.duration(Duration.ofNanos(m.nanos())),
                        seen.begun().state() == TransactionState.ACTIVE ? "it began" : "the restart");
        switch (m.after()) {
            case COMMITTED -> {
                lifelines[COORDINATOR] = "committed";
                row(m.nanos(), Tone.GOOD, true, "Committed", took);
            }
            case ROLLED_BACK -> {
                lifelines[COORDINATOR] = "rolled-back";
                row(m.nanos(), Tone.BACK, true, "Rolled back", took);
            }
            case HEURISTIC -> {
                lifelines[COORDINATOR] = "broken";
                row(m.nanos(), Tone.BAD, true, "Ended as a heuristic outcome: somebody must look", took);
            }
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> {}
            case COMMITTING, ROLLING_BACK -> {}
        }
    }

    private void told(Moment.Told m) {
        boolean commit = m.outcome() == Outcome.COMMIT;
        row(
                m.nanos(),
                m.number() > 1 ? Tone.WARN : Tone.PLAIN,
                false,
                "%s sent to %s%s"
                        .formatted(
                                commit ? "Commit" : "Rollback",
                                m.resourceManager(),
                                m.number() > 1 ? ", try %d".formatted(m.number()) : ""),
                null,
                to(m.resourceManager(), commit ? Tone.GOOD : Tone.BACK));
    }

    /** The next try is said with the answer that did not come. */
    private String whyAndNext(Moment.Applied m, CoordinatorEvent.Unanswered e, int index) {
        Moment.Planned next = planned(e.resourceManager(), index);
        return next != null
                ? e.reason() + "; " + words(next)
                : m.step().effects().isEmpty() ? e.reason() + "; it is left to ask by itself" : e.reason();
    }

    private Moment.@Nullable Planned planned(String name, int after) {
        for (Moment moment : seen.moments().subList(after + 1, seen.moments().size())) {
            switch (moment) {
                case Moment.Planned planned
                when planned.resourceManager().equals(name) -> {
                    return planned;
                }
                case Moment.Told told
                when told.resourceManager().equals(name) -> {
                    return null;
                }
                case Moment.Planned _, Moment.Told _, Moment.Applied _, Moment.LeftOut _ -> {}
            }
        }
        return null;
    }

    /** After a restart, a try may be planned without one before it. */
    private void planned(Moment.Planned m, int index) {
        for (int i = index - 1; i >= 0; i--) {
            switch (seen.moments().get(i)) {
                case Moment.Applied applied
                when m.resourceManager().equals(unanswered(applied)) -> {
                    return;
                }
                case Moment.Told told
                when told.resourceManager().equals(m.resourceManager()) -> {
                    return;
                }
                case Moment.Planned _, Moment.Told _, Moment.Applied _, Moment.LeftOut _ -> {}
            }
        }
        row(m.nanos(), Tone.WARN, false, m.resourceManager() + " is to be told", words(m));
    }

    private static @Nullable String unanswered(Moment.Applied m) {
        return m.event() instanceof CoordinatorEvent.Unanswered e ? e.resourceManager() : null;
    }

    private static String words(Moment.Planned m) {
        return m.pause() == null
                ? "the next try waits until it is registered again"
                : "the next try is in " + Texts.duration(m.pause());
    }

    // Lines

    private void row(long nanos, Tone tone, boolean milestone, String text, @Nullable String detail) {
        row(nanos, tone, milestone, text, detail, List.of());
    }

    private void row(
            long nanos, Tone tone, boolean milestone, String text, @Nullable String detail, List<Arrow> arrows) {
        Duration since = Duration.ofNanos(nanos - previousNanos);
        previousNanos = nanos;
        rows.add(new Row(
                Texts.moment(began.plusNanos(nanos)),
                nanos == 0 ? "0" : "+" + Texts.duration(Duration.ofNanos(nanos)),
                since.compareTo(GAP) >= 0 ? Texts.duration(since) + " later" : null,
                tone,
                milestone,
                text,
                detail,
                List.of(lifelines),
                arrows,
                lifelines.length * LIFELINE_WIDTH));
    }

    private void lifeline(String name, String css) {
        Integer index = lifelineOf.get(name);
        if (index != null) {
            lookOf.put(name, css);
            lifelines[index] = index < LIFELINES_MAX ? css : worstOfLast();
        }
    }

    private String worstOfLast() {
        Set<String> looks = new HashSet<>();
        lookOf.forEach((name, css) -> {
            if (lifelineOf.getOrDefault(name, 0) == LIFELINES_MAX) {
                looks.add(css);
            }
        });
        return WORST_FIRST.stream().filter(looks::contains).findFirst().orElse("away");
    }

    private static int place(int lifeline) {
        return LIFELINE_WIDTH * lifeline + LIFELINE_WIDTH / 2;
    }

    private List<Arrow> to(String name, Tone tone) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow(place(COORDINATOR), place(index), tone, false));
    }

    private List<Arrow> from(String name, Tone tone) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow(place(index), place(COORDINATOR), tone, false));
    }

    private List<Arrow> lost(String name) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow(place(index), place(COORDINATOR), Tone.WARN, true));
    }

    private static Arrow arrow(int from, int to, Tone tone, boolean lost) {
        int direction = from < to ? 1 : -1;
        int end = to - direction * ARROW_GAP;
        return new Arrow(
                from + direction * ARROW_GAP, end, "M%d 12l%d -4v8z".formatted(end, direction * -7), tone, lost);
    }

    // Phases

    /** How long each phase took, as far as it has come. */
    static List<Phase> phases(Timeline.Seen seen) {
        Map<String, Long> nanos = new LinkedHashMap<>();
        String phase = phase(seen.begun().state());
        long since = 0;
        for (Moment moment : seen.moments()) {
            if (moment instanceof Moment.Applied m && m.before() != m.after()) {
                if (phase != null) {
                    nanos.merge(phase, m.nanos() - since, Long::sum);
                }
                phase = phase(m.after());
                since = m.nanos();
            }
        }
        if (phase != null) {
            nanos.merge(phase, seen.nowNanos() - since, Long::sum);
        }
        long whole =
                Math.max(1, nanos.values().stream().mapToLong(Long::longValue).sum());
        List<Phase> phases = new ArrayList<>();
        int from = 0;
        for (Map.Entry<String, Long> one : nanos.entrySet()) {
            int width = (int) (PHASE_MIN + one.getValue() * (1000 - PHASE_MIN * nanos.size()) / whole);
            phases.add(new Phase(
                    one.getKey(),
                    Texts.duration(Duration.ofNanos(one.getValue())),
                    one.getKey().replace(' ', '-'),
                    from,
                    width));
            from += width;
        }
        return phases;
    }

    private static @Nullable String phase(TransactionState state) {
        return switch (state) {
            case ACTIVE, MARKED_ROLLBACK -> "active";
            case PREPARING -> "voting";
            case DECIDING, DELEGATING -> "recording";
            case DELEGATED, RESOLVING, COMMITTING, ROLLING_BACK -> "delivering";
            case COMMITTED, ROLLED_BACK, HEURISTIC -> null;
        };
    }
}

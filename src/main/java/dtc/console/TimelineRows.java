package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.WriteResult;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Describes the moments of a {@link Timeline} as the rows of a {@link Drawing}. */
final class TimelineRows {

    private final Timeline.Seen seen;
    private final Transaction transaction;
    private final Instant began;
    private final Drawing drawing;
    private final Retries retries;
    /** The participants whose writes are sent with the request for their vote. */
    private final Set<String> carried = new HashSet<>();

    private TimelineRows(Timeline.Seen seen, Instant now) {
        this.seen = seen;
        this.transaction = seen.transaction();
        this.began = now.minusNanos(seen.nowNanos());
        this.drawing = new Drawing(
                began,
                transaction.participants().stream()
                        .map(Participant::resourceManager)
                        .toList());
        this.retries = new Retries(seen.moments());
    }

    static List<Drawing.Row> of(Timeline.Seen seen, Instant now) {
        TimelineRows rows = new TimelineRows(seen, now);
        rows.draw();
        return rows.drawing.rows();
    }

    private void draw() {
        begun();
        for (int i = 0; i < seen.moments().size(); i++) {
            Moment moment = seen.moments().get(i);
            if (retries.isFolded(moment)) {
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
    }

    private void unfold(Moment m) {
        for (Map.Entry<String, Integer> folded : retries.takeFolded().entrySet()) {
            row(
                    m,
                    Tone.WARN,
                    "%s to %s went without an answer"
                            .formatted(Texts.count(folded.getValue(), "more try", "more tries"), folded.getKey()),
                    null);
        }
    }

    private void leftOut(Moment.LeftOut m) {
        row(
                m,
                Tone.PLAIN,
                m.writes() ? "More writes were not kept" : "What came in between was not kept",
                Texts.count(m.number(), "moment", "moments"));
    }

    private void begun() {
        if (seen.begun().state() == TransactionState.ACTIVE) {
            Duration timeout = Duration.between(transaction.startedAt(), transaction.expiresAt());
            String detail = "It may stay active for %s.".formatted(Texts.coarse(timeout));
            drawing.row(0, Tone.BUSY, true, "Begun by a client", detail, List.of());
            return;
        }
        seen.begun().participants().forEach(p -> drawing.participant(p.resourceManager(), lookAfterRestart(p)));
        if (seen.begun().state() == TransactionState.COMMITTING) {
            drawing.coordinator("committed");
        }
        String text = "Taken up from the log after a restart";
        drawing.row(0, Tone.WARN, true, text, "What came before it is not kept.", List.of());
    }

    private static String lookAfterRestart(Participant p) {
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
            case CoordinatorEvent.EnlistRequested e -> enlistRequested(m, e);
            case CoordinatorEvent.RollbackOnlyRequested e ->
                milestone(m, Tone.BACK, "It must not commit: it can only roll back now", e.reason());
            case CoordinatorEvent.WriteNotSent e ->
                milestone(m, Tone.BACK, "A write could not be sent: it can only roll back now", e.reason());
            case CoordinatorEvent.WriteStaged e when carried.contains(e.resourceManager()) -> votesAsked(m);
            case CoordinatorEvent.WriteStaged e -> {
                drawing.participant(e.resourceManager(), "active");
                row(
                        m,
                        Tone.PLAIN,
                        e.resourceManager() + " staged the write",
                        null,
                        drawing.from(e.resourceManager(), Tone.PLAIN));
                votesAsked(m);
            }
            case CoordinatorEvent.WriteFailed e ->
                drawing.row(
                        m.nanos(),
                        Tone.BACK,
                        m.before() != m.after(),
                        "A write failed: it can only roll back now",
                        e.reason(),
                        e.noAnswer()
                                ? drawing.lost(e.resourceManager())
                                : drawing.from(e.resourceManager(), Tone.BACK));
            case CoordinatorEvent.PrepareRequested _ -> {
                milestone(m, Tone.BUSY, "The client asked to prepare", null);
                votesAsked(m);
                if (m.after() == TransactionState.DECIDING) {
                    milestone(m, Tone.BUSY, "Nothing to vote on: the decision to commit goes to the log", null);
                }
                if (m.after() == TransactionState.DELEGATING) {
                    milestone(m, Tone.BUSY, "There is one participant: that it shall decide goes to the log", null);
                }
            }
            case CoordinatorEvent.RollbackRequested e ->
                milestone(
                        m,
                        Tone.BACK,
                        e.cause() == Cause.OPERATOR ? "An operator rolled it back" : "The client asked to roll back",
                        e.reason());
            case CoordinatorEvent.Expired _ ->
                milestone(m, Tone.BACK, "Expired before it was prepared: rolls back", null);
            case CoordinatorEvent.ShutdownStarted _ ->
                milestone(m, Tone.BACK, "The coordinator is shut down: rolls back", null);
            case CoordinatorEvent.VoteArrived e -> voteArrived(m, e);
            case CoordinatorEvent.VotesOverdue _ -> votesOverdue(m);
            case CoordinatorEvent.RecordRefused _ -> {} // shown as the decision to roll back
            case CoordinatorEvent.RecordRetryDue _ -> {}
            case CoordinatorEvent.Recorded e -> {
                drawing.coordinator(m.after() == TransactionState.DELEGATED ? "active" : "committed");
                milestone(
                        m,
                        Tone.GOOD,
                        m.after() == TransactionState.DELEGATED
                                ? "It is durable that the participant decides"
                                : "The decision to commit is durable",
                        "Recorded as of %s."
                                .formatted(Texts.moment(Objects.requireNonNullElse(
                                        e.record().decidedAt(), began.plusNanos(m.nanos())))));
            }
            case CoordinatorEvent.Recovered _ ->
                row(m, Tone.WARN, "Goes on telling those that have not acknowledged", null);
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
                        m,
                        Tone.WARN,
                        "No acknowledgement from " + e.resourceManager(),
                        whyAndNext(m, e, index),
                        drawing.lost(e.resourceManager()));
            case CoordinatorEvent.Lost e -> {
                // It had voted to commit, or may have committed. Otherwise it is to keep nothing of the transaction.
                boolean damage = m.before() == TransactionState.COMMITTING || m.before() == TransactionState.RESOLVING;
                answered(
                        m,
                        e.resourceManager(),
                        damage ? Tone.BAD : Tone.BACK,
                        damage ? "knows nothing of it any more" : "has nothing of it any more",
                        e.reason());
            }
            case CoordinatorEvent.Contradicted e -> {
                // If it decides, there is no other decision to contradict.
                boolean decides = m.before().isDelegated();
                answered(
                        m,
                        e.resourceManager(),
                        decides ? Tone.GOOD : Tone.BAD,
                        decides ? "says that it had committed" : "had already done the opposite",
                        e.reason());
            }
            case CoordinatorEvent.GiveUpRequested(String rm, Resolution r) ->
                milestone(m, Tone.BAD, "Delivery to %s given up by %s".formatted(rm, r.by()), r.reason());
            case CoordinatorEvent.DiscardRequested(String rm) ->
                milestone(m, Tone.BAD, "The commit for %s was discarded".formatted(rm), null);
            case CoordinatorEvent.ParticipantReturned _ -> {} // shown as the delivery
            case CoordinatorEvent.Resolved(Resolution r) ->
                milestone(m, Tone.GOOD, "Marked as resolved by " + r.by(), r.reason());
        }
        if (m.before() != m.after()) {
            decidedToRollBack(m);
            ended(m);
        }
    }

    private void writeRequested(Moment.Applied m, CoordinatorEvent.WriteRequested e) {
        switch (m.write()) {
            case WriteResult.Accepted(int sequence)
            when e.sentWithPrepare() -> {
                carried.add(e.resourceManager());
                row(
                        m,
                        Tone.PLAIN,
                        "Write " + sequence + " to " + e.resourceManager() + " waits for the request for its vote",
                        null);
            }
            case WriteResult.Accepted(int sequence) -> {
                drawing.participant(e.resourceManager(), "active");
                row(
                        m,
                        Tone.PLAIN,
                        "Write " + sequence + " sent to " + e.resourceManager(),
                        null,
                        drawing.to(e.resourceManager(), Tone.PLAIN));
            }
            case WriteResult.Refused(WriteResult.Reason reason) ->
                drawing.row(
                        m.nanos(),
                        Tone.BACK,
                        m.before() != m.after(),
                        "A write to %s was refused".formatted(e.resourceManager()),
                        Chip.words(reason.name()),
                        List.of());
            case null -> {}
        }
    }

    private void enlistRequested(Moment.Applied m, CoordinatorEvent.EnlistRequested e) {
        boolean accepted = m.write() instanceof WriteResult.Accepted;
        if (accepted) {
            drawing.participant(e.resourceManager(), "active");
        }
        drawing.row(
                m.nanos(),
                accepted ? Tone.PLAIN : Tone.BACK,
                m.before() != m.after(),
                e.resourceManager() + (accepted ? " enlisted itself" : " was not enlisted"),
                null,
                List.of());
    }

    private void votesAsked(Moment.Applied m) {
        List<String> asked = m.asked();
        if (asked.isEmpty()) {
            return;
        }
        row(
                m,
                Tone.BUSY,
                asked.size() == 1
                        ? asked.getFirst() + " is asked for its vote"
                        : Texts.count(asked.size()) + " participants are asked for their votes, side by side",
                asked.stream().anyMatch(carried::contains) ? "Their writes travel along." : null,
                asked.stream()
                        .flatMap(name -> drawing.to(name, Tone.BUSY).stream())
                        .toList());
    }

    private void voteArrived(Moment.Applied m, CoordinatorEvent.VoteArrived e) {
        String name = e.resourceManager();
        Ballot ballot = counted(e);
        switch (ballot.vote()) {
            case COMMIT -> {
                if (m.before() == TransactionState.PREPARING) { // later the outcome is already being sent
                    drawing.participant(name, "doubt");
                }
            }
            case READ_ONLY -> drawing.participant(name, "away");
            case ABORT -> {}
        }
        if (isCastByCoordinator(ballot)) {
            castByCoordinator(m, name, ballot);
        } else {
            Tone tone = ballot.vote() == Vote.ABORT ? Tone.BACK : Tone.GOOD;
            row(
                    m,
                    tone,
                    ballot.equals(e.ballot())
                            ? "%s voted %s".formatted(name, ballot.vote().name().replace('_', ' '))
                            : "The vote of %s counts as %s".formatted(name, ballot.vote()),
                    ballot.reason(),
                    drawing.from(name, tone));
        }
        if (m.after() == TransactionState.DECIDING) {
            milestone(m, Tone.GOOD, "All voted for it: the decision to commit goes to the log", null);
        }
    }

    /** Nobody had voted to abort before, so every vote that the coordinator cast is one that was overdue. */
    private void votesOverdue(Moment.Applied m) {
        for (Participant p : transaction.participants()) {
            if (p.ballot() != null && isCastByCoordinator(p.ballot())) {
                castByCoordinator(m, p.resourceManager(), p.ballot());
            }
        }
    }

    private static boolean isCastByCoordinator(Ballot ballot) {
        return ballot.cause() != VoteCause.VOTED;
    }

    private void castByCoordinator(Moment.Applied m, String name, Ballot ballot) {
        row(
                m,
                Tone.BACK,
                "No vote from %s counts as ABORT (%s)"
                        .formatted(name, Chip.words(ballot.cause().name())),
                ballot.reason(),
                drawing.lost(name));
    }

    /** The ballot as it was counted. A participant votes once, so it is the one that the participant holds. */
    private Ballot counted(CoordinatorEvent.VoteArrived e) {
        Participant participant = transaction.participant(e.resourceManager());
        return participant == null || participant.ballot() == null ? e.ballot() : participant.ballot();
    }

    private void decidedToRollBack(Moment.Applied m) {
        boolean rollsBack = m.after() == TransactionState.ROLLING_BACK || m.after() == TransactionState.ROLLED_BACK;
        boolean wasDecided =
                m.before() == TransactionState.ROLLING_BACK || m.before().isDelegated();
        if (!rollsBack || wasDecided) {
            return;
        }
        drawing.coordinator("rolled-back");
        switch (m.event()) {
            case CoordinatorEvent.RollbackRequested _,
                    CoordinatorEvent.RollbackOnlyRequested _,
                    CoordinatorEvent.Expired _,
                    CoordinatorEvent.ShutdownStarted _ -> {} // these rows are the decision
            case CoordinatorEvent.VotesOverdue _ -> decidedToRollBack(m, "The time for votes was over.");
            case CoordinatorEvent.RecordRefused e -> decidedToRollBack(m, e.reason());
            default -> decidedToRollBack(m, transaction.reason());
        }
    }

    private void decidedToRollBack(Moment.Applied m, @Nullable String why) {
        milestone(m, Tone.BACK, "Decided: roll back", why);
    }

    /** A participant's reply to the outcome. */
    private void answered(Moment.Applied m, String name, Tone tone, String what, @Nullable String detail) {
        drawing.participant(name, tone == Tone.GOOD ? "committed" : tone == Tone.BACK ? "rolled-back" : "broken");
        row(m, tone, name + " " + what, detail, drawing.from(name, tone));
    }

    private void ended(Moment.Applied m) {
        String took = "%s after %s."
                .formatted(
                        Texts.duration(Duration.ofNanos(m.nanos())),
                        seen.begun().state() == TransactionState.ACTIVE ? "it began" : "the restart");
        switch (m.after()) {
            case COMMITTED -> {
                drawing.coordinator("committed");
                milestone(m, Tone.GOOD, "Committed", took);
            }
            case ROLLED_BACK -> {
                drawing.coordinator("rolled-back");
                milestone(m, Tone.BACK, "Rolled back", took);
            }
            case HEURISTIC -> {
                drawing.coordinator("broken");
                milestone(m, Tone.BAD, "Ended as a heuristic outcome: somebody must look", took);
            }
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> {}
            case COMMITTING, ROLLING_BACK -> {}
        }
    }

    private void told(Moment.Told m) {
        boolean commit = m.outcome() == Outcome.COMMIT;
        row(
                m,
                m.number() > 1 ? Tone.WARN : Tone.PLAIN,
                "%s sent to %s%s"
                        .formatted(
                                commit ? "Commit" : "Rollback",
                                m.resourceManager(),
                                m.number() > 1 ? ", try " + m.number() : ""),
                null,
                drawing.to(m.resourceManager(), commit ? Tone.GOOD : Tone.BACK));
    }

    /** Why there was no acknowledgement, and when the outcome is sent again. */
    private String whyAndNext(Moment.Applied m, CoordinatorEvent.Unanswered e, int index) {
        Moment.Planned next = retries.next(e.resourceManager(), index);
        return next != null
                ? e.reason() + "; " + when(next)
                : m.isLast() ? e.reason() + "; it is left to ask by itself" : e.reason();
    }

    /** A planned retry has a row of its own only after a restart, when no attempt precedes it. */
    private void planned(Moment.Planned m, int index) {
        if (!retries.isAfterAttempt(m, index)) {
            row(m, Tone.WARN, m.resourceManager() + " is to be told", when(m));
        }
    }

    private static String when(Moment.Planned m) {
        return m.pause() == null
                ? "the next try waits until it is registered again"
                : "the next try is in " + Texts.duration(m.pause());
    }

    /** A row for a change of the transaction's state. */
    private void milestone(Moment m, Tone tone, String text, @Nullable String detail) {
        drawing.row(m.nanos(), tone, true, text, detail, List.of());
    }

    private void row(Moment m, Tone tone, String text, @Nullable String detail) {
        row(m, tone, text, detail, List.of());
    }

    private void row(Moment m, Tone tone, String text, @Nullable String detail, List<Drawing.Arrow> arrows) {
        drawing.row(m.nanos(), tone, false, text, detail, arrows);
    }
}

package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Ballot;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.Answer;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One transaction: its timeline, what it waits for, and the possible actions. */
@Singleton
class TransactionView {

    private final Coordinator coordinator;
    private final Timelines timelines;
    private final Registry registry;
    private final Audit audit;
    private final Time time;

    /** A name and a value. */
    public record Fact(String name, String value) {}

    /** Something that the transaction waits for. */
    public record Awaited(
            String whom,
            String what,
            Timestamp since,
            @Nullable String next) {}

    /**
     * One participant.
     *
     * @param lease the reason if it has no live lease
     * @param writes the number of writes; null if it is unknown after a restart, because it is not in the log
     * @param vote its vote; in parentheses why there is none
     */
    public record ParticipantRow(
            int number,
            String id,
            String link,
            Chip chip,
            @Nullable Chip lease,
            @Nullable String vote,
            @Nullable Integer writes,
            @Nullable String reason) {}

    /**
     * A shell command, and a description.
     *
     * @param ours whether it calls the coordinator; a resource manager chooses its own URL, and must not get the token
     */
    public record Curl(String what, String url, boolean ours) {}

    /**
     * The page.
     *
     * @param steps what the operator has to do about a heuristic outcome; empty if there is nothing to do
     * @param rows the timeline; empty if it was not kept
     * @param drawnMax the number of lifelines drawn if there are more participants; otherwise 0
     */
    public record Model(
            String id,
            Chip chip,
            Timestamp startedAt,
            @Nullable Timestamp expiresAt,
            @Nullable Timestamp decidedAt,
            @Nullable Timestamp finishedAt,
            String took,
            List<Fact> facts,
            @Nullable String reason,
            @Nullable String resolvedBy,
            @Nullable String resolvedReason,
            @Nullable Timestamp resolvedAt,
            List<String> steps,
            List<Phase> phases,
            List<Awaited> awaited,
            List<SequenceDiagram.Row> rows,
            int drawnMax,
            List<ParticipantRow> participants,
            List<Curl> curls,
            List<Action> actions,
            List<Audit.Row> audit) {}

    TransactionView(Coordinator coordinator, Timelines timelines, Registry registry, Audit audit, Time time) {
        this.coordinator = coordinator;
        this.timelines = timelines;
        this.registry = registry;
        this.audit = audit;
        this.time = time;
    }

    /**
     * Returns null if there is no such transaction.
     *
     * @param base the address of this coordinator, as the viewer reaches it
     */
    @Nullable
    Model model(TransactionId id, String base) {
        if (!(coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t))) {
            return null;
        }
        Instant now = time.now();
        Timeline.Snapshot snapshot = timelines.snapshot(id);
        Instant since = timelines.inStateSince(id, now);
        Instant inState = since == null ? t.startedAt() : since;
        boolean mayExpire = t.state() == TransactionState.ACTIVE || t.state() == TransactionState.MARKED_ROLLBACK;
        return new Model(
                id.toString(),
                TransactionList.chip(t),
                Timestamp.of(t.startedAt(), now),
                mayExpire ? Timestamp.of(t.expiresAt(), now) : null,
                Timestamp.ofNullable(t.decidedAt(), now),
                Timestamp.ofNullable(t.finishedAt(), now),
                took(t, inState, now),
                facts(t),
                t.reason(),
                t.resolution() == null ? null : t.resolution().by(),
                t.resolution() == null ? null : t.resolution().reason(),
                t.resolution() == null ? null : Timestamp.of(t.resolution().at(), now),
                steps(t),
                snapshot == null ? List.of() : Phase.of(snapshot),
                awaited(t, snapshot, Timestamp.of(inState, now), now),
                snapshot == null ? List.of() : TimelineRows.of(snapshot, now),
                t.participants().size() > SequenceDiagram.LIFELINES_MAX ? SequenceDiagram.LIFELINES_MAX : 0,
                participants(t),
                curls(t, base),
                actions(t),
                audit.rows(Links.transaction(id)));
    }

    /** The time since the last change of the state, or the duration of the whole transaction. */
    private static String took(Transaction t, Instant inState, Instant now) {
        return t.finishedAt() == null
                ? "for " + Format.duration(Duration.between(inState, now))
                : "in " + Format.duration(Duration.between(t.startedAt(), t.finishedAt()));
    }

    private static List<Fact> facts(Transaction t) {
        List<Fact> facts = new ArrayList<>();
        String decision = switch (t.decision()) {
            case COMMIT -> "commit";
            case ROLLBACK -> "roll back";
            case PENDING -> "pending";
        };
        facts.add(new Fact(
                "Decision",
                t.cause() == null
                        ? decision
                        : "%s, cause: %s"
                                .formatted(decision, Format.constant(t.cause().name()))));
        if (t.origin().principal() != null) {
            facts.add(new Fact("Client", t.origin().principal()));
        }
        if (t.origin().request() != null) {
            facts.add(new Fact("Idempotency key", t.origin().request().key()));
        }
        return facts;
    }

    // What the transaction waits for

    private static List<Awaited> awaited(
            Transaction t, Timeline.@Nullable Snapshot snapshot, Timestamp since, Instant now) {
        return switch (t.state()) {
            case ACTIVE ->
                List.of(new Awaited(
                        "the client",
                        "Writes, prepare, commit or rollback.",
                        since,
                        "expires " + Format.ago(t.expiresAt(), now)));
            case MARKED_ROLLBACK ->
                List.of(new Awaited(
                        "the client",
                        "Rollback. A write failed, so the transaction cannot commit.",
                        since,
                        "expires " + Format.ago(t.expiresAt(), now)));
            case PREPARING ->
                t.participants().stream()
                        .filter(p -> p.ballot() == null)
                        .map(p -> new Awaited(p.resourceManager(), "Vote.", since, null))
                        .toList();
            case DECIDING, DELEGATING ->
                List.of(new Awaited("the decision log", "Confirmation that the decision is durable.", since, null));
            case DELEGATED, RESOLVING ->
                t.participants().stream()
                        .map(p -> new Awaited(
                                p.resourceManager(),
                                "Whether it committed. Only this participant knows.",
                                since,
                                next(p, snapshot)))
                        .toList();
            case COMMITTING, ROLLING_BACK, ROLLED_BACK, HEURISTIC -> undelivered(t, snapshot, now);
            case COMMITTED -> List.of();
        };
    }

    private static List<Awaited> undelivered(Transaction t, Timeline.@Nullable Snapshot snapshot, Instant now) {
        Timestamp since = Timestamp.of(t.decidedAt() == null ? t.startedAt() : t.decidedAt(), now);
        return t.participants().stream()
                .filter(ResourceManagers::isUndelivered)
                .map(p -> new Awaited(p.resourceManager(), acknowledgement(t, p), since, next(p, snapshot)))
                .toList();
    }

    private static String acknowledgement(Transaction t, Participant p) {
        if (t.state().isFinal()) {
            return "Acknowledgement of the rollback. The transaction has ended without it.";
        }
        return "Acknowledgement of the %s.".formatted(p.state() == State.COMMITTING ? "commit" : "rollback");
    }

    private static @Nullable String next(Participant p, Timeline.@Nullable Snapshot snapshot) {
        if (snapshot == null) {
            return null;
        }
        int deliveries = snapshot.deliveries().getOrDefault(p.resourceManager(), 0);
        Timeline.Next next = snapshot.next().get(p.resourceManager());
        if (next == null) {
            return deliveries <= 1 ? null : attempts(deliveries - 1) + ", retry in progress";
        }
        String attempts = attempts(deliveries);
        if (next.atNanos() == null) {
            return attempts + ", next retry when it is registered";
        }
        Duration left = Duration.ofNanos(next.atNanos() - snapshot.nowNanos());
        return attempts + (left.toMillis() < 100 ? ", next retry queued" : ", next retry in " + Format.duration(left));
    }

    private static String attempts(int unanswered) {
        return Format.count(unanswered, "attempt", "attempts") + " without an answer";
    }

    // The rest

    private List<ParticipantRow> participants(Transaction t) {
        List<ParticipantRow> rows = new ArrayList<>();
        for (Participant p : t.participants()) {
            rows.add(new ParticipantRow(
                    rows.size() + 1,
                    p.resourceManager(),
                    Links.resourceManager(p.resourceManager()),
                    Chip.of(p.state()),
                    t.state().isFinal() ? null : lease(registry.find(p.resourceManager())),
                    p.ballot() == null ? null : vote(p.ballot()),
                    p.writes() == 0 ? null : p.writes(), // every participant has at least one write
                    p.reason()));
        }
        return rows;
    }

    /** The coordinator counts a missing vote as ABORT, but the participant did not vote. */
    private static String vote(Ballot ballot) {
        return ballot.cause() == VoteCause.VOTED
                ? ballot.vote().name().replace('_', ' ')
                : "none (%s)".formatted(Format.constant(ballot.cause().name()));
    }

    /** What an operator has to do about a heuristic outcome, in order. */
    private static List<String> steps(Transaction t) {
        if (!t.isUnresolved()) {
            return List.of();
        }
        boolean commit = t.decision() == Outcome.COMMIT;
        List<String> steps = new ArrayList<>();
        for (Participant p : t.participants()) {
            String name = p.resourceManager();
            if (!TransactionList.diverged(p)) {
                continue;
            }
            if (t.participants().size() == 1 && !commit) {
                steps.add(
                        "Check at %s whether the writes of this transaction were applied: it was the only participant and decided alone. Tell the client the result."
                                .formatted(name));
            } else if (commit) {
                steps.add(
                        "Check at %s whether the writes of this transaction were applied. The decision was to commit. If they are missing, write them again in a new transaction."
                                .formatted(name));
            } else {
                steps.add(
                        "Check at %s whether the writes of this transaction were applied. The decision was to roll back. If they were applied, undo them in a new transaction."
                                .formatted(name));
            }
            if (p.givenUp() != null) {
                steps.add(
                        "The commit is still sent if %s registers again. If you have repaired its data, discard the commit: DELETE /transactions/%s/participants/%s/give-up."
                                .formatted(name, t.id(), name));
            } else {
                steps.add("Find the cause in the log of %s: %s.".formatted(name, p.reason()));
            }
        }
        List<String> others = t.participants().stream()
                .filter(p -> !TransactionList.diverged(p) && !p.isReadOnly())
                .map(Participant::resourceManager)
                .toList();
        if (!others.isEmpty()) {
            steps.add("Change nothing at %s: the decision was carried out there.".formatted(String.join(", ", others)));
        }
        steps.add("Choose “Mark as resolved”, and note what you did.");
        return steps;
    }

    private @Nullable Chip lease(@Nullable Registration registration) {
        if (registration == null) {
            return new Chip("not registered", Tone.WARN);
        }
        return registry.isLive(registration) ? null : new Chip("lapsed", Tone.WARN);
    }

    private List<Curl> curls(Transaction t, String base) {
        List<Curl> curls = new ArrayList<>();
        curls.add(new Curl("The transaction", "%s/transactions/%s".formatted(base, t.id()), true));
        curls.add(new Curl(
                "The outcome, as a participant in doubt receives it",
                "%s/transactions/%s/outcome".formatted(base, t.id()),
                true));
        for (Participant p : t.participants()) {
            Registration r = registry.find(p.resourceManager());
            if (r != null && curls.size() < 2 + SequenceDiagram.LIFELINES_MAX) {
                curls.add(new Curl(
                        "Transactions staged or in doubt at " + p.resourceManager(),
                        "%s/transactions".formatted(r.url()),
                        false));
            }
        }
        return curls;
    }

    /** The actions that have an effect now. */
    static List<Action> actions(Transaction t) {
        return switch (t.state()) {
            case ACTIVE, MARKED_ROLLBACK, PREPARING -> List.of(Action.ROLL_BACK);
            case DELEGATED, RESOLVING, COMMITTING, ROLLING_BACK -> List.of(Action.RETRY);
            case HEURISTIC -> t.resolution() == null ? List.of(Action.RESOLVE) : List.of();
            case DECIDING, DELEGATING, COMMITTED, ROLLED_BACK -> List.of();
        };
    }
}

package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
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

/** One transaction: what happened, what it waits for, and what an operator may do. */
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
            String whom, String what, When since, @Nullable String next) {}

    /**
     * One participant.
     *
     * @param lease the reason if it has no live lease
     * @param writes the number of writes; null if they precede a restart, because the log does not keep it
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
     * A shell command that shows the same, and a description.
     *
     * @param ours whether it calls the coordinator; an RM chooses its own address, and must not get the token
     */
    public record Curl(String what, String url, boolean ours) {}

    /**
     * The page.
     *
     * @param rows the timeline; empty if it was not kept
     * @param drawnMax the number of lifelines drawn if there are more participants; otherwise 0
     */
    public record Model(
            String id,
            Chip chip,
            When startedAt,
            @Nullable When expiresAt,
            @Nullable When decidedAt,
            @Nullable When finishedAt,
            String took,
            List<Fact> facts,
            @Nullable String reason,
            @Nullable String resolvedBy,
            @Nullable String resolvedReason,
            @Nullable When resolvedAt,
            List<Phase> phases,
            List<Awaited> awaited,
            List<Drawing.Row> rows,
            int drawnMax,
            List<ParticipantRow> participants,
            List<Curl> curls,
            List<Action> actions,
            List<AuditLog.Row> audit) {}

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
        Timeline.Seen seen = timelines.see(id);
        Instant since = timelines.inStateSince(id, now);
        Instant inState = since == null ? t.startedAt() : since;
        boolean mayExpire = t.state() == TransactionState.ACTIVE || t.state() == TransactionState.MARKED_ROLLBACK;
        return new Model(
                id.toString(),
                TransactionList.chip(t),
                When.of(t.startedAt(), now),
                mayExpire ? When.of(t.expiresAt(), now) : null,
                When.ofNullable(t.decidedAt(), now),
                When.ofNullable(t.finishedAt(), now),
                took(t, inState, now),
                facts(t),
                t.reason(),
                t.resolution() == null ? null : t.resolution().by(),
                t.resolution() == null ? null : t.resolution().reason(),
                t.resolution() == null ? null : When.of(t.resolution().at(), now),
                seen == null ? List.of() : Phase.of(seen),
                awaited(t, seen, When.of(inState, now), now),
                seen == null ? List.of() : TimelineRows.of(seen, now),
                t.participants().size() > Drawing.LIFELINES_MAX ? Drawing.LIFELINES_MAX : 0,
                participants(t),
                curls(t, base),
                actions(t),
                AuditLog.rows(audit.of(Links.transaction(id)), now));
    }

    /** How long it has been in its state, or how long it took to end. */
    private static String took(Transaction t, Instant inState, Instant now) {
        return t.finishedAt() == null
                ? "for " + Texts.duration(Duration.between(inState, now))
                : "in " + Texts.duration(Duration.between(t.startedAt(), t.finishedAt()));
    }

    private static List<Fact> facts(Transaction t) {
        List<Fact> facts = new ArrayList<>();
        String decision = switch (t.decision()) {
            case COMMIT -> "commit";
            case ROLLBACK -> "roll back";
            case PENDING -> "none yet";
        };
        facts.add(new Fact(
                "Decision",
                t.cause() == null
                        ? decision
                        : "%s, cause: %s"
                                .formatted(decision, Chip.words(t.cause().name()))));
        if (t.origin().principal() != null) {
            facts.add(new Fact("Begun by", t.origin().principal()));
        }
        if (t.origin().request() != null) {
            facts.add(new Fact("Idempotency key", t.origin().request().key()));
        }
        return facts;
    }

    // What it waits for

    private static List<Awaited> awaited(Transaction t, Timeline.@Nullable Seen seen, When since, Instant now) {
        return switch (t.state()) {
            case ACTIVE ->
                List.of(new Awaited(
                        "the client",
                        "It may write more, and has to ask for prepare, commit or rollback.",
                        since,
                        "rolls back by itself " + Texts.ago(t.expiresAt(), now)));
            case MARKED_ROLLBACK ->
                List.of(new Awaited(
                        "the client",
                        "A write failed, so it can only roll back.",
                        since,
                        "rolls back by itself " + Texts.ago(t.expiresAt(), now)));
            case PREPARING ->
                t.participants().stream()
                        .filter(p -> p.ballot() == null)
                        .map(p -> new Awaited(p.resourceManager(), "Its vote.", since, null))
                        .toList();
            case DECIDING, DELEGATING ->
                List.of(new Awaited("the decision log", "That the decision is durable.", since, null));
            case DELEGATED, RESOLVING ->
                t.participants().stream()
                        .map(p -> new Awaited(
                                p.resourceManager(), "Whether it committed: only it knows.", since, next(p, seen)))
                        .toList();
            case COMMITTING, ROLLING_BACK, ROLLED_BACK, HEURISTIC -> outcomesToBeTold(t, seen, now);
            case COMMITTED -> List.of();
        };
    }

    private static List<Awaited> outcomesToBeTold(Transaction t, Timeline.@Nullable Seen seen, Instant now) {
        When since = When.of(t.decidedAt() == null ? t.startedAt() : t.decidedAt(), now);
        return t.participants().stream()
                .filter(ResourceManagers::isToBeTold)
                .map(p -> new Awaited(p.resourceManager(), acknowledgement(t, p), since, next(p, seen)))
                .toList();
    }

    private static String acknowledgement(Transaction t, Participant p) {
        if (t.state().isFinal()) {
            return "Nothing that matters: it did not answer, and asks for the outcome by itself.";
        }
        return "Its acknowledgement of the %s.".formatted(p.state() == State.COMMITTING ? "commit" : "rollback");
    }

    private static @Nullable String next(Participant p, Timeline.@Nullable Seen seen) {
        if (seen == null) {
            return null;
        }
        int deliveries = seen.deliveries().getOrDefault(p.resourceManager(), 0);
        Timeline.Next next = seen.next().get(p.resourceManager());
        if (next == null) {
            return deliveries <= 1 ? null : tries(deliveries - 1) + ", the next is under way";
        }
        String tries = tries(deliveries);
        if (next.atNanos() == null) {
            return tries + ", the next when it is registered again";
        }
        Duration left = Duration.ofNanos(next.atNanos() - seen.nowNanos());
        return tries + ", the next "
                + (left.toMillis() < 100 ? "as soon as it is its turn" : "in " + Texts.duration(left));
    }

    private static String tries(int unanswered) {
        return Texts.count(unanswered, "try", "tries") + " without an answer";
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
                    p.ballot() == null ? null : p.ballot().vote().name().replace('_', ' '),
                    p.writes() == 0 ? null : p.writes(), // every participant was sent at least one
                    p.reason()));
        }
        return rows;
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
                "What a participant in doubt is told", "%s/transactions/%s/outcome".formatted(base, t.id()), true));
        for (Participant p : t.participants()) {
            Registration r = registry.find(p.resourceManager());
            if (r != null && curls.size() < 2 + Drawing.LIFELINES_MAX) {
                curls.add(new Curl(
                        "What is staged or in doubt at " + p.resourceManager(),
                        "%s/transactions".formatted(r.url()),
                        false));
            }
        }
        return curls;
    }

    /** The actions that would change something now. */
    static List<Action> actions(Transaction t) {
        return switch (t.state()) {
            case ACTIVE, MARKED_ROLLBACK, PREPARING -> List.of(Action.ROLL_BACK);
            case DELEGATED, RESOLVING, COMMITTING, ROLLING_BACK -> List.of(Action.DELIVER);
            case HEURISTIC -> t.resolution() == null ? List.of(Action.RESOLVE) : List.of();
            case DECIDING, DELEGATING, COMMITTED, ROLLED_BACK -> List.of();
        };
    }
}

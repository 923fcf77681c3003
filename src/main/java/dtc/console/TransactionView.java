package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One transaction: its timeline, what it waits for, and the possible actions. */
@Singleton
record TransactionView(Coordinator coordinator, Timelines timelines, Registry registry, Audit audit, Time time) {

    /**
     * A participant.
     *
     * @param url null if it is not registered
     * @param restarted whether it has registered as another instance since its writes
     * @param lease {@code lapsed} or {@code not registered}; null if it has a live lease
     * @param pause the time until the next attempt; null if it waits for a registration
     */
    public record Member(
            Participant participant,
            @Nullable String url,
            boolean restarted,
            @Nullable String lease,
            int unanswered,
            boolean inProgress,
            @Nullable Duration pause) {}

    /** The page. There are no rows if the timeline was not kept. */
    public record Model(
            Transaction t,
            Instant since,
            List<Member> members,
            List<Phase> phases,
            List<SequenceDiagram.Row> rows,
            List<Audit.Entry> audit) {

        /** Whether the transaction has not ended, or a participant has not acknowledged. */
        public boolean isWaiting() {
            return !t.state().isFinal() || !awaited().isEmpty();
        }

        /** Those whose vote has not arrived, if votes are requested; otherwise those that have not acknowledged. */
        public List<Member> awaited() {
            boolean voting = t.state() == TransactionState.PREPARING;
            return members.stream()
                    .filter(m -> voting ? m.participant().ballot() == null : Format.isWaitedFor(m.participant(), t))
                    .toList();
        }

        boolean awaits(String resourceManager) {
            return awaited().stream()
                    .anyMatch(m -> m.participant().resourceManager().equals(resourceManager));
        }

        public List<Action> actions() {
            return Action.of(t);
        }

        public boolean mayGiveUp() {
            return actions().contains(Action.GIVE_UP);
        }

        public int lifelinesMax() {
            return SequenceDiagram.LIFELINES_MAX;
        }
    }

    /** Returns null if there is no such transaction. */
    @Nullable
    Model model(TransactionId id) {
        if (!(coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t))) {
            return null;
        }
        Timeline timeline = timelines.find(id);
        Timeline.Snapshot snapshot = timeline == null ? null : timeline.snapshot(time.nanos());
        Instant now = time.now();
        return new Model(
                t,
                timeline == null ? t.startedAt() : timeline.inStateSince(now, time.nanos()),
                t.participants().stream().map(p -> member(p, snapshot)).toList(),
                snapshot == null ? List.of() : Phase.of(snapshot),
                snapshot == null ? List.of() : TimelineRows.of(snapshot, now),
                audit.of(Audit.link("transactions", id.toString())));
    }

    private Member member(Participant p, Timeline.@Nullable Snapshot snapshot) {
        String name = p.resourceManager();
        Registration r = registry.find(name);
        int deliveries = snapshot == null ? 0 : snapshot.deliveries().getOrDefault(name, 0);
        Timeline.Next next = snapshot == null ? null : snapshot.next().get(name);
        return new Member(
                p,
                r == null ? null : r.url(),
                r != null && !r.instance().equals(p.instance()),
                r == null ? "not registered" : registry.isLive(r) ? null : "lapsed",
                next == null ? Math.max(0, deliveries - 1) : deliveries,
                next == null,
                snapshot == null || next == null || next.atNanos() == null
                        ? null
                        : Duration.ofNanos(next.atNanos() - snapshot.nowNanos()));
    }
}

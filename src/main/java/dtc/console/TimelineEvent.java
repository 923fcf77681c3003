package dtc.console;

import dtc.coordinator.CoordinatorEffect;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.TransactionState;
import dtc.coordinator.WriteResult;
import dtc.protocol.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An event in the timeline of a transaction. It is stored as data, and described when a page shows it. */
sealed interface TimelineEvent {

    /** Elapsed time since the transaction began, or was recovered from the log. */
    long nanos();

    /**
     * An event that changed the transaction. Does not refer to the {@link Step}, whose transaction has a list of all
     * participants.
     *
     * @param write the result, if the event is a write
     * @param voters the participants to which prepare messages were sent
     * @param hasEffects whether anything followed from the event
     */
    record Applied(
            long nanos,
            CoordinatorEvent event,
            @Nullable WriteResult write,
            List<String> voters,
            boolean hasEffects,
            TransactionState before,
            TransactionState after)
            implements TimelineEvent {

        static Applied of(long nanos, CoordinatorEvent event, Step step, TransactionState before) {
            List<String> voters = List.of(); // for most events
            List<CoordinatorEffect> effects = step.effects();
            for (int i = 0; i < effects.size(); i++) { // runs for each event, and an iterator would be garbage
                if (effects.get(i) instanceof CoordinatorEffect.RequestVote(String resourceManager)) {
                    voters = voters.isEmpty() ? new ArrayList<>(effects.size()) : voters;
                    voters.add(resourceManager);
                }
            }
            TransactionState after = step.transaction().state();
            return new Applied(nanos, event, step.write(), voters, !effects.isEmpty(), before, after);
        }

        /** Returns the participant that did not answer; null for other events. */
        @Nullable
        String unanswered() {
            return event instanceof CoordinatorEvent.Unanswered e ? e.resourceManager() : null;
        }
    }

    /** The outcome was sent to a participant, for the first time ({@code number} 1) or again. */
    record Sent(long nanos, String resourceManager, Outcome outcome, int number) implements TimelineEvent {}

    /** The outcome will be sent again after the pause; null: when the participant has registered again. */
    record RetryScheduled(
            long nanos, String resourceManager, @Nullable Duration pause) implements TimelineEvent {}

    /** Events were dropped here: {@code writes} and their answers, or those before the latest. */
    record Omitted(long nanos, int number, boolean writes) implements TimelineEvent {}
}

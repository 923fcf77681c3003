package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.TransactionRecord;
import dtc.log.AppendResult;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.util.concurrent.CompletionStage;

/**
 * Stores conclusions before they take effect, if another process can take over the log: see {@link Step#conclusion}.
 * While the record is stored, the transaction is held: its old state is shown, and other events wait.
 *
 * <p>A record that the log refuses is appended again without limit, as the event cannot be undone. Calls that wait for
 * it are refused after their timeout.
 */
final class Conclusions {

    /** Carries out a change whose record is stored. */
    interface Publisher {
        void publish(TransactionEntry entry, CoordinatorEvent event, Step step);
    }

    private final Time time;
    private final Publisher publisher;

    Conclusions(Time time, Publisher publisher) {
        this.time = time;
        this.publisher = publisher;
    }

    /** A conclusion whose record is being stored. */
    record Conclusion(
            CoordinatorEvent event, Step step, TransactionRecord record, CompletionStage<AppendResult> result) {}

    /** Appends the record. The caller holds the lock of the entry, so that no other event is applied in between. */
    static Conclusion begin(TransactionEntry entry, CoordinatorEvent event, Step step, TransactionRecord record) {
        entry.hold();
        entry.recordPending();
        return append(entry, event, step, record);
    }

    private static Conclusion append(
            TransactionEntry entry, CoordinatorEvent event, Step step, TransactionRecord record) {
        return new Conclusion(event, step, record, Stages.call(() -> entry.log().append(record)));
    }

    /** Publishes the conclusion once it is stored. Must not be called under the lock of the entry. */
    void await(TransactionEntry entry, Conclusion conclusion) {
        conclusion.result().thenAccept(result -> {
            switch (result) {
                case AppendResult.Stored() -> publisher.publish(entry, conclusion.event(), conclusion.step());
                case AppendResult.Refused _ ->
                    time.after(
                            TransactionDriver.REFUSED_RECORD_PAUSE,
                            () -> await(
                                    entry, append(entry, conclusion.event(), conclusion.step(), conclusion.record())));
                // The transaction is abandoned, or the process ends.
                case AppendResult.Fenced(), AppendResult.Unknown() -> {}
            }
        });
    }
}

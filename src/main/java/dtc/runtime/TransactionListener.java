package dtc.runtime;

import dtc.coordinator.Event;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.protocol.Ballot;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Is told what happens, for those that watch. Called on the path of the protocol: must be quick and must not throw. */
public interface TransactionListener {

    default void began(Transaction transaction) {}

    /**
     * An event was applied, whether or not it changed anything. Called under the lock of the transaction, and so in the
     * order of its events.
     */
    default void applied(Transaction before, Event event, Step step) {}

    /** The state changed. */
    default void changed(Transaction before, Transaction after) {}

    default void voted(String resourceManager, Ballot ballot) {}

    /** Phase one is over, whatever came of it. */
    default void prepared(Duration elapsed) {}

    /** A participant is told the outcome, for the first time or again. */
    default void told(TransactionId id, String resourceManager, Outcome outcome) {}

    /** A participant will be told again after the pause; null: once it is registered again. */
    default void retryPlanned(TransactionId id, String resourceManager, @Nullable Duration pause) {}

    /** A participant acknowledged its commit, so long after the decision. */
    default void commitDelivered(String resourceManager, Duration elapsed) {}

    default void commitRedelivered(String resourceManager) {}

    /** The transaction reached its final state, so long after it began. */
    default void finished(Transaction transaction, Duration elapsed) {}

    /** Tells all of them, in this order. */
    static TransactionListener all(List<? extends TransactionListener> listeners) {
        List<TransactionListener> each = List.copyOf(listeners);
        return new TransactionListener() {
            @Override
            public void began(Transaction transaction) {
                tell(l -> l.began(transaction));
            }

            @Override
            public void applied(Transaction before, Event event, Step step) {
                tell(l -> l.applied(before, event, step));
            }

            @Override
            public void changed(Transaction before, Transaction after) {
                tell(l -> l.changed(before, after));
            }

            @Override
            public void voted(String resourceManager, Ballot ballot) {
                tell(l -> l.voted(resourceManager, ballot));
            }

            @Override
            public void prepared(Duration elapsed) {
                tell(l -> l.prepared(elapsed));
            }

            @Override
            public void told(TransactionId id, String resourceManager, Outcome outcome) {
                tell(l -> l.told(id, resourceManager, outcome));
            }

            @Override
            public void retryPlanned(TransactionId id, String resourceManager, @Nullable Duration pause) {
                tell(l -> l.retryPlanned(id, resourceManager, pause));
            }

            @Override
            public void commitDelivered(String resourceManager, Duration elapsed) {
                tell(l -> l.commitDelivered(resourceManager, elapsed));
            }

            @Override
            public void commitRedelivered(String resourceManager) {
                tell(l -> l.commitRedelivered(resourceManager));
            }

            @Override
            public void finished(Transaction transaction, Duration elapsed) {
                tell(l -> l.finished(transaction, elapsed));
            }

            private void tell(Consumer<TransactionListener> call) {
                for (TransactionListener listener : each) {
                    call.accept(listener);
                }
            }
        };
    }
}

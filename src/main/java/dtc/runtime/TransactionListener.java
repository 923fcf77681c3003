package dtc.runtime;

import dtc.coordinator.Transaction;
import dtc.protocol.Ballot;
import java.time.Duration;

/** Is told what happens, for those that watch. Called on the path of the protocol: must be quick and must not throw. */
public interface TransactionListener {

    default void began(Transaction transaction) {}

    /** The state changed. */
    default void changed(Transaction before, Transaction after) {}

    default void voted(String resourceManager, Ballot ballot) {}

    /** Phase one is over, whatever came of it. */
    default void prepared(Duration elapsed) {}

    /** A participant acknowledged its commit, so long after the decision. */
    default void commitDelivered(String resourceManager, Duration elapsed) {}

    default void commitRedelivered(String resourceManager) {}

    /** The transaction reached its final state, so long after it began. */
    default void finished(Transaction transaction, Duration elapsed) {}
}

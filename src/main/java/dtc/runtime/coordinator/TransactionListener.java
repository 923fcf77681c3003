package dtc.runtime.coordinator;

/**
 * Observes transactions. Called on the threads of the protocol, so implementations must return quickly. An exception is
 * logged and otherwise ignored.
 */
public interface TransactionListener {

    /** Called under the lock of the transaction, so in the order of its events. */
    default void applied(Applied applied) {}

    default void delivery(DeliveryEvent event) {}
}

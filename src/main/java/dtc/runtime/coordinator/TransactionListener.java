package dtc.runtime.coordinator;

/**
 * Observes transactions. Called on protocol threads, so implementations must return quickly. Exceptions are logged and
 * otherwise ignored.
 */
public interface TransactionListener {

    /** Called for each event, in order, under the lock of the transaction. */
    default void applied(AppliedEvent applied) {}

    default void delivery(DeliveryEvent event) {}
}

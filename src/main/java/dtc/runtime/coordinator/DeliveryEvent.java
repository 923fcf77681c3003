package dtc.runtime.coordinator;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Progress of the delivery of an outcome to a participant. */
public sealed interface DeliveryEvent {

    TransactionId transaction();

    String resourceManager();

    Outcome outcome();

    /** The outcome was sent, for the first time or again. */
    record Sent(TransactionId transaction, String resourceManager, Outcome outcome) implements DeliveryEvent {}

    /**
     * The outcome will be sent again.
     *
     * @param pause null if it is paused until the resource manager is registered
     */
    record RetryScheduled(
            TransactionId transaction,
            String resourceManager,
            Outcome outcome,
            @Nullable Duration pause) implements DeliveryEvent {}

    /**
     * The participant acknowledged the outcome.
     *
     * @param sinceDecision elapsed time since the decision to commit; undefined for a rollback
     */
    record Acknowledged(TransactionId transaction, String resourceManager, Outcome outcome, Duration sinceDecision)
            implements DeliveryEvent {}
}

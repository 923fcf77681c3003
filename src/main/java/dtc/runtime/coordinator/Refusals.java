package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.TransactionId;
import org.jspecify.annotations.Nullable;

/** Creates refusals that are common to several calls. */
public final class Refusals {

    private Refusals() {}

    public static Refusal unknown(TransactionId id) {
        return new Refusal(
                Kind.UNKNOWN_TRANSACTION, "the transaction does not exist, or its retention has ended", id, null);
    }

    static Refusal notEnlisted(TransactionId id, String resourceManager) {
        return new Refusal(
                Kind.UNKNOWN_RESOURCE_MANAGER,
                "resource manager %s is not a participant of this transaction".formatted(resourceManager),
                id,
                resourceManager);
    }

    static Refusal tooManyParticipants(@Nullable TransactionId id) {
        return new Refusal(Kind.OVERLOADED, "the transactions in flight have too many participants", id, null);
    }

    static Refusal wrongState(Transaction t, @Nullable String resourceManager) {
        return new Refusal(
                Kind.WRONG_STATE,
                "the transaction is %s%s"
                        .formatted(t.state().externalState(), t.reason() == null ? "" : " (" + t.reason() + ")"),
                t.id(),
                resourceManager);
    }
}

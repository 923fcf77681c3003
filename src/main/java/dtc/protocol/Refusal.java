package dtc.protocol;

import org.jspecify.annotations.Nullable;

/** Why a call was refused. A value instead of an exception, since refusals are part of the protocol. */
public record Refusal(
        Kind kind,
        String detail,
        @Nullable TransactionId transaction,
        @Nullable String resourceManager) {

    public enum Kind {
        UNKNOWN_TRANSACTION,
        UNKNOWN_RESOURCE_MANAGER,
        /** The transaction is in a state that does not allow the call. */
        WRONG_STATE,
        /** The call exceeds a limit, which is stated in the detail. */
        LIMIT_EXCEEDED,
        OVERLOADED,
        /** The decision log does not accept decisions. */
        LOG_REFUSING,
        /** The outcome is not known yet. */
        UNDECIDED,
        /** The idempotency key was used before with another body. */
        KEY_REUSED,
        SHUTTING_DOWN,
        RESOURCE_MANAGER_LAPSED,
        RESOURCE_MANAGER_FAILED,
        RESOURCE_MANAGER_UNRESPONSIVE,
        NO_ROOM,
        /** The resource manager does not support the operation. */
        NOT_SUPPORTED,
        NAME_TAKEN,
        HOST_NOT_ALLOWED
    }

    public static Refusal of(Kind kind, String detail) {
        return new Refusal(kind, detail, null, null);
    }
}

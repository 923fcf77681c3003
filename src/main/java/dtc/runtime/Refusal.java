package dtc.runtime;

import dtc.protocol.TransactionId;
import org.jspecify.annotations.Nullable;

/** Why a call was not carried out. A value: being refused is part of the protocol. */
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
        /** More than the named limit allows. */
        LIMIT_EXCEEDED,
        OVERLOADED,
        /** The decision log takes no decision now. */
        LOG_REFUSING,
        /** Neither outcome is certain yet. */
        UNDECIDED,
        /** The same name of a request, with another body. */
        KEY_REUSED,
        SHUTTING_DOWN,
        RESOURCE_MANAGER_LAPSED,
        RESOURCE_MANAGER_FAILED,
        RESOURCE_MANAGER_SILENT,
        NO_ROOM,
        NAME_TAKEN,
        HOST_NOT_ALLOWED
    }

    static Refusal of(Kind kind, String detail) {
        return new Refusal(kind, detail, null, null);
    }
}

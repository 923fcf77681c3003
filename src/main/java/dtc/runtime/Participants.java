package dtc.runtime;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import java.util.concurrent.CompletionStage;

/**
 * The coordinator's messages to resource managers. Every stage completes, with a value, within the time allowed to one
 * message (a second): silence and failure are values too.
 */
public interface Participants {

    CompletionStage<Reply> write(Registration target, TransactionId id, int sequence, String key, JsonText value);

    CompletionStage<Ballot> prepare(Registration target, TransactionId id);

    CompletionStage<Reply> commit(Registration target, TransactionId id);

    CompletionStage<Reply> rollback(Registration target, TransactionId id);

    /** What came back. {@code detail} never holds a key or a value, for it is logged. */
    record Reply(Kind kind, String detail) {

        public static final Reply DONE = new Reply(Kind.DONE, "");

        public enum Kind {
            DONE,
            /** 404: nothing is known of the transaction there. */
            UNKNOWN,
            /** 409: it has voted, or ended the other way. */
            CONFLICT,
            /** 507. */
            NO_ROOM,
            /** 503: it takes nothing now. */
            UNAVAILABLE,
            /** Surely not carried out: no connection came about. */
            UNREACHABLE,
            /** Answered, but not as the contract says. */
            WRONG,
            /** No answer, so nobody knows whether it was carried out. */
            SILENT
        }
    }
}

package dtc.rest;

import dtc.coordinator.Transaction;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.Refusals;
import dtc.security.Caller;
import java.util.function.Predicate;

/** Checks whether a caller may act on a transaction. */
final class TransactionAccess {

    private TransactionAccess() {}

    /** Refuses callers that did not begin the transaction, with the same response as for an unknown transaction. */
    static void requireOwner(Coordinator coordinator, TransactionId id, Caller caller) {
        if (!caller.seesAll()
                && coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t)
                && !caller.sees(t.origin().principal())) {
            throw Problems.fromRefusal(Refusals.unknown(id));
        }
    }

    /**
     * Refuses callers that neither began the transaction nor own a participant. Clients get the same response as for an
     * unknown transaction. Resource managers get 403, because they know that it exists.
     *
     * @param ownsParticipant whether the caller owns a participant of the transaction
     */
    static void requireOwnerOrParticipant(
            Coordinator coordinator, TransactionId id, Caller caller, Predicate<Transaction> ownsParticipant) {
        if (coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t)
                && !caller.sees(t.origin().principal())
                && !ownsParticipant.test(t)) {
            throw caller.isClient()
                    ? Problems.fromRefusal(Refusals.unknown(id))
                    : Problems.create("NOT_YOURS", 403, "the participant belongs to another principal");
        }
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import org.jspecify.annotations.Nullable;

/** Creates refusals that are common to several calls. */
public final class Refusals {

    private Refusals() {}

    public static Refusal unknown(TransactionId id) {
        return new Refusal(
                Kind.UNKNOWN_TRANSACTION, "the transaction does not exist, or its retention has ended", id, null);
    }

    /** Another process finishes the transaction, or this one is taking it over. */
    static Refusal elsewhere(TransactionId id) {
        return new Refusal(Kind.UNDECIDED, "this coordinator does not hold the transaction now; retry later", id, null);
    }

    static Refusal notEnlisted(TransactionId id, String resourceManager) {
        return new Refusal(
                Kind.UNKNOWN_RESOURCE_MANAGER,
                "resource manager %s is not a participant of this transaction".formatted(resourceManager),
                id,
                resourceManager);
    }

    static Refusal wrongState(Transaction t, @Nullable String resourceManager) {
        return new Refusal(
                Kind.WRONG_STATE,
                "the transaction is %s%s"
                        .formatted(t.state().externalState(), t.reason() == null ? "" : " (" + t.reason() + ")"),
                t.id(),
                resourceManager);
    }

    /** Refuses an operator's call that came while another change of the transaction was recorded. */
    static Answer<Transaction> ifUnchanged(Answer<Transaction> answer, Participant before, String resourceManager) {
        return answer instanceof Answer.Given<Transaction>(Transaction t)
                        && before.equals(t.participant(resourceManager))
                ? Answer.refused(new Refusal(
                        Kind.UNDECIDED,
                        "another change of the transaction was being recorded; retry",
                        t.id(),
                        resourceManager))
                : answer;
    }

    /** Refuses the call if the outcome is not decided. */
    static Answer<Transaction> ifUndecided(Answer<Transaction> answer) {
        return answer instanceof Answer.Given<Transaction>(Transaction t) && t.decision() == Outcome.PENDING
                ? Answer.refused(new Refusal(Kind.UNDECIDED, "the outcome is not known yet; retry later", t.id(), null))
                : answer;
    }

    /** Refuses the call if the outcome is the opposite of the requested one. */
    static Answer<Transaction> ifOutcomeIs(Answer<Transaction> answer, Outcome unwanted) {
        return answer instanceof Answer.Given<Transaction>(Transaction t) && t.decision() == unwanted
                ? Answer.refused(new Refusal(
                        Kind.WRONG_STATE,
                        "the outcome of this transaction is %s%s"
                                .formatted(
                                        unwanted == Outcome.COMMIT ? "commit" : "rollback",
                                        t.reason() == null ? "" : ": " + t.reason()),
                        t.id(),
                        null))
                : answer;
    }
}

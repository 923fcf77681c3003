package dtc.console;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Cause;
import java.util.ArrayList;
import java.util.List;

/** Describes the results of actions. */
final class ActionResults {

    private ActionResults() {}

    /** The rollback may have been decided before the action, which then did not cause it. */
    static Audit.Result rolledBack(Transaction before, Transaction after) {
        // A marked transaction keeps its cause, and a heuristic outcome has a cause of its own.
        boolean byThis = after.cause() == Cause.OPERATOR
                || before.state() == TransactionState.MARKED_ROLLBACK
                || after.state() == TransactionState.HEURISTIC;
        String state = state(after);
        if (byThis) {
            return new Audit.Result(true, "The transaction is %s.".formatted(state));
        }
        String cause = after.cause() == null
                ? "unknown"
                : Format.constant(after.cause().name());
        return new Audit.Result(false, "The transaction is %s for another cause: %s.".formatted(state, cause));
    }

    /**
     * @param retried the number of retries that were paused
     * @param waiting the number of participants, or transactions, that the page shows as waiting
     */
    static Audit.Result retried(int retried, long waiting) {
        if (retried == 0) {
            return new Audit.Result(
                    false,
                    waiting == 0
                            ? "Everything is delivered."
                            : "No retry was paused: %s already in progress or queued."
                                    .formatted(Format.count(waiting, "delivery is", "deliveries are")));
        }
        // Rollbacks of transactions that have ended are retried too, but nothing waits for them.
        long ofWaiting = Math.min(retried, waiting);
        List<String> parts = new ArrayList<>();
        if (ofWaiting > 0) {
            parts.add("Retrying %s of %s."
                    .formatted(Format.count(ofWaiting), Format.count(waiting, "delivery", "deliveries")));
        }
        if (ofWaiting < waiting) {
            parts.add("%s already in progress or queued.".formatted(Format.count(waiting - ofWaiting, "is", "are")));
        }
        if (retried > ofWaiting) {
            parts.add("Retrying %s of ended transactions."
                    .formatted(Format.count(retried - ofWaiting, "rollback", "rollbacks")));
        }
        return new Audit.Result(true, String.join(" ", parts));
    }

    private static String state(Transaction t) {
        return Format.constant(t.state().externalState().name());
    }
}

package dtc.client;

import org.jspecify.annotations.Nullable;

/**
 * How a transaction ended.
 *
 * @param <T> the result of the work
 */
public sealed interface TransactionOutcome<T extends @Nullable Object> {

    /** Returns the id of the transaction. */
    String id();

    /** Returns the result of the work if the transaction is committed. Otherwise throws an exception that says why. */
    T orElseThrow();

    /** It is committed. Participants may still be about to apply it. */
    record Committed<T extends @Nullable Object>(String id, T value) implements TransactionOutcome<T> {
        @Override
        public T orElseThrow() {
            return value;
        }
    }

    /** It is rolled back. Nothing of it remains. */
    record RolledBack<T extends @Nullable Object>(String id, String reason) implements TransactionOutcome<T> {
        @Override
        public T orElseThrow() {
            throw new TransactionException(this, "transaction " + id + " was rolled back: " + reason);
        }
    }

    /** A participant did not do what was decided. An operator has to act. */
    record Heuristic<T extends @Nullable Object>(String id, String reason) implements TransactionOutcome<T> {
        @Override
        public T orElseThrow() {
            throw new TransactionException(this, "transaction " + id + " has a heuristic outcome: " + reason);
        }
    }

    /** The coordinator has not answered with an outcome in time. Ask again with {@link DtcClient#outcome}. */
    record NotKnown<T extends @Nullable Object>(String id, String reason) implements TransactionOutcome<T> {
        @Override
        public T orElseThrow() {
            throw new TransactionException(this, "the outcome of transaction " + id + " is not known: " + reason);
        }
    }
}

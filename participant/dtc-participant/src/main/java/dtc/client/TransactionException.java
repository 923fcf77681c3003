package dtc.client;

/** A transaction is not committed, or that is not known. */
public final class TransactionException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient TransactionOutcome<?> outcome;

    TransactionException(TransactionOutcome<?> outcome, String message) {
        super(message);
        this.outcome = outcome;
    }

    public TransactionOutcome<?> outcome() {
        return outcome;
    }
}

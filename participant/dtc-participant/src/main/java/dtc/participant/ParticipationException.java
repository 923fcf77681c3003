package dtc.participant;

/** The service cannot work in the transaction. The transaction does not commit. */
public final class ParticipationException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int status;

    ParticipationException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** Returns the HTTP status for the caller: 409 or 503. */
    public int status() {
        return status;
    }
}

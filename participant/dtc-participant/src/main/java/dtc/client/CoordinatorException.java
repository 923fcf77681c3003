package dtc.client;

/** A transaction could not begin, or a write failed. */
public final class CoordinatorException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CoordinatorException(String message) {
        super(message);
    }
}

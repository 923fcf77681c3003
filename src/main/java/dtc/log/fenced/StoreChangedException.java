package dtc.log.fenced;

/** The store has lost data or was replaced. The process must end without sending messages. */
final class StoreChangedException extends RuntimeException {

    StoreChangedException(String message) {
        super(message);
    }
}

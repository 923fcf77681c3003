package dtc.log.fenced;

/** The store has lost data, or is another one. The process must end without sending messages. */
final class StoreChangedException extends RuntimeException {

    StoreChangedException(String message) {
        super(message);
    }
}

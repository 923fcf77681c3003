package dtc.log;

import java.io.IOException;

/** What was to be written is not in the log, and surely never will be. */
final class NotWrittenException extends Exception {

    private static final long serialVersionUID = 1;

    NotWrittenException(IOException cause) {
        super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
    }
}

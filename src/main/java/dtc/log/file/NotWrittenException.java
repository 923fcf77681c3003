package dtc.log.file;

import java.io.IOException;

/** A write failed and was undone: none of its records are in the log, and none will be. */
final class NotWrittenException extends Exception {

    private static final long serialVersionUID = 1;

    NotWrittenException(IOException cause) {
        super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
    }
}

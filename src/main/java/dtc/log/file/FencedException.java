package dtc.log.file;

import java.io.IOException;

/** Another process has claimed the log. This process must not acknowledge records or presume outcomes from the log. */
final class FencedException extends IOException {

    private static final long serialVersionUID = 1;

    FencedException(Storage storage, int epoch) {
        super("the log in %s was claimed by another process (%s), so this process stops"
                .formatted(storage.location(), FileName.claim(epoch)));
    }
}

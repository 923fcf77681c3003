package dtc.log.file;

import java.io.IOException;
import java.util.Locale;

/** A file of the log is damaged or not supported. An operator must inspect it. */
public final class UnreadableLogException extends IOException {

    private static final long serialVersionUID = 1;

    UnreadableLogException(Storage storage, String name, long offset, String why) {
        super(String.format(
                Locale.ROOT,
                "%s in %s, at byte %d: %s. To inspect it, run this program with: log dump %s",
                name,
                storage.location(),
                offset,
                why,
                storage.location()));
    }
}

package dtc.log;

import java.io.IOException;

/** A file of the log does not hold what it must. Nobody can tell what it held, so a person has to look. */
public final class UnreadableLogException extends IOException {

    private static final long serialVersionUID = 1;

    UnreadableLogException(Storage storage, String name, long offset, String why) {
        super("%s in %s, at byte %d: %s. To look at it, run this program with: log dump %s"
                .formatted(name, storage.where(), offset, why, storage.where()));
    }
}

package dtc.log.file;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Checks the free space of a storage. */
final class FreeSpace {

    private FreeSpace() {}

    /** Returns why no decision is accepted, as a text for clients; null if there is enough space. */
    static @Nullable String shortage(Storage storage, long bytesMin) {
        try {
            return storage.freeBytes() >= bytesMin
                    ? null
                    : "less than " + bytesMin + " bytes are free for the decision log in " + storage.location();
        } catch (IOException failure) {
            return "the decision log cannot be written: " + failure.getMessage();
        }
    }
}

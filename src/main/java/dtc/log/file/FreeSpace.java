package dtc.log.file;

import dtc.protocol.PlainText;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Checks the free space of a storage. */
final class FreeSpace {

    private FreeSpace() {}

    /** Returns why no decision is accepted, as a text for clients; null if there is enough space. */
    static @Nullable String describeShortage(Storage storage, long bytesMin) {
        try {
            long bytes = storage.freeBytes();
            return bytes >= bytesMin
                    ? null
                    : "only %s are free for the decision log in %s; at least %s are required"
                            .formatted(
                                    PlainText.formatBytes(bytes), storage.location(), PlainText.formatBytes(bytesMin));
        } catch (IOException failure) {
            return "the decision log cannot be written: " + failure.getMessage();
        }
    }
}

package dtc.log.fenced;

import dtc.log.AppendResult;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * An entry that waits to be sent.
 *
 * @param result completes with the result of the append; null for a lazy entry
 */
record PendingEntry(BatchEntry entry, @Nullable CompletableFuture<AppendResult> result) {

    /** The approximate memory of a pending entry, excluding its content. */
    private static final int BYTES = 150;

    boolean isLazy() {
        return result == null;
    }

    void complete(AppendResult appendResult) {
        if (result != null) {
            result.complete(appendResult);
        }
    }

    int memory() {
        return entry.length() + BYTES;
    }
}

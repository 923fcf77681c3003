package dtc.log.file;

import dtc.log.AppendResult;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A record in the queue of a {@link FileDecisionLog}.
 *
 * @param result completes with the result of the append; null for a lazy record
 */
record PendingAppend(ByteBuffer payload, @Nullable CompletableFuture<AppendResult> result) {

    /** The approximate memory of a pending append, excluding its payload. */
    private static final long OVERHEAD_BYTES = 100;

    boolean isLazy() {
        return result == null;
    }

    void complete(AppendResult appendResult) {
        if (result != null) {
            result.complete(appendResult);
        }
    }

    long memoryBytes() {
        return payload.remaining() + OVERHEAD_BYTES;
    }
}

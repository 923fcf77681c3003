package dtc.log.fenced;

import dtc.protocol.TransactionId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The stored batches of a log. Guarded by the lock of the log. */
final class StoredBatches {

    private final LiveEntries live;
    /** The sizes of the batches, oldest first. */
    private final Deque<Integer> sizes;

    private long bytes;
    private long head;

    StoredBatches(long head, LogContent content) {
        this.head = head;
        this.live = content.liveEntries();
        this.sizes = new ArrayDeque<>(content.sizes());
        this.bytes = sizes.stream().mapToLong(Integer::longValue).sum();
    }

    /** Adds the batch after {@link #head}. */
    void add(List<BatchEntry> entries, int length) {
        head++;
        sizes.addLast(length);
        bytes += length;
        live.add(head, entries);
    }

    void removeOldest() {
        bytes -= sizes.removeFirst();
    }

    /** The sequence number of the newest batch; 0 if there is none. */
    long head() {
        return head;
    }

    /** The sequence number of the oldest batch. */
    long oldest() {
        return head - sizes.size() + 1;
    }

    /**
     * Whether the oldest batch should be cleaned. The newest batch is never deleted: it shows that the log is complete.
     *
     * @param bytesMin the log may be this much longer than twice its live entries
     */
    boolean isCleaningDue(long bytesMin) {
        return sizes.size() > 1 && bytes > 2 * live.bytes() + bytesMin;
    }

    /** Selects the entries of the oldest batch that must be copied before it is deleted. */
    List<BatchEntry> liveInOldest(List<BatchEntry> entries) {
        return entries.stream().filter(entry -> live.isLive(oldest(), entry)).toList();
    }

    @Nullable
    TransactionId newestForgotten() {
        return live.newestForgotten();
    }
}

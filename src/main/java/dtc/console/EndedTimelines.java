package dtc.console;

import dtc.protocol.TransactionId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The newest timelines of ended transactions of one kind, limited in number and memory. Safe for use by several
 * threads.
 */
final class EndedTimelines {

    private final int countMax;
    private final long bytesMax;
    /** In the order in which they ended. Guarded by this. */
    private final Map<TransactionId, Kept> timelines = new LinkedHashMap<>();
    /** The estimated memory of all. Guarded by this. */
    private long bytes;

    private record Kept(Timeline timeline, int bytes) {}

    EndedTimelines(int countMax, long bytesMax) {
        this.countMax = countMax;
        this.bytesMax = bytesMax;
    }

    synchronized void add(TransactionId id, Timeline timeline) {
        put(id, timeline);
        removeOldest();
    }

    /** Counts what was added to a timeline, if it is one of these. */
    synchronized void changed(TransactionId id) {
        Kept kept = timelines.get(id);
        if (kept != null) {
            bytes -= kept.bytes();
            put(id, kept.timeline());
            removeOldest();
        }
    }

    private void put(TransactionId id, Timeline timeline) {
        Kept kept = new Kept(timeline, timeline.bytes());
        timelines.put(id, kept);
        bytes += kept.bytes();
    }

    private void removeOldest() {
        Iterator<Kept> oldest = timelines.values().iterator();
        while (timelines.size() > countMax || (bytes > bytesMax && timelines.size() > 1)) {
            bytes -= oldest.next().bytes();
            oldest.remove();
        }
    }

    synchronized void remove(TransactionId id) {
        Kept kept = timelines.remove(id);
        if (kept != null) {
            bytes -= kept.bytes();
        }
    }

    synchronized @Nullable Timeline find(TransactionId id) {
        Kept kept = timelines.get(id);
        return kept == null ? null : kept.timeline();
    }
}

package dtc.log.fenced;

import dtc.log.AppendResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The entries that are not sent yet, in the order of the calls. Guarded by the lock of the log. */
final class PendingQueue {

    /** The maximum size of lazy entries. Further ones are dropped, which has the effect of a crash. */
    static final long LAZY_BYTES_MAX = 32 << 20;

    private final int forcedMax;
    private final Deque<PendingEntry> entries = new ArrayDeque<>();
    private int forced;
    private long lazyBytes;

    /** @param forcedMax the maximum number of entries that are not lazy */
    PendingQueue(int forcedMax) {
        this.forcedMax = forcedMax;
    }

    /** Adds an entry. Returns the refusal if a limit is reached; otherwise null. */
    AppendResult.@Nullable Refused add(PendingEntry entry) {
        if (entry.isLazy()) {
            if (lazyBytes + entry.memory() > LAZY_BYTES_MAX) {
                return new AppendResult.Refused("too many lazy records are pending");
            }
            lazyBytes += entry.memory();
        } else {
            if (forced >= forcedMax) {
                return new AppendResult.Refused("the limit of " + forced + " pending decisions is reached");
            }
            forced++;
        }
        entries.addLast(entry);
        return null;
    }

    /** Removes the oldest entries, as many as fit into a batch after {@code count} entries of {@code bytes}. */
    List<PendingEntry> take(int count, int bytes) {
        List<PendingEntry> taken = new ArrayList<>();
        int length = bytes;
        while (!entries.isEmpty() && count + taken.size() < LogBatch.ENTRIES_MAX) {
            length += entries.element().entry().length();
            if (length > LogBatch.BYTES_MAX) {
                break;
            }
            taken.add(entries.remove());
        }
        taken.forEach(this::removed);
        return taken;
    }

    /** Removes the entries that are not lazy. */
    List<PendingEntry> takeForced() {
        List<PendingEntry> taken = new ArrayList<>();
        for (Iterator<PendingEntry> all = entries.iterator(); all.hasNext(); ) {
            PendingEntry entry = all.next();
            if (!entry.isLazy()) {
                taken.add(entry);
                all.remove();
            }
        }
        taken.forEach(this::removed);
        return taken;
    }

    List<PendingEntry> takeAll() {
        List<PendingEntry> taken = List.copyOf(entries);
        entries.clear();
        taken.forEach(this::removed);
        return taken;
    }

    private void removed(PendingEntry entry) {
        if (entry.isLazy()) {
            lazyBytes -= entry.memory();
        } else {
            forced--;
        }
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    boolean hasForced() {
        return forced > 0;
    }

    int size() {
        return entries.size();
    }
}

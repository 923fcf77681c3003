package dtc.log.fenced;

import dtc.protocol.TransactionId;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The stored entries that no other stored entry supersedes, and the batches that contain them. An entry that is not yet
 * stored supersedes nothing, because it may be lost.
 *
 * <p>The newest forgotten id is live too: of the ids without a record, those that are newer were never recorded.
 */
final class LiveEntries {

    /** @param sequence the batch that contains the entry, or its newest copy */
    private record Place(long sequence, long position, int length) {}

    private final Map<TransactionId, Place> records = new HashMap<>();
    private @Nullable TransactionId newestForgotten;
    private @Nullable Place forgottenPlace;
    private long bytes;

    /** Adds the entries of a batch that is newer than all others. */
    void add(long sequence, List<BatchEntry> entries) {
        entries.stream().sorted(Comparator.comparingLong(BatchEntry::position)).forEach(entry -> add(sequence, entry));
    }

    private void add(long sequence, BatchEntry entry) {
        Place place = new Place(sequence, entry.position(), entry.length());
        Place before = records.get(entry.id());
        if (before != null) {
            if (before.position > entry.position()) {
                return;
            }
            records.remove(entry.id());
            bytes -= before.length;
        }
        if (!entry.isForgotten()) {
            records.put(entry.id(), place);
            bytes += place.length;
        } else if (isNewestForgotten(entry.id())) {
            bytes += place.length - (forgottenPlace == null ? 0 : forgottenPlace.length);
            newestForgotten = entry.id();
            forgottenPlace = place;
        }
    }

    /** Only ids that contain a time have an age. */
    private boolean isNewestForgotten(TransactionId id) {
        return id.isTimeOrdered()
                && (newestForgotten == null || newestForgotten.equals(id) || newestForgotten.isOlderThan(id));
    }

    /** Whether an entry of this batch is live, and no later batch contains a copy of it. */
    boolean isLive(long sequence, BatchEntry entry) {
        Place place = entry.isForgotten()
                ? entry.id().equals(newestForgotten) ? forgottenPlace : null
                : records.get(entry.id());
        return place != null && place.sequence == sequence && place.position == entry.position();
    }

    /** The size of all live entries. */
    long bytes() {
        return bytes;
    }

    /** Returns the newest of the ids that were forgotten; null if there is none. */
    @Nullable
    TransactionId newestForgotten() {
        return newestForgotten;
    }
}

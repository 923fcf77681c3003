package dtc.log.file;

import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The location of the newest record of each transaction, and the total size of these records. */
final class LogIndex {

    private final Map<TransactionId, Location> locations = new HashMap<>();
    private long liveBytes;

    /** The location of a record. */
    record Location(Segment segment, long offset, int length, long sequence) {}

    /** Adds a record that is newer than all others of its transaction. */
    void add(ByteBuffer payload, Location location) {
        TransactionId id = Payload.id(payload);
        Location before = Payload.isForgotten(payload) ? locations.remove(id) : locations.put(id, location);
        if (before != null) {
            addLive(before.segment(), -before.length());
        }
        if (!Payload.isForgotten(payload)) {
            addLive(location.segment(), location.length());
        }
    }

    private void addLive(Segment segment, long bytes) {
        segment.addLiveBytes(bytes);
        liveBytes += bytes;
    }

    long liveBytes() {
        return liveBytes;
    }

    /** Whether the record of this payload at this offset is the newest of its transaction. */
    boolean isNewest(ByteBuffer payload, Segment segment, long offset) {
        Location newest = locations.get(Payload.id(payload));
        return newest != null && newest.segment() == segment && newest.offset() == offset;
    }

    /** Returns all locations in append order. */
    List<Location> locationsInAppendOrder() {
        List<Location> all = new ArrayList<>(locations.values());
        all.sort(Comparator.comparingLong(Location::sequence));
        return all;
    }
}

package dtc.log.fenced;

import dtc.protocol.TransactionId;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Identifies the store and the ids that its processes issue.
 *
 * @param storeId see {@link Attempt.Answered}
 * @param tags the first one is the tag of new ids; the others are those of ids that were issued earlier
 */
public record StoreIdentity(String storeId, List<Integer> tags) {

    public StoreIdentity {
        tags = List.copyOf(tags);
        if (tags.isEmpty() || tags.stream().anyMatch(tag -> tag < 0 || tag > TransactionId.TAG_MAX)) {
            throw new IllegalArgumentException("not a list of tags: " + tags);
        }
    }

    public int tag() {
        return tags.getFirst();
    }

    StoredValue encode() {
        return StoredValue.of(storeId + " " + tags.stream().map(String::valueOf).collect(Collectors.joining(" ")));
    }

    /** @throws IllegalArgumentException if this is not an identity */
    static StoreIdentity decode(StoredValue value) {
        String[] fields = value.text().split(" ", -1);
        return new StoreIdentity(
                fields[0], Arrays.stream(fields).skip(1).map(Integer::valueOf).toList());
    }
}

package dtc.protocol;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Names a transaction. The coordinator issues UUIDs of version 7, whose leading bits are the time of their making, so
 * that the natural order of ids is an order of age.
 */
public record TransactionId(UUID value) implements Comparable<TransactionId> {

    private static final Pattern CANONICAL =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

    /** Reads the canonical 36 characters; empty for anything else ({@link UUID#fromString} takes {@code 1-1-1-1-1}). */
    public static Optional<TransactionId> parse(String text) {
        return CANONICAL.matcher(text).matches()
                ? Optional.of(new TransactionId(UUID.fromString(text)))
                : Optional.empty();
    }

    /** Whether this transaction began first. Of two that conflict, the older may wait and the younger gives way. */
    public boolean isOlderThan(TransactionId other) {
        return compareTo(other) < 0;
    }

    /** Whether the id tells its age, as all do that the coordinator issues. */
    public boolean isOrderedByTime() {
        return value.version() == 7;
    }

    /** When it was made, by the clock of whoever made it; only where {@link #isOrderedByTime}. */
    public Instant madeAt() {
        return Instant.ofEpochMilli(value.getMostSignificantBits() >>> 16);
    }

    /** By age, oldest first. Unsigned, because {@link UUID#compareTo} takes an id with its top bit set for older. */
    @Override
    public int compareTo(TransactionId other) {
        int high = Long.compareUnsigned(value.getMostSignificantBits(), other.value.getMostSignificantBits());
        return high != 0
                ? high
                : Long.compareUnsigned(value.getLeastSignificantBits(), other.value.getLeastSignificantBits());
    }

    @Override
    public String toString() {
        return value.toString();
    }
}

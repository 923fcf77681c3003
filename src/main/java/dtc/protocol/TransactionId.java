package dtc.protocol;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The id of a transaction. The coordinator generates UUIDs of version 7, which begin with a timestamp, so their natural
 * order is by age.
 */
public record TransactionId(UUID value) implements Comparable<TransactionId> {

    private static final Pattern CANONICAL =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

    /** Parses the canonical 36 characters. Empty for other text, which {@link UUID#fromString} partly accepts. */
    public static Optional<TransactionId> parse(String text) {
        return CANONICAL.matcher(text).matches()
                ? Optional.of(new TransactionId(UUID.fromString(text)))
                : Optional.empty();
    }

    /** Whether this transaction began before the other. In a lock conflict, only the older transaction may wait. */
    public boolean isOlderThan(TransactionId other) {
        return compareTo(other) < 0;
    }

    /** Whether the id contains a timestamp. All ids that the coordinator generates do. */
    public boolean isOrderedByTime() {
        return value.version() == 7;
    }

    /** The timestamp of the id, by the clock of its generator. Valid only if {@link #isOrderedByTime}. */
    public Instant madeAt() {
        return Instant.ofEpochMilli(value.getMostSignificantBits() >>> 16);
    }

    /** Orders by age, oldest first. Unsigned, unlike {@link UUID#compareTo}. */
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

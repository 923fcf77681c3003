package dtc.protocol;

import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * The id of a transaction. The coordinator generates UUIDs of version 7 (RFC 9562), which begin with a timestamp, so
 * they sort by age. The bits that the standard leaves free identify the log that issued the id:
 *
 * <pre>
 * unix_ts_ms  48 bits  milliseconds since 1970, by the clock of the coordinator
 * rand_a      12 bits  a counter within the millisecond
 * rand_b      62 bits  tag of the log 16, epoch 24, random 22
 * </pre>
 */
public record TransactionId(UUID value) implements Comparable<TransactionId> {

    /** The maximum of {@link #timeMillis} in a generated id, in the year 6429. Ids of clients must be earlier. */
    public static final long TIME_MILLIS_MAX = (1L << 47) - 1;

    public static final int COUNTER_MAX = 0xFFF;
    public static final int TAG_MAX = 0xFFFF;
    public static final int EPOCH_MAX = 0xFFFFFF;
    private static final int RANDOM_BITS = 22;

    private static final long VERSION_7 = 0x7000;
    private static final long VARIANT = 0b10L << 62;

    private static final int CANONICAL_CHARS = 36;

    /**
     * Creates an id. {@code random} may have any value; its lowest 22 bits are used.
     *
     * @throws IllegalArgumentException if another argument is out of range
     */
    public static TransactionId of(long timeMillis, int counter, int tag, int epoch, int random) {
        if (timeMillis < 0
                || timeMillis > TIME_MILLIS_MAX
                || counter < 0
                || counter > COUNTER_MAX
                || tag < 0
                || tag > TAG_MAX
                || epoch < 0
                || epoch > EPOCH_MAX) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "out of range: time %d, counter %d, tag %d or epoch %d",
                    timeMillis,
                    counter,
                    tag,
                    epoch));
        }
        long low = (long) tag << 46 | (long) epoch << RANDOM_BITS | (random & ((1 << RANDOM_BITS) - 1));
        return new TransactionId(new UUID(timeMillis << 16 | VERSION_7 | counter, VARIANT | low));
    }

    /**
     * Parses the canonical form of 36 characters. Returns empty for any other text, even if {@link UUID#fromString}
     * accepts it.
     */
    public static Optional<TransactionId> parse(String text) {
        return isCanonical(text) ? Optional.of(new TransactionId(UUID.fromString(text))) : Optional.empty();
    }

    private static boolean isCanonical(String text) {
        if (text.length() != CANONICAL_CHARS) {
            return false;
        }
        for (int i = 0; i < CANONICAL_CHARS; i++) {
            char c = text.charAt(i);
            boolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;
            if (hyphen ? c != '-' : !HexFormat.isHexDigit(c)) {
                return false;
            }
        }
        return true;
    }

    /** Whether this transaction began before the other. In a lock conflict, only the older transaction may wait. */
    public boolean isOlderThan(TransactionId other) {
        return compareTo(other) < 0;
    }

    /** Whether the id contains a timestamp and is ordered by it. True for all ids that the coordinator generates. */
    public boolean isTimeOrdered() {
        return value.version() == 7;
    }

    /** Milliseconds since 1970, by the clock of the generator. Valid only if {@link #isTimeOrdered}. */
    public long timeMillis() {
        return value.getMostSignificantBits() >>> 16;
    }

    /** The tag of the log that issued the id. Random for ids of other generators. */
    public int tag() {
        return (int) (value.getLeastSignificantBits() >>> 46) & TAG_MAX;
    }

    /** The epoch of the log in which the id was issued. Random for ids of other generators. */
    public int epoch() {
        return (int) (value.getLeastSignificantBits() >>> RANDOM_BITS) & EPOCH_MAX;
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

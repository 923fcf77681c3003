package dtc.resource;

/**
 * The limits of a {@link Dictionary}.
 *
 * @param stagedTransactionsMax transactions that have not ended
 * @param stagedCharsMax characters of keys and values in all staged writes
 * @param storedCharsMax characters of keys and values in all committed entries; {@link #UNLIMITED} if the entries are
 *     not in memory
 * @param outcomesMax remembered outcomes
 */
public record DictionaryLimits(int stagedTransactionsMax, long stagedCharsMax, long storedCharsMax, int outcomesMax) {

    public static final long UNLIMITED = Long.MAX_VALUE;

    public DictionaryLimits {
        if (stagedTransactionsMax < 0 || stagedCharsMax < 0 || storedCharsMax < 0 || outcomesMax < 0) {
            throw new IllegalArgumentException("a limit is negative");
        }
    }

    boolean hasStoredCharsMax() {
        return storedCharsMax != UNLIMITED;
    }
}

package dtc.resource;

/**
 * How much a resource manager holds.
 *
 * @param stagedTransactionsMax transactions with staged writes
 * @param stagedCharsMax characters of keys and values in all staged writes
 * @param storedCharsMax characters of keys and values in all committed entries
 * @param endedMax outcomes remembered
 */
public record Limits(int stagedTransactionsMax, long stagedCharsMax, long storedCharsMax, int endedMax) {}

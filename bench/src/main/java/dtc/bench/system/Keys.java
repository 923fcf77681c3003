package dtc.bench.system;

/** Which key a transaction writes, at each of its participants the same. */
public record Keys(int count) {

    /** So many that transactions under way at once do not meet. */
    public static final Keys MANY = new Keys(100_000);

    /** So few that they meet all the time. */
    public static final Keys HOT = new Keys(16);

    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

    String of(long transaction) {
        // Many keys come in turn, so that none comes again while it is held; hot ones come scattered.
        long key = count == HOT.count ? (transaction * GOLDEN_RATIO) >>> 32 : transaction;
        return "key-" + Long.remainderUnsigned(key, count);
    }
}

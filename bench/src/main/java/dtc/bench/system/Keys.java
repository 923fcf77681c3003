package dtc.bench.system;

/** The key that a transaction writes, the same at each participant. */
public record Keys(int count) {

    /** So many that concurrent transactions do not conflict. */
    public static final Keys MANY = new Keys(100_000);

    /** So few that concurrent transactions conflict. */
    public static final Keys HOT = new Keys(16);

    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

    String of(long transaction) {
        // Many keys are used in turn, so that none is used again while it is locked; hot ones in random order.
        long key = count == HOT.count ? (transaction * GOLDEN_RATIO) >>> 32 : transaction;
        return "key-" + Long.remainderUnsigned(key, count);
    }
}

package dtc.runtime.coordinator;

import dtc.log.LogIdentity;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Generates transaction ids in increasing order. If the clock is behind the newest id, the next id has the same time
 * and a higher counter, so ids stay ordered even if the clock is set back. Thread-safe.
 */
public final class TransactionIds implements Supplier<TransactionId> {

    private final Time time;
    private final int tag;
    private final int epoch;
    private final RandomGenerator random;
    /** The time and the counter of the newest id. Guarded by this. */
    private long newestMillis;

    private int newestCounter;

    /** @param identity the identity of the decision log; null if the log has none: tag and epoch are then random */
    public TransactionIds(Time time, @Nullable LogIdentity identity, RandomGenerator random) {
        this.time = time;
        this.tag = identity == null ? random.nextInt(TransactionId.TAG_MAX + 1) : identity.tag();
        this.epoch = identity == null ? random.nextInt(TransactionId.EPOCH_MAX + 1) : identity.epoch();
        this.random = random;
    }

    /**
     * Makes all later ids newer than {@code earlier}. Used for the ids in the log and for those that a resource manager
     * has forgotten: it refuses older ones, because it may also have forgotten them. Ignores ids that are not ordered
     * by time or are out of range.
     */
    public synchronized void continueAfter(TransactionId earlier) {
        if (earlier.isTimeOrdered()
                && earlier.timeMillis() >= newestMillis
                && earlier.timeMillis() < TransactionId.TIME_MILLIS_MAX) {
            newestMillis = earlier.timeMillis();
            newestCounter = TransactionId.COUNTER_MAX;
        }
    }

    @Override
    public synchronized TransactionId get() {
        long now = time.now().toEpochMilli();
        if (now > newestMillis && now <= TransactionId.TIME_MILLIS_MAX) {
            newestMillis = now;
            newestCounter = 0;
        } else if (newestCounter < TransactionId.COUNTER_MAX) {
            newestCounter++;
        } else {
            newestMillis++;
            newestCounter = 0;
        }
        return TransactionId.of(newestMillis, newestCounter, tag, epoch, random.nextInt());
    }

    /** How far the newest id is ahead of the clock, in milliseconds; 0 if it is not. For health and metrics. */
    public synchronized long aheadMillis() {
        return Math.max(0, newestMillis - time.now().toEpochMilli());
    }
}

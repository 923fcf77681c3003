package dtc.app;

import com.github.f4b6a3.uuid.factory.standard.TimeOrderedEpochFactory;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.util.function.Supplier;

/**
 * Generates UUIDs of version 7 in increasing order. Their time is the clock at the start plus the elapsed time, so it
 * never goes back. Resource managers would treat an id out of order as old, and refuse it because its outcome may have
 * been evicted.
 */
final class TransactionIds implements Supplier<TransactionId> {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Time time;
    private final long startNanos;
    private final TimeOrderedEpochFactory factory;
    /** Guarded by this. */
    private long startMillis;

    TransactionIds(Time time) {
        this.time = time;
        this.startNanos = time.nanos();
        this.startMillis = time.now().toEpochMilli();
        this.factory = TimeOrderedEpochFactory.builder()
                .withIncrementPlus1()
                .withTimeFunction(this::millis)
                .build();
    }

    private synchronized long millis() {
        return startMillis + (time.nanos() - startNanos) / NANOS_PER_MILLI;
    }

    /**
     * Makes all later ids newer than {@code earlier}, which was generated before a restart, even if the clock was set
     * back.
     */
    synchronized void continueAfter(TransactionId earlier) {
        long millis = earlier.madeAt().toEpochMilli();
        if (earlier.isOrderedByTime() && millis >= millis()) {
            startMillis = startMillis + millis + 1 - millis();
        }
    }

    @Override
    public TransactionId get() {
        return new TransactionId(factory.create());
    }
}

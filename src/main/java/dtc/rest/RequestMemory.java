package dtc.rest;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits the memory for large request bodies and large responses. Small ones are not counted, because each connection
 * has one request at a time and the number of connections is limited. Small requests are therefore served even when
 * this limit is reached.
 */
public final class RequestMemory {

    /** Bodies and responses up to this size are small. */
    static final int SMALL_BYTES = 4 << 10;

    /** Shared by all servers of this process, because connections are created before the limit is known. */
    private static final AtomicLong UNSENT_BYTES = new AtomicLong();

    private final long bytesMax;
    private final AtomicLong reservedBytes = new AtomicLong();

    /** @param bytesMax the limit for request bodies, and also for unsent responses */
    public RequestMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** Reserves memory for a request body, or returns false. */
    boolean tryReserve(long bytes) {
        if (reservedBytes.addAndGet(bytes) > bytesMax) {
            reservedBytes.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void release(long bytes) {
        reservedBytes.addAndGet(-bytes);
    }

    /** Whether the unsent responses exceed the limit, so that no large response may be started. */
    boolean hasTooMuchUnsent() {
        return UNSENT_BYTES.get() > bytesMax;
    }

    /** Adds to the number of unsent bytes of large responses. Negative after bytes were sent. */
    static void addUnsent(long bytes) {
        UNSENT_BYTES.addAndGet(bytes);
    }
}

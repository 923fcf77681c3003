package dtc.rest;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits the memory for large request bodies and large responses. Small ones are not counted: each connection has one
 * request at a time, so the limit of connections limits them. Clients with small requests are therefore served even
 * while others use up this limit.
 */
public final class RequestMemory {

    /** Bodies and responses up to this size are small. */
    static final int SMALL_BYTES = 4 << 10;

    /** Of all servers of this process, whose connections are created before the limit is known. */
    private static final AtomicLong UNSENT = new AtomicLong();

    private final long bytesMax;
    private final AtomicLong reserved = new AtomicLong();

    /** @param bytesMax limit for request bodies, and the same for responses that are not sent yet */
    public RequestMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** Reserves memory for a request body, or returns false. */
    boolean tryReserve(long bytes) {
        if (reserved.addAndGet(bytes) > bytesMax) {
            reserved.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void release(long bytes) {
        reserved.addAndGet(-bytes);
    }

    /** Whether so much is not sent yet that no large response may be begun. */
    boolean hasTooMuchUnsent() {
        return UNSENT.get() > bytesMax;
    }

    /** Counts the bytes of a large response until they are sent; a negative number afterwards. */
    static void countUnsent(long bytes) {
        UNSENT.addAndGet(bytes);
    }
}

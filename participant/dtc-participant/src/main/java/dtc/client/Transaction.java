package dtc.client;

import java.time.Duration;
import java.time.Instant;

/** An active transaction. Thread-safe. */
public final class Transaction {

    private final DtcClient client;
    private final String id;
    private final Instant expiresAt;
    private final long deadlineNanos;

    Transaction(DtcClient client, String id, Instant expiresAt, long deadlineNanos) {
        this.client = client;
        this.id = id;
        this.expiresAt = expiresAt;
        this.deadlineNanos = deadlineNanos;
    }

    /** Returns the id, the value of the header {@value TransactionContext#HEADER}. */
    public String id() {
        return id;
    }

    /** Returns when the coordinator rolls the transaction back, by its clock. */
    public Instant expiresAt() {
        return expiresAt;
    }

    /** Returns the time until then, independent of clocks; zero if it has passed. */
    public Duration remaining() {
        long nanos = deadlineNanos - System.nanoTime();
        return nanos > 0 ? Duration.ofNanos(nanos) : Duration.ZERO;
    }

    /**
     * Has a resource manager stage a write.
     *
     * @param value JSON
     */
    public void write(String resourceManager, String key, String value) {
        client.write(id, resourceManager, key, value);
    }

    /** Prevents the commit. */
    public void setRollbackOnly(String reason) {
        client.rollbackOnly(id, reason);
    }
}

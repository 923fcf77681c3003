package dtc.runtime;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A registered resource manager.
 *
 * @param url base of its paths, without a trailing slash
 * @param instance identifies its state; changes at each start of a resource manager that stores nothing
 * @param superseded earlier instances, newest first; delayed messages from them may still arrive
 * @param features optional parts of the protocol that it supports
 * @param generation increases whenever a resource manager registers for the first time, after its lease has lapsed, or
 *     with another URL or instance; 0 if it was read from the log and has not registered since. A connection that was
 *     opened in an earlier generation may lead to another process.
 * @param displaced whether another resource manager has registered its URL after its lease had lapsed. Nothing is sent
 *     to it until it registers again.
 * @param renewedAtNanos {@link Time#nanos} of the last renewal, at which the lease started
 */
public record Registration(
        String id,
        String url,
        UUID instance,
        List<UUID> superseded,
        Set<String> features,
        long generation,
        boolean displaced,
        Instant registeredAt,
        Instant renewedAt,
        long renewedAtNanos) {

    /**
     * Supports one-phase commit: a commit without a vote. After a lost answer, a rollback returns the outcome (ADR 3).
     */
    public static final String ONE_PHASE = "one-phase";

    /** Each request gets exactly one answer, so connections can be reused (ADR 7). */
    public static final String KEEP_ALIVE = "keep-alive";

    /** Accepts several messages in one request. */
    public static final String BATCH = "batch";

    /** Accepts writes in the prepare message. */
    public static final String PREPARE_WITH_WRITES = "prepare-with-writes";

    /** Accepts deletes and conditions. */
    public static final String CONDITIONS = "conditions";

    /** Version 2 of the contract: replies contain the transaction id. */
    public static final String CONTRACT_2 = "contract-2";

    /**
     * Whether it has registered with this process. Otherwise it was read from the log, and a different process may be
     * using its URL now.
     */
    public boolean isConfirmed() {
        return generation > 0;
    }

    public boolean supportsBatches() {
        return features.contains(BATCH);
    }

    public boolean supportsWritesWithPrepare() {
        return features.contains(PREPARE_WITH_WRITES);
    }

    public boolean supportsConditions() {
        return features.contains(CONDITIONS);
    }

    public boolean supportsKeepAlive() {
        return features.contains(KEEP_ALIVE);
    }

    /** Whether it refuses messages that are addressed to another instance. Part of the feature {@link #ONE_PHASE}. */
    public boolean checksInstance() {
        return supportsOnePhase();
    }

    /** Returns a copy that addresses messages to the given instance, which may be an earlier one. */
    public Registration withInstance(UUID otherInstance) {
        return otherInstance.equals(instance) ? this : copyWith(otherInstance, displaced);
    }

    Registration withDisplaced() {
        return copyWith(instance, true);
    }

    private Registration copyWith(UUID otherInstance, boolean isDisplaced) {
        return new Registration(
                id,
                url,
                otherInstance,
                superseded,
                features,
                generation,
                isDisplaced,
                registeredAt,
                renewedAt,
                renewedAtNanos);
    }

    /** Whether its replies contain the transaction id. */
    public boolean repliesIncludeTransactionId() {
        return features.contains(CONTRACT_2);
    }

    public boolean supportsOnePhase() {
        return features.contains(ONE_PHASE);
    }
}

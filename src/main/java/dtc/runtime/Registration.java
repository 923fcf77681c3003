package dtc.runtime;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A resource manager as it registered itself.
 *
 * @param url the base of its paths, without a slash at its end
 * @param instance new for each start of one that keeps nothing across a restart
 * @param superseded the instances before this one, newest first: their messages may still be on the way
 * @param features what it can do beyond the plain contract
 * @param renewedAtNanos {@link Time#nanos} of the last renewal, which the lease counts from
 */
public record Registration(
        String id,
        String url,
        UUID instance,
        List<UUID> superseded,
        Set<String> features,
        Instant registeredAt,
        Instant renewedAt,
        long renewedAtNanos) {

    /** A commit without a vote before it is one phase, and its lost answer can be had by a rollback (ADR 3). */
    public static final String ONE_PHASE = "one-phase";

    /** Each request gets one answer, so that its connections can be used again (ADR 7). */
    public static final String KEEP_ALIVE = "keep-alive";

    /** Takes several messages in one request, each with an answer of its own. */
    public static final String BATCH = "batch";

    /** Takes writes along with the request for the vote. */
    public static final String PREPARE_WITH_WRITES = "prepare-with-writes";

    public boolean takesBatches() {
        return features.contains(BATCH);
    }

    public boolean takesWritesWithPrepare() {
        return features.contains(PREPARE_WITH_WRITES);
    }

    public boolean keepsAlive() {
        return features.contains(KEEP_ALIVE);
    }

    /**
     * Part of what {@link #ONE_PHASE} promises: a message for another instance is answered as that, and not carried
     * out.
     */
    public boolean heedsInstance() {
        return canCommitInOnePhase();
    }

    /** The same, for messages to that instance, which may be an earlier one. */
    Registration as(UUID addressee) {
        return addressee.equals(instance)
                ? this
                : new Registration(id, url, addressee, superseded, features, registeredAt, renewedAt, renewedAtNanos);
    }

    public boolean canCommitInOnePhase() {
        return features.contains(ONE_PHASE);
    }
}

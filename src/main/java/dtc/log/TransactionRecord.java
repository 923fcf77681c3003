package dtc.log;

import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is recorded of a transaction: enough to go on with it, or to answer for it, after a restart. The newest record
 * of a transaction is the one that stands. Times are kept in whole milliseconds, and of a long reason the beginning.
 *
 * @param state {@code COMMITTING}: commit is decided. {@code PREPARING}: left to the only participant, which commits in
 *     one phase or not at all. {@code COMMITTED}, {@code ROLLED_BACK}, {@code HEURISTIC}: it has ended so. A decision
 *     to roll back is never recorded before its end: it is presumed where there is no record.
 * @param decision what a participant in doubt is told
 * @param participants in the order of their enlisting
 * @param resolution that an operator has looked after its heuristic outcome
 */
public record TransactionRecord(
        TransactionId id,
        State state,
        Outcome decision,
        Origin origin,
        Instant startedAt,
        Instant expiresAt,
        @Nullable Instant decidedAt,
        @Nullable Instant finishedAt,
        @Nullable Cause cause,
        @Nullable String reason,
        List<Member> participants,
        @Nullable Resolution resolution) {

    public record Member(
            String resourceManager,
            UUID instance,
            State state,
            @Nullable Vote vote,
            @Nullable String reason) {}

    /** Whether somebody is still to be told. */
    public boolean isOpen() {
        return switch (state) {
            case COMMITTING, PREPARING -> true;
            case COMMITTED, ROLLED_BACK, HEURISTIC -> false;
            case ACTIVE, MARKED_ROLLBACK, PREPARED, ROLLING_BACK ->
                throw new IllegalStateException(id + ": " + state + " is never recorded");
        };
    }
}

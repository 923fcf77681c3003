package dtc.coordinator;

import dtc.protocol.Ballot;
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
 * The part of a transaction that is written to the decision log. After a restart, it is sufficient to finish the
 * transaction or to return its outcome. Only the newest record of a transaction is valid. Times are stored in
 * milliseconds, and long reasons are truncated.
 *
 * @param state {@code COMMITTING}: commit is decided. {@code PREPARING}: the only participant decides in a one-phase
 *     commit. {@code COMMITTED}, {@code ROLLED_BACK}, {@code HEURISTIC}: the transaction has ended. A transaction
 *     without a record is presumed rolled back.
 * @param decision the outcome that is returned to a participant in doubt
 * @param participants in order of enlistment
 * @param resolution how an operator resolved a heuristic outcome; null if unresolved
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
        List<ParticipantRecord> participants,
        @Nullable Resolution resolution) {

    /** The recorded part of a participant. */
    public record ParticipantRecord(
            String resourceManager,
            UUID instance,
            State state,
            @Nullable Vote vote,
            @Nullable String reason,
            @Nullable Resolution givenUp) {

        private static ParticipantRecord of(Participant p) {
            return new ParticipantRecord(
                    p.resourceManager(),
                    p.instance(),
                    p.state(),
                    p.ballot() == null ? null : p.ballot().vote(),
                    p.reason(),
                    p.givenUp());
        }

        Participant recover() {
            Ballot ballot = vote == null
                    ? null
                    : switch (vote) {
                        case COMMIT -> Ballot.COMMIT;
                        case READ_ONLY -> Ballot.READ_ONLY;
                        case ABORT -> Ballot.abort(String.valueOf(reason));
                    };
            return new Participant(
                    resourceManager, instance, true, state, ballot, reason, 0, 0, false, givenUp, List.of());
        }
    }

    /** Returns the record of a transaction. For a commit, pass the state that follows once the record is durable. */
    static TransactionRecord of(Transaction t) {
        ParticipantRecord[] participants =
                new ParticipantRecord[t.participants().size()];
        for (int i = 0; i < participants.length; i++) {
            participants[i] = ParticipantRecord.of(t.participants().get(i));
        }
        return new TransactionRecord(
                t.id(),
                t.state().externalState(),
                t.decision(),
                t.origin(),
                t.startedAt(),
                t.expiresAt(),
                t.decidedAt(),
                t.finishedAt(),
                t.cause(),
                t.reason(),
                List.of(participants),
                t.resolution());
    }

    /** Whether the outcome has not been delivered to all participants. */
    public boolean isOpen() {
        return switch (state) {
            case COMMITTING, PREPARING -> true;
            case COMMITTED, ROLLED_BACK, HEURISTIC -> false;
            case ACTIVE, MARKED_ROLLBACK, PREPARED, ROLLING_BACK ->
                throw new IllegalStateException(id + ": " + state + " is never recorded");
        };
    }
}

package dtc.coordinator;

import dtc.coordinator.TransactionRecord.ParticipantRecord;
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

/** Transaction records for tests. */
public final class SampleRecords {

    static final Instant START = Instant.parse("2026-11-23T10:00:00.123Z");

    private static final UUID INSTANCE = UUID.fromString("7b0c4f0e-6f0c-4f57-9a1e-0d8f1f2f9f10");

    private SampleRecords() {}

    public static TransactionId id(long number) {
        return new TransactionId(new UUID(0x0199_f2d4_0000_7000L, 0x8000_0000_0000_0000L | number));
    }

    /** A decided commit that was delivered to neither of two participants. */
    public static TransactionRecord committing(long number) {
        return new TransactionRecord(
                id(number),
                State.COMMITTING,
                Outcome.COMMIT,
                Origin.ANONYMOUS,
                START.plusMillis(number),
                START.plusMillis(number).plusSeconds(30),
                START.plusMillis(number + 20),
                null,
                Cause.VOTED,
                null,
                List.of(
                        new ParticipantRecord("orders", INSTANCE, State.COMMITTING, Vote.COMMIT, null, null),
                        new ParticipantRecord("payments", INSTANCE, State.COMMITTING, Vote.COMMIT, null, null)),
                null);
    }

    public static TransactionRecord committed(long number) {
        TransactionRecord decided = committing(number);
        return new TransactionRecord(
                decided.id(),
                State.COMMITTED,
                Outcome.COMMIT,
                decided.origin(),
                decided.startedAt(),
                decided.expiresAt(),
                decided.decidedAt(),
                START.plusMillis(number + 50),
                Cause.VOTED,
                null,
                decided.participants().stream()
                        .map(participant -> new ParticipantRecord(
                                participant.resourceManager(),
                                participant.instance(),
                                State.COMMITTED,
                                Vote.COMMIT,
                                null,
                                null))
                        .toList(),
                null);
    }

    public static TransactionRecord rolledBack(long number, String reason) {
        return new TransactionRecord(
                id(number),
                State.ROLLED_BACK,
                Outcome.ROLLBACK,
                Origin.ANONYMOUS,
                START,
                START.plusSeconds(30),
                null,
                START.plusMillis(7),
                Cause.VOTE_ABORT,
                reason,
                List.of(new ParticipantRecord("orders", INSTANCE, State.ROLLED_BACK, Vote.ABORT, reason, null)),
                null);
    }

    /** A record with all optional fields except a resolution. */
    public static TransactionRecord full(
            long number, State state, Outcome decision, Cause cause, State participantState, Vote vote) {
        return new TransactionRecord(
                id(number),
                state,
                decision,
                new Origin("client-é-\uD83D\uDE80", new Origin.Request("key-" + number, "sha256:00ff")),
                START,
                START.plusSeconds(30),
                START.plusMillis(1),
                START.plusMillis(2),
                cause,
                "because",
                List.of(
                        new ParticipantRecord("stock", INSTANCE, participantState, vote, "of that", null),
                        new ParticipantRecord("orders", new UUID(1, 2), participantState, null, null, null)),
                null);
    }

    /** A record without optional fields. */
    public static TransactionRecord bare(long number) {
        return new TransactionRecord(
                id(number),
                State.COMMITTED,
                Outcome.COMMIT,
                Origin.ANONYMOUS,
                START,
                START,
                null,
                null,
                null,
                null,
                List.of(),
                null);
    }

    /** A resolved heuristic outcome. */
    public static TransactionRecord resolved(long number) {
        TransactionRecord open =
                full(number, State.HEURISTIC, Outcome.COMMIT, Cause.LOST, State.HEURISTIC, Vote.COMMIT);
        return new TransactionRecord(
                open.id(),
                open.state(),
                open.decision(),
                open.origin(),
                open.startedAt(),
                open.expiresAt(),
                open.decidedAt(),
                open.finishedAt(),
                open.cause(),
                open.reason(),
                open.participants(),
                new Resolution("alice-é", START.plusMillis(9), "booked by hand"));
    }
}

package dtc.runtime;

import dtc.coordinator.Participant;
import dtc.coordinator.RecordCodec;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionRecord.Member;
import dtc.coordinator.TransactionState;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Converts transactions to records of the log, and back. */
final class Records {

    private Records() {}

    /** The decision to commit, or to let the only participant decide. */
    static LogRecord decision(Transaction t, Instant decidedAt) {
        return switch (t.state()) {
            case DECIDING ->
                record(
                        t,
                        State.COMMITTING,
                        Outcome.COMMIT,
                        decidedAt,
                        p -> p.isReadOnly() ? State.COMMITTED : State.COMMITTING);
            case DELEGATING -> record(t, State.PREPARING, Outcome.PENDING, null, Participant::state);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DELEGATED, RESOLVING, COMMITTING, COMMITTED ->
                throw new IllegalStateException("no decision in " + t.state());
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> throw new IllegalStateException("no decision in " + t.state());
        };
    }

    /** The outcome of a finished transaction. */
    static LogRecord end(Transaction t) {
        return record(t, t.state().shown(), t.decision(), t.decidedAt(), Participant::state);
    }

    private static LogRecord record(
            Transaction t,
            State state,
            Outcome decision,
            @Nullable Instant decidedAt,
            Function<Participant, State> stateOf) {
        TransactionRecord r = new TransactionRecord(
                t.id(),
                state,
                decision,
                t.origin(),
                t.startedAt(),
                t.expiresAt(),
                decidedAt,
                t.finishedAt(),
                t.cause(),
                t.reason(),
                t.participants().stream()
                        .map(p -> new Member(
                                p.resourceManager(),
                                p.instance(),
                                stateOf.apply(p),
                                p.ballot() == null ? null : p.ballot().vote(),
                                p.reason()))
                        .toList(),
                t.resolution());
        return new LogRecord(
                r.id(), RecordCodec.encode(r), r.isOpen() ? LogRecord.Status.OPEN : LogRecord.Status.ENDED);
    }

    static Transaction recovered(LogRecord logged) {
        TransactionRecord r = RecordCodec.decode(logged.id(), logged.bytes());
        return new Transaction(
                r.id(),
                r.origin(),
                switch (r.state()) {
                    case COMMITTING -> TransactionState.COMMITTING;
                    case PREPARING -> TransactionState.RESOLVING;
                    case COMMITTED -> TransactionState.COMMITTED;
                    case ROLLED_BACK -> TransactionState.ROLLED_BACK;
                    case HEURISTIC -> TransactionState.HEURISTIC;
                    case ACTIVE, MARKED_ROLLBACK, PREPARED, ROLLING_BACK ->
                        throw new IllegalStateException("%s is recorded as %s".formatted(r.id(), r.state()));
                },
                r.decision(),
                r.startedAt(),
                r.expiresAt(),
                r.decidedAt(),
                r.finishedAt(),
                r.cause(),
                r.reason(),
                List.copyOf(r.participants().stream().map(Records::recovered).toList()),
                r.resolution());
    }

    private static Participant recovered(Member m) {
        Ballot ballot = m.vote() == null
                ? null
                : switch (m.vote()) {
                    case COMMIT -> Ballot.COMMIT;
                    case READ_ONLY -> Ballot.READ_ONLY;
                    case ABORT -> Ballot.abort(String.valueOf(m.reason()));
                };
        return new Participant(m.resourceManager(), m.instance(), true, m.state(), ballot, m.reason(), 0, 0, 0, false);
    }
}

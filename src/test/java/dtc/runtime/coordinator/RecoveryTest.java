package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.SampleRecords;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.log.LogRecord;
import dtc.log.memory.MemoryDecisionLog;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.FakeTime;
import dtc.runtime.Registry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecoveryTest {

    private static final Duration RETENTION = Duration.ofHours(1);
    private static final int IN_FLIGHT_MAX = 1;
    private static final Duration LEASE = Duration.ofSeconds(10);

    private final FakeTime time = new FakeTime();
    private final MemoryDecisionLog log = new MemoryDecisionLog();
    private final List<AppliedEvent> applied = new ArrayList<>();
    private final TransactionStore store =
            new TransactionStore(time, new TransactionLimits(IN_FLIGHT_MAX, RETENTION, 10));
    private final Registry registry = new Registry(time, LEASE, 10, url -> !url.contains("forbidden"));
    private final Recovery recovery = new Recovery(store, time, listener(), new Registrations(registry, log));

    @Test
    void all_transactions_are_restored_and_open_ones_are_returned_and_reported() {
        append(SampleRecords.committing(1));
        append(SampleRecords.committed(2));
        append(SampleRecords.resolved(3));
        append(SampleRecords.committing(4));
        List<TransactionEntry> open = recovery.recover(RecordLog.of(log, time));

        assertEquals(
                List.of(id(1), id(4)), open.stream().map(TransactionEntry::id).toList());
        assertEquals(
                List.of(id(1), id(4)),
                applied.stream().map(first -> first.after().id()).toList());
        applied.forEach(first -> assertNull(first.before()));
        assertEquals(TransactionState.COMMITTING, state(1));
        assertEquals(TransactionState.COMMITTED, state(2));
        assertEquals(TransactionState.HEURISTIC, state(3));
        assertEquals(TransactionState.COMMITTING, state(4));
    }

    @Test
    void more_transactions_than_the_limit_are_restored_and_no_new_one_begins_until_they_have_ended() {
        append(SampleRecords.committing(1));
        append(SampleRecords.committing(2));
        assertEquals(2, recovery.recover(RecordLog.of(log, time)).size());
        assertNotNull(store.inFlight().reserve(null));
    }

    @Test
    void the_uptime_of_earlier_processes_counts_for_retention() {
        append(SampleRecords.committed(1), Duration.ofSeconds(5));
        append(SampleRecords.committed(2), Duration.ofSeconds(5).plus(RETENTION).minusSeconds(10));
        recovery.recover(RecordLog.of(log, time));
        time.advance(Duration.ofSeconds(9));
        assertNotNull(store.find(id(1)));
        time.advance(Duration.ofSeconds(2));
        assertNull(store.find(id(1)));
        assertNotNull(store.find(id(2)));
        assertEquals(1, replayed().size(), "it is removed from the log too");
    }

    @Test
    void a_transaction_whose_age_is_not_known_is_kept_as_if_it_had_just_finished() {
        append(SampleRecords.committed(1), Duration.ZERO);
        append(SampleRecords.committed(2), RETENTION.multipliedBy(9));
        assertTrue(finishedAt(SampleRecords.committed(1)).isAfter(time.now()), "the clock was set back");
        recovery.recover(RecordLog.of(log, time));
        time.advance(RETENTION.minusSeconds(1));
        assertNotNull(store.find(id(1)));
        time.advance(Duration.ofSeconds(2));
        assertNull(store.find(id(1)));
    }

    @Test
    void a_participant_has_been_in_doubt_since_the_decision_before_the_restart() {
        TransactionRecord decided = SampleRecords.committing(1);
        append(decided);
        assertNotNull(decided.decidedAt());
        timeIs(decided.decidedAt().plusSeconds(90));
        recovery.recover(RecordLog.of(log, time));
        assertEquals(Duration.ofSeconds(90), store.oldestInDoubt(time.nanos()));
    }

    /** Presuming an outcome for it could contradict what was sent before. */
    @Test
    void a_record_that_cannot_be_read_or_is_inconsistent_fails_the_recovery() {
        log.appendLazily(new LogRecord(id(1), ByteBuffer.wrap(new byte[] {99}), LogRecord.Kind.OPEN));
        assertThrows(IllegalArgumentException.class, () -> recovery.recover(RecordLog.of(log, time)));
        log.forget(id(1));
        append(new TransactionRecord(
                id(1),
                State.COMMITTING,
                Outcome.ROLLBACK,
                SampleRecords.committing(1).origin(),
                time.now(),
                time.now(),
                time.now(),
                null,
                null,
                null,
                List.of(),
                null));
        assertThrows(IllegalArgumentException.class, () -> recovery.recover(RecordLog.of(log, time)));
    }

    private void append(TransactionRecord record) {
        append(record, Duration.ZERO);
    }

    private void append(TransactionRecord record, Duration observed) {
        LogRecord.Kind status = record.isOpen() ? LogRecord.Kind.OPEN : LogRecord.Kind.ENDED;
        log.appendLazily(new LogRecord(record.id(), RecordCodec.encode(record, observed.toMillis()), status));
    }

    private List<LogRecord> replayed() {
        List<LogRecord> all = new ArrayList<>();
        log.replay(all::add);
        return all;
    }

    private void timeIs(Instant now) {
        time.advance(Duration.between(time.now(), now));
    }

    private TransactionState state(int number) {
        TransactionEntry entry = store.find(id(number));
        assertNotNull(entry);
        return entry.transaction().state();
    }

    private static Instant finishedAt(TransactionRecord record) {
        assertNotNull(record.finishedAt());
        return record.finishedAt();
    }

    private TransactionListener listener() {
        return new TransactionListener() {
            @Override
            public void applied(AppliedEvent event) {
                applied.add(event);
            }
        };
    }

    private static TransactionId id(int number) {
        return SampleRecords.id(number);
    }
}

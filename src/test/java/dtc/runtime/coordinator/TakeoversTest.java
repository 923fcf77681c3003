package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.SampleRecords;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.log.LogRecord;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TakeoversTest {

    private static final int OWN = 7;
    private static final int OTHER = 3;
    private static final int TAG = 0x1234;

    private final FakeLog own = new FakeLog(TAG, OWN);
    private final FakeLog other = new FakeLog(TAG, OTHER);
    private final DriverFixture fixture = new DriverFixture(own);
    private final HeldLogs logs = new HeldLogs(fixture.recordLog);
    private final Inquiries inquiries = new Inquiries(logs, fixture.store);
    private final Registrations registrations = new Registrations(fixture.registry, own);
    private final Takeovers takeovers = new Takeovers(
            logs,
            fixture.store,
            fixture.driver,
            new Recovery(fixture.store, fixture.time, new TransactionListener() {}, registrations),
            fixture.time);

    @BeforeEach
    void register() {
        for (String name : List.of("orders", "payments")) {
            fixture.registry.register(
                    name,
                    "http://" + name + ":1",
                    SampleRecords.committing(1).participants().getFirst().instance(),
                    Set.of());
        }
        fixture.participants.holding = true;
    }

    private LogRecord append(TransactionRecord record) {
        LogRecord encoded = LogRecords.encode(record, new ObservedTime(fixture.time));
        other.append(encoded);
        return encoded;
    }

    private static TransactionId id(int number, int epoch) {
        return TransactionId.of(1_000 + number, 0, TAG, epoch, 0);
    }

    private TransactionState state(TransactionId id) {
        return Objects.requireNonNull(fixture.store.find(id)).transaction().state();
    }

    @Test
    void commits_are_delivered_while_the_log_is_read_and_the_replies_wait() {
        TransactionRecord record = SampleRecords.committing(1);
        takeovers.deliverEarly(OTHER, append(record));
        fixture.time.advance(Duration.ofSeconds(1));
        assertEquals(List.of("Commit orders alone", "Commit payments alone"), fixture.participants.sent);
        fixture.participants.answer("Commit orders", new Reply.Acknowledged());
        assertNull(fixture.store.find(record.id()));

        assertEquals(1, takeovers.complete(OTHER, other));
        assertEquals(TransactionState.COMMITTING, state(record.id()));
        fixture.participants.answer("Commit payments", new Reply.Acknowledged());
        assertEquals(TransactionState.COMMITTED, state(record.id()));
        assertEquals(LogRecord.Kind.ENDED, other.records().getFirst().kind(), "the end is in the log of the number");
        assertEquals(
                List.of(),
                own.records().stream()
                        .filter(one -> one.kind() != LogRecord.Kind.REGISTRATION)
                        .toList());
    }

    @Test
    void a_commit_that_was_not_delivered_early_is_delivered() {
        append(SampleRecords.committing(1));
        assertEquals(1, takeovers.complete(OTHER, other));
        fixture.time.advance(Duration.ofSeconds(1));
        assertEquals(List.of("Commit orders alone", "Commit payments alone"), fixture.participants.sent);
    }

    @Test
    void abort_is_presumed_for_a_number_once_its_log_is_read_and_until_it_is_lost() {
        assertEquals(Outcome.PENDING, inquiries.outcome(id(1, OTHER)).outcome());
        assertEquals(Refusal.Kind.UNDECIDED, logs.absent(id(1, OTHER)).kind());
        takeovers.complete(OTHER, other);
        assertEquals(Outcome.ROLLBACK, inquiries.outcome(id(1, OTHER)).outcome());
        assertEquals(Refusal.Kind.UNKNOWN_TRANSACTION, logs.absent(id(1, OTHER)).kind());
        takeovers.abandon(OTHER);
        assertEquals(Outcome.PENDING, inquiries.outcome(id(1, OTHER)).outcome());
        assertEquals(Outcome.ROLLBACK, inquiries.outcome(id(1, OWN)).outcome());
        assertEquals(0, inquiries.foreignInquiries());
    }

    @Test
    void nothing_is_presumed_for_the_own_number_after_it_was_lost() {
        takeovers.abandon(OWN);
        assertEquals(Outcome.PENDING, inquiries.outcome(id(1, OWN)).outcome());
    }

    @Test
    void only_the_transactions_of_the_lost_number_are_abandoned() {
        TransactionEntry mine = fixture.begin();
        append(SampleRecords.committing(1));
        append(SampleRecords.committed(2));
        takeovers.complete(OTHER, other);
        takeovers.abandon(OTHER);
        assertNull(fixture.store.find(SampleRecords.id(1)));
        assertNull(fixture.store.find(SampleRecords.id(2)));
        assertEquals(mine, fixture.store.find(mine.id()));
        assertEquals(2, other.records().size(), "the records remain");
        fixture.time.advance(Duration.ofMinutes(1));
        assertEquals(List.of(), fixture.participants.sent);
    }

    @Test
    void commits_that_were_delivered_early_are_abandoned_if_the_log_cannot_be_taken_over() {
        takeovers.deliverEarly(OTHER, append(SampleRecords.committing(1)));
        takeovers.abandon(OTHER);
        fixture.time.advance(Duration.ofMinutes(1));
        assertEquals(List.of(), fixture.participants.sent);
    }

    @Test
    void a_number_is_finished_when_the_retention_of_its_transactions_is_over() {
        append(SampleRecords.committed(1));
        takeovers.complete(OTHER, other);
        assertFalse(takeovers.isFinished(OTHER));
        fixture.time.advance(DriverFixture.RETENTION.plusSeconds(1));
        assertTrue(takeovers.isFinished(OTHER));
        assertEquals(List.of(), other.records());
    }
}

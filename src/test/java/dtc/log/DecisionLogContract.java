package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogRecord.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The contract of a decision log. The test class of each implementation extends this class. */
public abstract class DecisionLogContract {

    private static final List<Kind> KINDS = List.of(Kind.values());

    /** The log of this test, empty at its start; the same log at every call. */
    protected abstract DecisionLog log();

    /** The log as the next coordinator finds it: closed and opened again if it outlives the process. */
    protected abstract DecisionLog reopened() throws Exception;

    private List<LogRecord> replayed() throws Exception {
        List<LogRecord> all = new ArrayList<>();
        reopened().replay(all::add);
        return all;
    }

    private void append(LogRecord record) throws Exception {
        assertEquals(
                new AppendResult.Stored(),
                log().append(record).toCompletableFuture().get(10, TimeUnit.SECONDS));
    }

    @Test
    void a_new_log_is_empty_and_refuses_nothing() throws Exception {
        assertNull(log().refusalReason());
        assertEquals(List.of(), replayed());
    }

    @Test
    void a_stored_record_is_replayed() throws Exception {
        append(SampleLogRecords.open(1));

        assertEquals(List.of(SampleLogRecords.open(1)), replayed());
    }

    @Test
    void the_newest_record_of_each_transaction_is_replayed_in_the_order_of_appends() throws Exception {
        append(SampleLogRecords.open(1));
        append(SampleLogRecords.open(2));
        append(SampleLogRecords.open(3));
        log().appendLazily(SampleLogRecords.ended(1));

        assertEquals(
                List.of(SampleLogRecords.open(2), SampleLogRecords.open(3), SampleLogRecords.ended(1)), replayed());
    }

    @Test
    void a_lazy_record_needs_no_record_before_it() throws Exception {
        log().appendLazily(SampleLogRecords.ended(1));

        assertEquals(List.of(SampleLogRecords.ended(1)), replayed());
    }

    @Test
    void a_record_that_ended_can_be_replaced() throws Exception {
        append(SampleLogRecords.ended(1));
        log().appendLazily(SampleLogRecords.record(1, Kind.ENDED, 200));

        assertEquals(List.of(SampleLogRecords.record(1, Kind.ENDED, 200)), replayed());
    }

    @Test
    void a_forgotten_transaction_is_not_replayed() throws Exception {
        append(SampleLogRecords.open(1));
        append(SampleLogRecords.open(2));
        log().appendLazily(SampleLogRecords.ended(1));
        log().forget(SampleLogRecords.id(1));
        log().forget(SampleLogRecords.id(99));

        assertEquals(List.of(SampleLogRecords.open(2)), replayed());
    }

    @Test
    void a_replayed_transaction_can_end() throws Exception {
        append(SampleLogRecords.open(1));
        DecisionLog next = reopened();
        next.replay(_ -> {});
        next.appendLazily(SampleLogRecords.ended(1));

        assertEquals(List.of(SampleLogRecords.ended(1)), replayed());
    }

    @Test
    void records_of_any_length_and_kind_are_replayed_unchanged() throws Exception {
        List<LogRecord> all = new ArrayList<>();
        for (int length = 0; length < 300; length += 7) {
            all.add(SampleLogRecords.record(length, KINDS.get(length % KINDS.size()), length));
        }
        all.add(SampleLogRecords.record(300, Kind.OPEN, 100_000));
        for (LogRecord record : all) {
            append(record);
        }

        assertEquals(all, replayed());
    }

    @Test
    void a_record_that_the_reader_rejects_fails_the_replay_with_the_reason() throws Exception {
        append(SampleLogRecords.open(1));
        DecisionLog next = reopened();

        RuntimeException failure = assertThrows(
                RuntimeException.class,
                () -> next.replay(_ -> {
                    throw new IllegalArgumentException("unknown field 77");
                }));
        assertTrue(String.valueOf(failure.getMessage()).contains("unknown field 77"), failure.toString());
    }

    @Test
    void a_log_is_empty_after_many_transactions_are_forgotten() throws Exception {
        for (int i = 0; i < 1000; i++) {
            append(SampleLogRecords.open(i));
            log().appendLazily(SampleLogRecords.ended(i));
            log().forget(SampleLogRecords.id(i));
        }

        assertEquals(List.of(), replayed());
    }
}

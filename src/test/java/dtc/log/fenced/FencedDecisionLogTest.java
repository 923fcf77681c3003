package dtc.log.fenced;

import static dtc.log.SampleLogRecords.ended;
import static dtc.log.SampleLogRecords.id;
import static dtc.log.SampleLogRecords.open;
import static dtc.log.SampleLogRecords.record;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.DecisionLogContract;
import dtc.log.LogRecord;
import dtc.log.LogRecord.Kind;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FencedDecisionLogTest extends DecisionLogContract {

    private static final AppendResult STORED = new AppendResult.Stored();
    private static final AppendResult FENCED = new AppendResult.Fenced();
    private static final long NEVER_CLEAN = 1L << 40;
    private static final Duration SILENCE = FencedLogFixture.ANSWER_TIMEOUT.plusMillis(1);

    private FencedLogFixture fixture = new FencedLogFixture(NEVER_CLEAN);
    private FencedDecisionLog log = fixture.open();

    private void useCleaning(long bytesMin) {
        fixture = new FencedLogFixture(bytesMin);
        log = fixture.open();
    }

    @Override
    protected DecisionLog log() {
        return log;
    }

    @Override
    protected DecisionLog reopened() {
        FencedLogFixture.get(log.close());
        log = fixture.takeOver();
        return log;
    }

    private static boolean isDone(CompletionStage<?> stage) {
        return stage.toCompletableFuture().isDone();
    }

    private static AppendResult get(CompletionStage<AppendResult> stage) {
        return FencedLogFixture.get(stage);
    }

    private List<CompletionStage<AppendResult>> appendAll(long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(number -> log.append(open(number)))
                .toList();
    }

    private static List<LogRecord> records(long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(number -> open(number))
                .toList();
    }

    // Batches

    @Test
    void records_that_arrive_during_an_append_share_the_next_batches() {
        fixture.steps.stop();
        List<CompletionStage<AppendResult>> results = appendAll(1, 1 + LogBatch.ENTRIES_MAX + 5);
        assertEquals(1, fixture.steps.requests().size(), "one batch at a time");
        fixture.steps.last().execute().answer();
        assertEquals(STORED, get(results.get(0)));
        assertFalse(isDone(results.get(1)));
        fixture.steps.last().execute().answer();
        assertTrue(isDone(results.get(LogBatch.ENTRIES_MAX)));
        assertFalse(isDone(results.get(LogBatch.ENTRIES_MAX + 1)));
        fixture.steps.go();
        fixture.steps.last().execute().answer();

        results.forEach(result -> assertEquals(STORED, get(result)));
        assertEquals(3, fixture.batches());
        assertEquals(records(1, 1 + LogBatch.ENTRIES_MAX + 5), fixture.replayed());
    }

    @Test
    void a_batch_has_a_maximum_size() {
        int length = LogBatch.BYTES_MAX / 3;
        fixture.steps.stop();
        List<LogRecord> records = LongStream.rangeClosed(1, 7)
                .mapToObj(number -> record(number, Kind.OPEN, length))
                .toList();
        records.forEach(log::append);
        fixture.steps.go();
        fixture.steps.last().execute().answer();

        assertEquals(4, fixture.batches(), "1 + 2 + 2 + 2");
        assertEquals(records, fixture.replayed());
    }

    @Test
    void a_record_that_is_too_long_is_refused_and_not_sent() {
        int longest = LogBatch.BYTES_MAX - LogBatch.HEADER_BYTES - LogBatch.ENTRY_HEADER_BYTES;
        fixture.steps.stop();
        assertInstanceOf(AppendResult.Refused.class, get(log.append(record(1, Kind.OPEN, longest + 1))));
        log.appendLazily(record(2, Kind.ENDED, longest + 1));
        assertEquals(List.of(), fixture.steps.requests());
        fixture.steps.go();
        assertEquals(STORED, get(log.append(record(3, Kind.OPEN, longest))));
    }

    @Test
    void lazy_records_wait_for_others() {
        log.appendLazily(ended(1));
        log.appendLazily(ended(2));
        assertEquals(0, fixture.batches());
        assertEquals(STORED, get(log.append(open(3))));
        assertEquals(1, fixture.batches());
        log.appendLazily(ended(4));
        fixture.passLazyDelay();
        assertEquals(2, fixture.batches());
        log.forget(id(4));
        fixture.passLazyDelay();
        assertEquals(List.of(ended(1), ended(2), open(3)), fixture.replayed());
    }

    @Test
    void a_full_batch_of_lazy_records_does_not_wait() {
        for (int i = 1; i <= LogBatch.ENTRIES_MAX; i++) {
            log.appendLazily(ended(i));
        }
        assertEquals(1, fixture.batches());
    }

    @Test
    void decisions_beyond_the_limit_are_refused() {
        fixture.steps.stop();
        List<CompletionStage<AppendResult>> results = appendAll(0, FencedLogFixture.PENDING_MAX);
        assertEquals(
                new AppendResult.Refused("the limit of 500 pending decisions is reached"), get(log.append(open(999))));
        log.appendLazily(ended(0));
        fixture.steps.go();
        fixture.steps.last().execute().answer();
        results.forEach(result -> assertEquals(STORED, get(result)));
        assertEquals(STORED, get(log.append(open(999))));
    }

    @Test
    void a_closed_log_refuses_records() {
        log.appendLazily(ended(1));
        FencedLogFixture.get(log.close());
        assertInstanceOf(AppendResult.Refused.class, get(log.append(open(2))));
        assertEquals(List.of(ended(1)), fixture.replayed());
    }

    // A store that does not answer

    @Test
    void decisions_are_refused_while_the_store_does_not_answer() {
        fixture.steps.stop();
        CompletionStage<AppendResult> sent = log.append(open(1));
        CompletionStage<AppendResult> queued = log.append(open(2));
        log.appendLazily(ended(3));
        fixture.steps.last().lose();
        assertNull(log.refusalReason());
        fixture.time.advance(SILENCE);

        assertEquals("the store of the decision log does not answer: lost", log.refusalReason());
        assertInstanceOf(AppendResult.Refused.class, get(log.append(open(4))));
        assertFalse(isDone(queued));
        log.check();
        assertInstanceOf(AppendResult.Refused.class, get(queued));
        assertFalse(isDone(sent), "it may be stored");

        fixture.steps.go();
        fixture.steps.answerAll();
        assertEquals(STORED, get(sent));
        assertNull(log.refusalReason());
        fixture.passLazyDelay();
        assertEquals(List.of(open(1), ended(3)), fixture.replayed());
    }

    @Test
    void an_idle_log_notices_that_the_store_does_not_answer() {
        fixture.steps.stop();
        log.check();
        assertNull(log.refusalReason());
        fixture.time.advance(SILENCE);
        assertTrue(String.valueOf(log.refusalReason()).contains("does not answer"));
        fixture.steps.answerAll();
        assertNull(log.refusalReason());
    }

    @Test
    void decisions_are_not_begun_while_the_store_is_almost_full() {
        fixture.memory.setUsage(0.81);
        log.check();
        assertEquals(StoreHealth.EXHAUSTED, log.refusalReason());
        assertEquals(STORED, get(log.append(open(1))), "begun earlier");
        fixture.memory.setUsage(0.79);
        log.check();
        assertNull(log.refusalReason());
        assertEquals(
                List.of(
                        "new transactions and commits are refused: the store of the decision log is almost full",
                        "new transactions and commits are accepted again"),
                fixture.notices);
    }

    @Test
    void results_are_unknown_if_the_store_has_lost_data() {
        assertEquals(STORED, get(log.append(open(1))));
        fixture.steps.replace(fixture.memory.copy("another", 1));
        CompletionStage<AppendResult> result = log.append(open(2));
        assertEquals(new AppendResult.Unknown(), get(result));
        assertEquals(new AppendResult.Unknown(), get(log.append(open(3))));
        assertEquals(1, fixture.fatal.size());
        assertTrue(String.valueOf(log.refusalReason()).contains("failed"));
    }

    // Fencing

    @Test
    void all_records_of_a_sealed_number_are_fenced() {
        assertEquals(STORED, get(log.append(open(1))));
        int number = fixture.held.number();
        fixture.steps.stop();
        CompletionStage<AppendResult> sent = log.append(open(2));
        CompletionStage<AppendResult> queued = log.append(open(3));
        fixture.steps.go();
        FencedDecisionLog successor = fixture.takeOver();
        fixture.steps.last().execute().answer();

        assertEquals(List.of(FENCED, FENCED), List.of(get(sent), get(queued)));
        assertEquals(FENCED, get(log.append(open(4))));
        log.appendLazily(ended(1));
        assertEquals(List.of(number), fixture.fenced);
        assertEquals("another process has taken over the log of this process", log.refusalReason());
        assertEquals(List.of(open(1)), FencedLogFixture.replayed(successor));
    }

    @Test
    void an_idle_log_notices_a_seal() {
        log.check();
        assertNull(log.refusalReason());
        fixture.seal();
        log.check();
        assertEquals(FENCED, get(log.append(open(1))));
        assertEquals(List.of(1), fixture.fenced);
        log.check();
        assertEquals(List.of(1), fixture.fenced);
    }

    @Test
    void a_log_that_is_sealed_while_it_is_read_is_not_opened() {
        get(log.append(open(1)));
        fixture.seal();
        FencedStore reader = fixture.process;
        Held held = fixture.held;
        fixture.seal();
        fixture.process = reader;
        fixture.held = held;
        assertEquals(Optional.empty(), FencedLogFixture.get(fixture.opening()));
    }

    @Test
    void records_are_passed_on_before_the_log_is_read_completely() {
        for (int i = 1; i <= 5; i++) {
            get(log.append(open(i)));
        }
        get(log.append(ended(2)));
        fixture.seal();
        fixture.steps.stop();
        CompletionStage<Optional<FencedDecisionLog>> opening = fixture.opening();
        fixture.steps.last().execute().answer();
        assertEquals(List.of(ended(2), open(5)), fixture.early);
        assertFalse(isDone(opening));
        fixture.steps.go();
        fixture.steps.last().execute().answer();

        assertEquals(List.of(ended(2), open(5), open(4), open(3), open(1)), fixture.early);
        assertEquals(
                List.of(open(1), open(3), open(4), open(5), ended(2)),
                FencedLogFixture.replayed(FencedLogFixture.get(opening).orElseThrow()));
    }

    @Test
    void a_batch_of_an_unknown_format_is_reported_with_its_number() {
        get(log.append(open(1)));
        fixture.memory.put(
                fixture.memory.keys("/log/").getFirst(), new StoredValue(ByteBuffer.wrap(new byte[] {2, 0, 0})));
        Exception failure = assertThrows(IllegalStateException.class, () -> fixture.takeOver());
        assertTrue(
                failure.toString().contains("batch 1 of number 1 cannot be read: format 2 is not supported"),
                failure.toString());
    }

    @Test
    void the_identity_has_the_tag_of_the_store_and_the_number() {
        var identity = fixture.takeOver().identity();
        assertEquals(fixture.process.identity().tag(), identity.tag());
        assertEquals(List.of(1, 1), List.of(identity.firstEpoch(), identity.epoch()));
    }

    // Cleaning

    @Test
    void a_log_is_cleaned_when_it_is_much_longer_than_its_live_records() {
        useCleaning(2_000);
        get(log.append(open(0)));
        for (int i = 1; i <= 1_000; i++) {
            get(log.append(open(i)));
            log.appendLazily(ended(i));
            log.forget(id(i));
        }
        assertTrue(fixture.batches() < 30, () -> fixture.batches() + " batches");
        FencedLogFixture.get(log.close());
        assertEquals(List.of(open(0)), fixture.replayed());
    }

    @Test
    void copies_keep_their_order_among_the_records() {
        useCleaning(1_000);
        List<LogRecord> live = records(1, 20);
        live.forEach(record -> get(log.append(record)));
        for (int i = 0; i < 200; i++) {
            get(log.append(record(100, Kind.OPEN, 90 + i % 5)));
        }
        assertTrue(fixture.memory.keys("/log/").getFirst().compareTo("dtc/c/log/00000001/0000000000000020") > 0);
        List<LogRecord> expected = new ArrayList<>(live);
        expected.add(record(100, Kind.OPEN, 90 + 199 % 5));
        assertEquals(expected, fixture.replayed());
    }

    /** Stores records until the oldest batch, with the record of transaction 1, is to be cleaned. */
    private void storeUntilCleaning(Runnable beforeLast) {
        useCleaning(100);
        get(log.append(open(1)));
        for (int i = 0; i < 3; i++) {
            get(log.append(open(2)));
        }
        fixture.steps.stop();
        log.append(open(2));
        beforeLast.run();
        fixture.steps.last().execute().answer();
        assertEquals(2, fixture.steps.requests().size());
        fixture.steps.last().execute().answer(); // the read of the oldest batch
    }

    @Test
    void a_record_is_copied_unless_a_newer_one_is_stored() {
        storeUntilCleaning(() -> log.appendLazily(ended(1)));
        // The copy and the newer record are sent, but not executed. Then the process ends.
        assertEquals(3, fixture.steps.requests().size());
        assertEquals(5, fixture.batches());
        fixture.steps.go();
        assertEquals(List.of(open(1), open(2)), fixture.replayed());
    }

    @Test
    void a_batch_is_deleted_after_its_live_records_are_copied() {
        storeUntilCleaning(() -> log.appendLazily(ended(1)));
        fixture.steps.last().execute();
        assertEquals(6, fixture.batches());
        fixture.steps.last().answer();
        fixture.steps.last().execute().answer();
        assertEquals(5, fixture.batches());
        fixture.steps.go();
        assertEquals(List.of(open(2), ended(1)), fixture.replayed());
    }

    @Test
    void a_fenced_deletion_fences_the_log() {
        storeUntilCleaning(() -> {});
        fixture.steps.last().execute().answer(); // the copy
        SteppedStore.Request<?> deletion = fixture.steps.last();
        fixture.steps.go();
        FencedDecisionLog successor = fixture.takeOver();
        deletion.execute().answer();

        assertEquals(FENCED, get(log.append(open(3))));
        assertEquals(List.of(1), fixture.fenced);
        assertEquals(6, fixture.batches());
        assertEquals(List.of(open(1), open(2)), FencedLogFixture.replayed(successor));
    }

    @Test
    void the_newest_forgotten_id_survives_cleaning() {
        useCleaning(500);
        TransactionId newest = id(900);
        for (long number : List.of(5L, 900L, 7L)) {
            get(log.append(open(number)));
            log.forget(id(number));
        }
        for (int i = 0; i < 100; i++) {
            get(log.append(open(1)));
        }
        assertTrue(fixture.batches() < 20);
        assertEquals(newest, log.newestForgotten());
        FencedDecisionLog successor = fixture.takeOver();
        assertEquals(newest, successor.newestForgotten());
        assertEquals(List.of(open(1)), FencedLogFixture.replayed(successor));
    }

    @Test
    void a_successor_continues_to_clean() {
        useCleaning(500);
        for (int i = 0; i < 50; i++) {
            get(log.append(open(i % 3)));
            log = fixture.takeOver();
        }
        assertTrue(fixture.batches() < 20, () -> fixture.batches() + " batches");
        assertEquals(3, fixture.replayed().size());
    }
}

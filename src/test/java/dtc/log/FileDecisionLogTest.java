package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.FaultyStorage.Change;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The file log on a disk that fails when told. */
class FileDecisionLogTest extends DecisionLogContract {

    private static final String FIRST = "segment-0000000001.log";
    private static final int COMMITTING_BYTES = Segment.RECORD_HEAD_BYTES
            + RecordCodec.encode(Records.committing(1)).remaining();

    private FaultyStorage storage = new FaultyStorage();
    private FileLogFixture process = new FileLogFixture(storage);

    @BeforeEach
    void open() throws IOException {
        process.open();
    }

    @Override
    DecisionLog log() {
        return process.log();
    }

    @Override
    DecisionLog reopened() throws IOException {
        process.log().close();
        return restart();
    }

    /** After a kill: nobody has closed anything. */
    private FileDecisionLog restart() throws IOException {
        storage = storage.afterKill();
        process = new FileLogFixture(storage);
        return process.open();
    }

    private CompletableFuture<Void> asked(int number) {
        return log().decide(Records.committing(number)).toCompletableFuture();
    }

    private void decide(int number) {
        CompletableFuture<Void> decided = asked(number);
        assertTrue(decided.isDone() && !decided.isCompletedExceptionally(), "%d is decided".formatted(number));
    }

    private Set<?> found() throws IOException {
        return FileLogFixture.replayed(storage).keySet();
    }

    private static Set<?> ids(int... numbers) {
        return Set.copyOf(Arrays.stream(numbers).mapToObj(Records::id).toList());
    }

    private static String failure(CompletableFuture<?> decided) {
        ExecutionException failure = assertThrows(ExecutionException.class, decided::get);
        return String.valueOf(Objects.requireNonNull(failure.getCause()).getMessage());
    }

    // What is forced

    @Test
    void decisions_that_wait_together_share_a_force() {
        storage.forces = 0;
        process.hold();
        List<CompletableFuture<Void>> decided =
                IntStream.range(0, 5).mapToObj(this::asked).toList();
        assertTrue(decided.stream().noneMatch(CompletableFuture::isDone));
        process.release();

        assertTrue(decided.stream().allMatch(CompletableFuture::isDone));
        assertEquals(1, storage.forces);
    }

    @Test
    void an_end_is_written_and_not_forced() throws IOException {
        decide(1);
        storage.forces = 0;
        log().end(Records.committed(1));
        log().forget(Records.id(2));

        assertEquals(0, storage.forces);
        assertEquals(
                Records.committed(1), FileLogFixture.replayed(storage).get(Records.id(1)), "a kill does not lose it");
    }

    @Test
    void closing_forces_the_lazy_records_too() throws IOException {
        decide(1);
        process.hold();
        log().end(Records.committed(1));
        CompletableFuture<Void> closed = process.log().close().toCompletableFuture();
        process.release();

        assertTrue(closed.isDone());
        for (FaultyStorage image : storage.afterPowerFailure()) {
            assertEquals(
                    Records.committed(1), new FileLogFixture(image).replayed().get(Records.id(1)));
        }
    }

    @Test
    void a_closed_log_takes_no_decision() throws IOException {
        process.log().close();

        assertEquals("the decision log is closed", failure(asked(1)));
        log().end(Records.committed(1));
        assertEquals(ids(), found());
    }

    // Limits

    @Test
    void no_more_decisions_wait_than_may() throws IOException {
        process.hold();
        List<CompletableFuture<Void>> decided =
                IntStream.range(0, 102).mapToObj(this::asked).toList();
        assertEquals("100 decisions wait for the disk, and no more may", failure(decided.get(100)));
        assertTrue(decided.get(101).isCompletedExceptionally());
        process.release();

        assertEquals(100, found().size());
        assertNull(log().refusing());
    }

    @Test
    void a_decision_that_is_too_long_is_refused() throws IOException {
        TransactionRecord one = Records.committing(1);
        TransactionRecord tooLong = new TransactionRecord(
                one.id(),
                one.state(),
                one.decision(),
                one.origin(),
                one.startedAt(),
                one.expiresAt(),
                one.decidedAt(),
                null,
                null,
                null,
                List.of(new TransactionRecord.Member(
                        "x".repeat(70_000), one.participants().getFirst().instance(), one.state(), null, null)),
                null);

        assertEquals(
                "a text of 70000 bytes is too long",
                failure(log().decide(tooLong).toCompletableFuture()));
        log().end(tooLong);
        assertEquals(ids(), found());
    }

    @Test
    void of_a_long_reason_the_beginning_is_kept() throws IOException {
        String reason = "x".repeat(RecordCodec.REASON_CHARS_MAX - 1) + "\uD83D\uDE80 and more";
        log().end(Records.rolledBack(1, reason));

        assertEquals(
                Records.rolledBack(1, "x".repeat(RecordCodec.REASON_CHARS_MAX - 1)),
                FileLogFixture.replayed(storage).get(Records.id(1)));
    }

    /** Case 70: nothing left after N finished transactions. */
    @Test
    void disk_use_is_bounded_however_many_transactions_come_and_go() throws IOException {
        long usedMax = 0;
        for (int i = 0; i < 2000; i++) {
            decide(i);
            log().end(Records.committed(i));
            if (i >= 2) {
                log().forget(Records.id(i - 2));
            }
            usedMax = Math.max(usedMax, storage.usedBytes());
        }
        assertTrue(usedMax < 5 * 700, "at most %d bytes".formatted(usedMax));
        log().forget(Records.id(1998));
        log().forget(Records.id(1999));
        log().forget(Records.id(2000));

        assertEquals(ids(), found());
        assertTrue(storage.usedBytes() < 3 * 700, "left are %d bytes".formatted(storage.usedBytes()));
    }

    @Test
    void an_open_transaction_stays_while_thousands_come_and_go() throws IOException {
        decide(1_000_000);
        for (int i = 0; i < 2000; i++) {
            decide(i);
            log().end(Records.committed(i));
            log().forget(Records.id(i));
        }

        assertEquals(
                Records.committing(1_000_000), FileLogFixture.replayed(storage).get(Records.id(1_000_000)));
        assertTrue(storage.usedBytes() < 5 * 700, "left are %d bytes".formatted(storage.usedBytes()));
    }

    /** A copy that cleaning makes does not become younger. */
    @Test
    void the_order_of_recording_survives_cleaning() throws IOException {
        for (int i = 0; i < 200; i++) {
            decide(i);
            if (i % 10 != 0) {
                log().forget(Records.id(i));
            }
        }
        List<?> expected =
                IntStream.range(0, 20).mapToObj(i -> Records.id(10L * i)).toList();

        assertEquals(expected, List.copyOf(FileLogFixture.replayed(storage).keySet()));
        assertFalse(storage.names().contains(FIRST), "the first segment is gone");
    }

    @Test
    void the_order_of_recording_survives_a_restart() throws IOException {
        decide(1);
        decide(2);
        restart();
        decide(3);
        log().end(Records.committed(1));

        assertEquals(
                List.of(Records.id(2), Records.id(3), Records.id(1)),
                List.copyOf(FileLogFixture.replayed(storage).keySet()));
    }

    /** A segment is cleaned in steps, between which decisions are taken. */
    @Test
    void a_long_segment_is_cleaned_step_by_step() throws IOException {
        process = new FileLogFixture(
                new FaultyStorage(), new FileDecisionLog.Settings(4L * LogFiles.CLEANING_BYTES, 0, 1000, 100));
        process.open();
        decide(1);
        for (int i = 2; process.storage.names().getFirst().equals(FIRST); i++) {
            log().end(Records.wide(i));
            if (i % 3 != 0) {
                log().forget(Records.id(i));
            }
            assertTrue(i < 1000, "the first segment goes");
        }

        assertEquals(
                Records.committing(1), FileLogFixture.replayed(process.storage).get(Records.id(1)));
    }

    // What cannot be read

    /** Of a torn write any number of bytes may be there. */
    @Test
    void a_torn_tail_is_cut_off_at_every_byte() throws IOException {
        decide(1);
        decide(2);
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEAD_BYTES + COMMITTING_BYTES;
        for (int length = second; length < whole.length; length++) {
            FaultyStorage torn = new FaultyStorage();
            torn.put(FIRST, Arrays.copyOf(whole, length));
            FileLogFixture next = new FileLogFixture(torn);

            assertEquals(ids(1), next.replayed().keySet());
            assertEquals(second, torn.size(FIRST));
            boolean zerosAtMost = length <= second + 3; // the first bytes of its length, as if it were room
            assertEquals(zerosAtMost ? 0 : 1, next.notices.size());

            next.log().decide(Records.committing(3));
            assertEquals(ids(1, 3), FileLogFixture.replayed(torn).keySet());
        }
    }

    /** Or bytes that are not those that were written. */
    @Test
    void a_garbled_tail_is_cut_off_whichever_byte_it_is() throws IOException {
        decide(1);
        decide(2);
        byte[] whole = storage.bytes(FIRST);
        for (int at = Segment.HEAD_BYTES + COMMITTING_BYTES; at < whole.length; at++) {
            FaultyStorage garbled = new FaultyStorage();
            garbled.put(FIRST, flipped(whole, at));

            assertEquals(ids(1), new FileLogFixture(garbled).replayed().keySet());
        }
    }

    @Test
    void a_tail_of_zeros_is_room_and_cut_off_without_a_word() throws IOException {
        decide(1);
        storage.put(FIRST, Arrays.copyOf(storage.bytes(FIRST), 10_000));
        FaultyStorage after = storage.afterKill();
        FileLogFixture next = new FileLogFixture(after);

        assertEquals(ids(1), next.replayed().keySet());
        assertEquals(List.of(), next.notices);
        assertEquals(Segment.HEAD_BYTES + COMMITTING_BYTES, after.size(FIRST));
    }

    /** Of two that were written and not forced, a power failure may leave the later one alone. */
    @Test
    void what_is_whole_behind_a_hole_and_was_written_before_that_was_forced_is_a_torn_tail() throws IOException {
        decide(1);
        process.hold();
        log().decide(Records.committing(2));
        log().decide(Records.committing(3));
        process.release();
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEAD_BYTES + COMMITTING_BYTES;
        Arrays.fill(whole, second, second + COMMITTING_BYTES, (byte) 0);
        storage.put(FIRST, whole);
        FaultyStorage after = storage.afterKill();
        FileLogFixture next = new FileLogFixture(after);

        assertEquals(ids(1), next.replayed().keySet());
        assertEquals(second, after.size(FIRST));
        assertEquals(1, next.notices.size());
        next.log().decide(Records.committing(4));
        assertEquals(ids(1, 4), FileLogFixture.replayed(after).keySet());
    }

    /** Of what was there at the start, whatever is written then proves that it is on the disk. */
    @Test
    void a_bad_record_of_an_earlier_life_refuses_to_start_once_one_of_this_life_is_behind_it() throws IOException {
        decide(1);
        restart();
        decide(2);
        storage.put(FIRST, flipped(storage.bytes(FIRST), Segment.HEAD_BYTES + 30));

        assertTrue(refusal(storage.afterKill()).contains("was written when this was on the disk"));
    }

    // Room

    @Test
    void where_there_is_none_for_zeros_records_are_written_alone() throws IOException {
        openWithRoom();
        storage.capacity(storage.usedBytes() + COMMITTING_BYTES);
        decide(1);

        assertEquals(Segment.HEAD_BYTES + COMMITTING_BYTES, storage.size(FIRST));
        assertEquals(ids(1), found());
        assertEquals("No space left on device", failure(asked(2)));
        assertEquals(ids(1), found());
    }

    @Test
    void a_segment_is_written_into_room_that_is_there_and_ends_with_its_records_once_it_is_done() throws IOException {
        openWithRoom();
        decide(1);
        long first = storage.size(FIRST);
        assertEquals(Segment.HEAD_BYTES + COMMITTING_BYTES + FileLogFixture.WITH_ROOM.roomBytes(), first);
        decide(2);
        assertEquals(first, storage.size(FIRST), "overwritten");
        for (int i = 3; storage.names().size() == 1; i++) {
            decide(i);
        }
        assertEquals(0, (storage.size(FIRST) - Segment.HEAD_BYTES) % COMMITTING_BYTES, "nothing but records");
        Set<?> before = found();
        process.log().close();
        String last = storage.names().getLast();
        assertEquals(0, (storage.size(last) - Segment.HEAD_BYTES) % COMMITTING_BYTES);
        assertEquals(before, found());
    }

    @Test
    void room_that_cannot_be_cut_off_from_a_segment_that_is_done_ends_the_process() throws IOException {
        openWithRoom();
        failing(Change.TRUNCATE);
        CompletableFuture<Void> last = asked(0);
        for (int i = 1; process.fatal == null; i++) {
            last = asked(i);
        }
        assertInstanceOf(IOException.class, process.fatal);
        assertFalse(last.isDone());
        assertEquals(List.of(FIRST), storage.names());
    }

    @Test
    void zeros_in_a_segment_that_is_complete_refuse_to_start() throws IOException {
        String oldest = withSegments(3);
        byte[] whole = storage.bytes(oldest);
        storage.put(oldest, Arrays.copyOf(whole, whole.length + 10));

        assertTrue(refusal(storage.afterKill())
                .startsWith("%s in memory, at byte %d: nothing but zeros".formatted(oldest, whole.length)));
    }

    /** It may have been acknowledged. */
    @Test
    void a_bad_record_before_a_good_one_refuses_to_start_whichever_byte_it_is() throws IOException {
        decide(1);
        decide(2);
        decide(3);
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEAD_BYTES + COMMITTING_BYTES;
        for (int at = second; at < second + COMMITTING_BYTES; at++) {
            FaultyStorage bad = new FaultyStorage();
            bad.put(FIRST, flipped(whole, at));
            String message = refusal(bad);

            assertTrue(message.startsWith("segment-0000000001.log in memory, at byte " + second + ": "), message);
            assertTrue(message.contains("the record at byte %d was written when this was on the disk"
                    .formatted(second + COMMITTING_BYTES)));
            assertTrue(message.endsWith("log dump memory"), message);
        }
    }

    @Test
    void a_bad_record_in_an_older_segment_refuses_to_start_even_at_its_end() throws IOException {
        String oldest = withSegments(3);
        byte[] whole = storage.bytes(oldest);
        storage.put(oldest, flipped(whole, whole.length - 1));
        String message = refusal(storage.afterKill());

        assertTrue(message.startsWith(oldest + " in memory, at byte " + (whole.length - COMMITTING_BYTES)), message);

        storage.put(oldest, Arrays.copyOf(whole, whole.length - 1));
        assertTrue(refusal(storage.afterKill()).startsWith(oldest + " in memory, at byte "));
    }

    @Test
    void a_missing_segment_refuses_to_start() throws IOException {
        withSegments(4);
        storage.lose("segment-0000000002.log");

        assertTrue(refusal(storage.afterKill())
                .startsWith("segment-0000000003.log in memory, at byte 0: the segment before it is missing"));
    }

    @Test
    void a_segment_under_the_name_of_another_refuses_to_start() throws IOException {
        withSegments(3);
        storage.put("segment-0000000002.log", storage.bytes(FIRST));

        assertTrue(refusal(storage.afterKill()).contains("the head of the segment is damaged, or that of another"));
    }

    @Test
    void another_version_refuses_to_start() throws IOException {
        byte[] bytes = storage.bytes(FIRST);
        bytes[7] = 3;
        storage.put(FIRST, bytes);

        assertTrue(refusal(storage.afterKill())
                .contains("written in version 3, of which this program knows nothing (it reads up to 2)"));
    }

    @Test
    void something_else_under_the_name_of_a_segment_refuses_to_start() throws IOException {
        storage.put(FIRST, "my shopping list, and all that I need".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertTrue(refusal(storage.afterKill()).contains("this is not a segment of a decision log"));

        storage.put(FIRST, new byte[0]);
        assertTrue(refusal(storage.afterKill()).contains("shorter than the head of a segment"));
    }

    /** Written whole, so this is no torn write, but by somebody who knew more. */
    @Test
    void a_record_of_an_unknown_kind_refuses_to_start() throws IOException {
        byte[] payload = RecordCodec.encode(Records.committing(1)).array();
        payload[0] = 3;
        putWhole(payload);

        assertTrue(refusal(storage.afterKill()).contains("a record of kind 3, of which this program knows nothing"));
    }

    @Test
    void a_record_with_an_unknown_state_refuses_to_start() throws IOException {
        byte[] payload = RecordCodec.encode(Records.committing(1)).array();
        payload[17] = 77;
        putWhole(payload);

        assertTrue(refusal(storage.afterKill()).contains("unknown state 77"));
    }

    @Test
    void a_record_that_is_too_short_or_too_long_inside_refuses_to_start() throws IOException {
        byte[] payload = RecordCodec.encode(Records.committing(1)).array();
        putWhole(Arrays.copyOf(payload, payload.length - 1));
        assertTrue(refusal(storage.afterKill()).contains("the record ends too early"));

        putWhole(Arrays.copyOf(payload, payload.length + 1));
        assertTrue(refusal(storage.afterKill()).contains("1 bytes too many"));
    }

    /** A text may hold the bytes of a record, by chance or by malice; but not where it would have to stand. */
    @Test
    void a_record_within_a_torn_record_is_no_record() throws IOException {
        ByteBuffer payload = ByteBuffer.allocate(200);
        payload.put(RecordCodec.encodeForgotten(Records.id(1)));
        Segment later = segment(); // so that it would prove the torn one to have been on the disk
        later.resize(500);
        later.markForced();
        later.put(payload, Segment.HEAD_BYTES, 0, RecordCodec.encodeForgotten(Records.id(2)));
        putWhole(payload.array());
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length - 1));

        assertEquals(ids(), found());
    }

    @Test
    void other_files_do_not_matter() throws IOException {
        decide(1);
        storage.put("lost+found.txt", new byte[] {1});
        storage.put("segment-1.log", new byte[] {1});
        storage.put("segment-0000000002.log.new", new byte[] {1});
        restart();

        assertEquals(ids(1), found());
        assertEquals(List.of("lost+found.txt", FIRST, "segment-1.log"), storage.names());
    }

    @Test
    void a_log_in_use_is_not_opened_twice() {
        IOException refusal = assertThrows(IOException.class, () -> process.open());

        assertEquals("the log in memory is in use by another process", refusal.getMessage());
    }

    @Test
    void a_log_that_refuses_to_start_is_not_left_locked() throws IOException {
        storage.put(FIRST, new byte[0]);
        FaultyStorage next = storage.afterKill();
        refusal(next);
        next.put(FIRST, storage.bytes(FIRST).clone());

        assertTrue(refusal(next).contains("shorter than"), "and not: in use");
    }

    // Failures of the disk

    @Test
    void a_failed_force_acknowledges_nothing_and_ends_the_process() throws IOException {
        decide(1);
        process.hold();
        CompletableFuture<Void> second = asked(2);
        CompletableFuture<Void> third = asked(3);
        failing(Change.FORCE);
        int forces = storage.forces;
        process.release();

        assertInstanceOf(IOException.class, process.fatal);
        CompletableFuture<Void> fourth = asked(4);
        log().end(Records.committed(1));
        log().forget(Records.id(1));
        assertEquals(forces + 1, storage.forces, "never tried again");
        for (CompletableFuture<Void> never : List.of(second, third, fourth)) {
            assertFalse(never.isDone());
        }
        assertNotNull(log().refusing());
        assertFalse(process.log().close().toCompletableFuture().isDone());
    }

    /** The system may show what it could not write, and say of a second force that all is well. */
    @Test
    void what_is_found_after_a_failed_force_is_still_there_after_a_power_failure() throws IOException {
        decide(1);
        failing(Change.FORCE);
        assertFalse(asked(2).isDone());
        storage.failing((_, _) -> {});
        restart();
        Set<?> found = found();
        assertEquals(ids(1, 2), found);

        for (FaultyStorage image : storage.afterPowerFailure()) {
            assertEquals(found, new FileLogFixture(image).replayed().keySet());
        }
    }

    /** A segment may have been named, and that not forced, by one that died; the next one must force it. */
    @Test
    void a_decision_in_a_segment_whose_name_was_not_forced_survives_a_power_failure() throws IOException {
        for (int i = 0; !isFull(FIRST); i++) {
            decide(i);
        }
        failing(Change.FORCE_DIRECTORY);
        assertFalse(asked(50).isDone());
        storage.failing((_, _) -> {});
        restart();
        assertEquals(List.of(FIRST, "segment-0000000002.log"), storage.names());
        decide(51);

        for (FaultyStorage image : storage.afterPowerFailure()) {
            assertTrue(new FileLogFixture(image).replayed().containsKey(Records.id(51)));
        }
    }

    @Test
    void a_full_disk_refuses_decisions_until_there_is_room_again() throws IOException {
        decide(1);
        storage.capacity(storage.usedBytes() + 50);
        process.hold();
        CompletableFuture<Void> second = asked(2);
        log().end(Records.committed(1));
        process.release();

        assertEquals("No space left on device", failure(second));
        assertNull(process.fatal);
        assertEquals("the last write of the decision log failed: No space left on device", log().refusing());
        assertEquals(ids(1), found());
        assertEquals(Segment.HEAD_BYTES + COMMITTING_BYTES, storage.size(FIRST), "cut back");

        process.nanos += 1_000_000_000;
        assertEquals("less than 1000 bytes are free for the decision log in memory", log().refusing());
        storage.capacity(100_000);
        assertNotNull(log().refusing(), "looked at once in a second");
        process.nanos += 1_000_000_000;
        assertNull(log().refusing());
        decide(3);

        assertEquals(ids(1, 3), found());
        assertEquals(
                Records.committed(1), FileLogFixture.replayed(storage).get(Records.id(1)), "the end waited for room");
        assertEquals(
                List.of(
                        "no commit is decided: the last write of the decision log failed: No space left on device",
                        "commits are decided again"),
                process.notices);
    }

    @Test
    void little_room_refuses_decisions_and_still_takes_ends() throws IOException {
        decide(1);
        storage.capacity(storage.usedBytes() + 999);
        process.nanos += 1_000_000_000;
        assertNotNull(log().refusing());
        log().end(Records.committed(1));

        assertEquals(Records.committed(1), FileLogFixture.replayed(storage).get(Records.id(1)));
    }

    /** A segment that cannot be begun is a write that failed; the old one goes on where the new one would not. */
    @Test
    void a_disk_full_at_rotation_refuses_and_recovers() throws IOException {
        for (int i = 0; !isFull(FIRST); i++) {
            decide(i);
        }
        Set<?> before = found();
        storage.capacity(storage.usedBytes() + 5);
        assertEquals("No space left on device", failure(asked(50)));
        storage.capacity(storage.usedBytes());
        assertEquals("No space left on device", failure(asked(51)));
        assertNull(process.fatal);
        assertEquals(before, found());

        storage.capacity(100_000);
        decide(52);
        assertEquals(before.size() + 1, found().size());
        assertEquals(List.of(FIRST, "segment-0000000002.log"), storage.names());
    }

    private boolean isFull(String segment) throws IOException {
        return storage.size(segment) + COMMITTING_BYTES > FileLogFixture.SMALL_SEGMENTS.segmentBytesMax();
    }

    /** Nobody could say that it is surely never recorded. */
    @ParameterizedTest
    @EnumSource(
            value = Change.class,
            names = {"TRUNCATE", "FORCE"})
    void a_failed_write_that_cannot_be_undone_ends_the_process(Change undoing) {
        decide(1);
        storage.capacity(storage.usedBytes() + 50);
        failing(undoing);
        CompletableFuture<Void> second = asked(2);

        assertInstanceOf(IOException.class, process.fatal);
        assertFalse(second.isDone());
        assertFalse(asked(3).isDone());
    }

    @ParameterizedTest
    @EnumSource(
            value = Change.class,
            names = {"FORCE", "RENAME", "DELETE", "FORCE_DIRECTORY"})
    void whatever_else_fails_ends_the_process(Change change) throws IOException {
        decide(1);
        failing(change);
        CompletableFuture<Void> last = asked(2);
        for (int i = 3; process.fatal == null; i++) {
            last = asked(i);
            log().forget(Records.id(i - 1));
        }
        assertFalse(last.isCompletedExceptionally());
        storage.failing((_, _) -> {});

        restart();
        assertEquals("the decision log is closed", afterClosing());
    }

    private String afterClosing() {
        process.log().close();
        return failure(asked(1));
    }

    @Test
    void a_disk_that_is_full_at_the_end_does_not_keep_the_log_from_closing() throws IOException {
        decide(1);
        storage.capacity(storage.usedBytes());
        log().end(Records.committed(1));

        assertTrue(process.log().close().toCompletableFuture().isDone());
        assertEquals(Records.committing(1), FileLogFixture.replayed(storage).get(Records.id(1)));
    }

    /** What is decided is in memory and can be delivered; the log will not be readable again. */
    @Test
    void a_bad_record_found_while_cleaning_stops_new_decisions_and_not_the_process() throws IOException {
        decide(1);
        decide(2);
        storage.put(FIRST, flipped(storage.bytes(FIRST), 60));
        for (int i = 3; process.log().refusing() == null; i++) {
            decide(i);
            log().forget(Records.id(i));
        }

        assertTrue(String.valueOf(log().refusing()).startsWith(FIRST + " in memory, at byte 20: the checksum is"));
        assertNull(process.fatal);
        assertEquals(1, process.notices.size());
        log().end(Records.committed(1));
        assertTrue(process.log().close().toCompletableFuture().isDone());
        assertNotNull(refusal(storage.afterKill()));
    }

    // Helpers

    private void failing(Change failing) {
        storage.failing((change, _) -> {
            if (change == failing) {
                throw new IOException("Input/output error");
            }
        });
    }

    /** Fills the log with open transactions; gives the name of the oldest segment. */
    private String withSegments(int count) {
        for (int i = 0; storage.names().size() < count; i++) {
            decide(i);
        }
        return FIRST;
    }

    private void putWhole(byte[] payload) {
        ByteBuffer bytes = ByteBuffer.allocate(1000);
        bytes.put(Segment.head(1));
        segment().put(bytes, Segment.HEAD_BYTES, 0, ByteBuffer.wrap(payload));
        storage.put(FIRST, Arrays.copyOf(bytes.array(), bytes.position()));
    }

    private void openWithRoom() throws IOException {
        storage = new FaultyStorage();
        process = new FileLogFixture(storage, FileLogFixture.WITH_ROOM);
        process.open();
    }

    private static Segment segment() {
        return new Segment(1, Segment.VERSION, Segment.HEAD_BYTES);
    }

    private static byte[] flipped(byte[] bytes, int at) {
        byte[] bad = bytes.clone();
        bad[at] ^= (byte) 0x55;
        return bad;
    }

    private static String refusal(FaultyStorage storage) {
        Exception refusal = assertThrows(Exception.class, () -> new FileLogFixture(storage).replayed());
        return String.valueOf(refusal.getMessage());
    }
}

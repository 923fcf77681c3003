package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.AppendResult.Refused;
import dtc.log.AppendResult.Stored;
import dtc.log.AppendResult.Unknown;
import dtc.log.DecisionLog;
import dtc.log.DecisionLogContract;
import dtc.log.LogRecord;
import dtc.log.LogRecord.Kind;
import dtc.log.SampleLogRecords;
import dtc.log.file.FaultyStorage.Change;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The file log on a disk whose failures the test controls. */
class FileDecisionLogTest extends DecisionLogContract {

    private static final String FIRST = FileName.segment(1, 1);
    private static final String SECOND = FileName.segment(2, 1);
    private static final int OPEN_BYTES = Segment.RECORD_HEADER_BYTES
            + Payload.encode(SampleLogRecords.open(1)).remaining();

    private FaultyStorage storage = new FaultyStorage();
    private FileLogFixture process = new FileLogFixture(storage);

    @BeforeEach
    void open() throws IOException {
        process.open();
    }

    @Override
    protected DecisionLog log() {
        return process.log();
    }

    @Override
    protected DecisionLog reopened() throws IOException {
        process.log().close();
        return restart();
    }

    /** After a kill: the log was not closed. */
    private FileDecisionLog restart() throws IOException {
        storage = storage.afterKill();
        process = new FileLogFixture(storage);
        return process.open();
    }

    private CompletableFuture<AppendResult> append(int number) {
        return log().append(SampleLogRecords.open(number)).toCompletableFuture();
    }

    private void store(int number) {
        assertEquals(new Stored(), append(number).getNow(null));
    }

    private Set<?> found() throws IOException {
        return FileLogFixture.replayed(storage).keySet();
    }

    private static Set<?> ids(int... numbers) {
        return Set.copyOf(Arrays.stream(numbers).mapToObj(SampleLogRecords::id).toList());
    }

    private static String refusal(CompletableFuture<AppendResult> append) {
        return assertInstanceOf(Refused.class, append.getNow(null)).reason();
    }

    // What is forced

    @Test
    void appends_that_wait_together_share_a_force() {
        store(0);
        storage.forces = 0;
        process.hold();
        List<CompletableFuture<AppendResult>> decided =
                IntStream.range(0, 5).mapToObj(this::append).toList();
        assertTrue(decided.stream().noneMatch(CompletableFuture::isDone));
        process.release();

        assertTrue(decided.stream().allMatch(CompletableFuture::isDone));
        assertEquals(1, storage.forces);
    }

    @Test
    void a_lazy_record_is_written_and_not_forced() throws IOException {
        store(1);
        storage.forces = 0;
        log().appendLazily(SampleLogRecords.ended(1));
        log().forget(SampleLogRecords.id(2));

        assertEquals(0, storage.forces);
        assertEquals(
                SampleLogRecords.ended(1),
                FileLogFixture.replayed(storage).get(SampleLogRecords.id(1)),
                "it survives a kill");
    }

    @Test
    void closing_forces_the_lazy_records_too() throws IOException {
        store(1);
        process.hold();
        log().appendLazily(SampleLogRecords.ended(1));
        CompletableFuture<Void> closed = process.log().close().toCompletableFuture();
        process.release();

        assertTrue(closed.isDone());
        for (FaultyStorage image : storage.afterPowerFailure()) {
            assertEquals(
                    SampleLogRecords.ended(1),
                    new FileLogFixture(image).replayed().get(SampleLogRecords.id(1)));
        }
    }

    @Test
    void a_closed_log_refuses_appends() throws IOException {
        process.log().close();

        assertEquals("the decision log is closed", refusal(append(1)));
        log().appendLazily(SampleLogRecords.ended(1));
        assertEquals(ids(), found());
    }

    // Limits

    @Test
    void appends_beyond_the_limit_are_refused() throws IOException {
        process.hold();
        List<CompletableFuture<AppendResult>> decided =
                IntStream.range(0, 102).mapToObj(this::append).toList();
        assertEquals("the limit of 100 pending decisions is reached", refusal(decided.get(100)));
        assertInstanceOf(Refused.class, decided.get(101).getNow(null));
        process.release();

        assertEquals(100, found().size());
        assertNull(log().refusalReason());
    }

    @Test
    void a_record_that_is_too_long_is_refused() throws IOException {
        LogRecord longest = SampleLogRecords.record(1, Kind.OPEN, Payload.BYTES_MAX - Payload.BYTES_MIN);
        LogRecord tooLong = SampleLogRecords.record(2, Kind.OPEN, Payload.BYTES_MAX - Payload.BYTES_MIN + 1);

        assertEquals(new Stored(), log().append(longest).toCompletableFuture().getNow(null));
        assertEquals(
                String.format(
                        Locale.ROOT, "a record of %d bytes is too long", Payload.BYTES_MAX - Payload.BYTES_MIN + 1),
                refusal(log().append(tooLong).toCompletableFuture()));
        assertEquals(List.of(), process.notices);
        log().appendLazily(tooLong);
        assertEquals(1, process.notices.size());
        assertEquals(ids(1), found());
    }

    @Test
    void disk_use_is_bounded_regardless_of_the_number_of_transactions() throws IOException {
        long usedMax = 0;
        for (int i = 0; i < 2000; i++) {
            store(i);
            log().appendLazily(SampleLogRecords.ended(i));
            if (i >= 2) {
                log().forget(SampleLogRecords.id(i - 2));
            }
            usedMax = Math.max(usedMax, storage.usedBytes());
        }
        assertTrue(usedMax < 5 * 700, String.format(Locale.ROOT, "at most %d bytes", usedMax));
        log().forget(SampleLogRecords.id(1998));
        log().forget(SampleLogRecords.id(1999));
        log().forget(SampleLogRecords.id(2000));

        assertEquals(ids(), found());
        assertTrue(storage.usedBytes() < 3 * 700, String.format(Locale.ROOT, "left are %d bytes", storage.usedBytes()));
    }

    @Test
    void an_open_transaction_survives_cleaning() throws IOException {
        store(1_000_000);
        for (int i = 0; i < 2000; i++) {
            store(i);
            log().appendLazily(SampleLogRecords.ended(i));
            log().forget(SampleLogRecords.id(i));
        }

        assertEquals(
                SampleLogRecords.open(1_000_000),
                FileLogFixture.replayed(storage).get(SampleLogRecords.id(1_000_000)));
        assertTrue(storage.usedBytes() < 5 * 700, String.format(Locale.ROOT, "left are %d bytes", storage.usedBytes()));
    }

    /** Copies keep their place in the order. */
    @Test
    void the_order_of_appends_survives_cleaning() throws IOException {
        for (int i = 0; i < 200; i++) {
            store(i);
            if (i % 10 != 0) {
                log().forget(SampleLogRecords.id(i));
            }
        }
        List<?> expected = IntStream.range(0, 20)
                .mapToObj(i -> SampleLogRecords.id(10L * i))
                .toList();

        assertEquals(expected, List.copyOf(FileLogFixture.replayed(storage).keySet()));
        assertFalse(storage.names().contains(FIRST), "the first segment was deleted");
    }

    @Test
    void the_order_of_appends_survives_a_restart() throws IOException {
        store(1);
        store(2);
        restart();
        store(3);
        log().appendLazily(SampleLogRecords.ended(1));

        assertEquals(
                List.of(SampleLogRecords.id(2), SampleLogRecords.id(3), SampleLogRecords.id(1)),
                List.copyOf(FileLogFixture.replayed(storage).keySet()));
    }

    /** Appends are accepted between the steps. */
    @Test
    void a_long_segment_is_cleaned_in_steps() throws IOException {
        process = new FileLogFixture(
                new FaultyStorage(), new FileDecisionLog.Settings(4L * LogFiles.CLEANING_BYTES, 0, 1000, 100));
        process.open();
        store(1);
        for (int i = 2; process.storage.names().contains(FIRST); i++) {
            log().appendLazily(SampleLogRecords.record(i, Kind.ENDED, 100_000));
            if (i % 3 != 0) {
                log().forget(SampleLogRecords.id(i));
            }
            assertTrue(i < 1000, "the first segment is deleted");
        }

        assertEquals(
                SampleLogRecords.open(1),
                FileLogFixture.replayed(process.storage).get(SampleLogRecords.id(1)));
    }

    // What cannot be read

    /** A torn write may leave any number of bytes. */
    @Test
    void a_torn_tail_of_any_length_is_ignored() throws IOException {
        store(1);
        log().appendLazily(SampleLogRecords.open(2));
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEADER_BYTES + OPEN_BYTES;
        for (int length = second; length < whole.length; length++) {
            FaultyStorage torn = storage.copy();
            torn.put(FIRST, Arrays.copyOf(whole, length));
            FileLogFixture next = new FileLogFixture(torn);

            assertEquals(ids(1), next.replayed().keySet());
            assertEquals(length, torn.size(FIRST), "unchanged");
            boolean zerosAtMost = length <= second + 3; // the first bytes of its length look like preallocated zeros
            assertEquals(zerosAtMost ? 0 : 1, next.notices.size());

            next.log().append(SampleLogRecords.open(3));
            assertEquals(ids(1, 3), FileLogFixture.replayed(torn).keySet());
        }
    }

    /** A torn write may leave other bytes than were written. */
    @Test
    void a_tail_with_any_corrupted_byte_is_ignored() throws IOException {
        store(1);
        log().appendLazily(SampleLogRecords.open(2));
        byte[] whole = storage.bytes(FIRST);
        for (int at = Segment.HEADER_BYTES + OPEN_BYTES; at < whole.length; at++) {
            FaultyStorage garbled = storage.copy();
            garbled.put(FIRST, flipped(whole, at));

            assertEquals(ids(1), new FileLogFixture(garbled).replayed().keySet());
        }
    }

    @Test
    void preallocated_zeros_are_ignored_without_a_notice() throws IOException {
        store(1);
        storage.put(FIRST, Arrays.copyOf(storage.bytes(FIRST), 10_000));
        FaultyStorage after = storage.afterKill();
        FileLogFixture next = new FileLogFixture(after);

        assertEquals(ids(1), next.replayed().keySet());
        assertEquals(List.of(), next.notices);
    }

    /** A power failure may lose the first of two records that were not forced, and keep the second. */
    @Test
    void a_hole_is_a_torn_tail_if_no_record_proves_that_it_was_forced() throws IOException {
        store(1);
        log().appendLazily(SampleLogRecords.open(2));
        log().appendLazily(SampleLogRecords.open(3));
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEADER_BYTES + OPEN_BYTES;
        Arrays.fill(whole, second, second + OPEN_BYTES, (byte) 0);
        storage.put(FIRST, whole);
        FaultyStorage after = storage.afterKill();
        FileLogFixture next = new FileLogFixture(after);

        assertEquals(ids(1), next.replayed().keySet());
        assertEquals(1, next.notices.size());
        next.log().append(SampleLogRecords.open(4));
        assertEquals(ids(1, 4), FileLogFixture.replayed(after).keySet());
    }

    // Preallocation

    @Test
    void if_zeros_do_not_fit_on_the_disk_records_are_written_without_them() throws IOException {
        openWithPreallocation();
        storage.failing((change, name) -> {
            if (change == Change.FORCE_DIRECTORY) { // of the manifest, before the first record
                storage.capacity(storage.usedBytes() + OPEN_BYTES);
            }
        });
        store(1);

        assertEquals(Segment.HEADER_BYTES + OPEN_BYTES, storage.size(FIRST));
        assertEquals("No space left on device", refusal(append(2)));
        storage.capacity(100_000);
        assertEquals(ids(1), found());
    }

    @Test
    void records_overwrite_preallocated_zeros_and_a_complete_segment_has_none() throws IOException {
        openWithPreallocation();
        store(1);
        long first = storage.size(FIRST);
        assertEquals(Segment.HEADER_BYTES + OPEN_BYTES + FileLogFixture.WITH_PREALLOCATION.preallocatedBytes(), first);
        store(2);
        assertEquals(first, storage.size(FIRST), "overwritten");
        for (int i = 3; segments().size() == 1; i++) {
            store(i);
        }
        assertEquals(0, (storage.size(FIRST) - Segment.HEADER_BYTES) % OPEN_BYTES, "nothing but records");
        Set<?> before = found();
        process.log().close();
        String last = segments().getLast();
        assertEquals(0, (storage.size(last) - Segment.HEADER_BYTES) % OPEN_BYTES);
        assertEquals(before, found());
    }

    @Test
    void a_segment_whose_zeros_cannot_be_truncated_ends_the_process() throws IOException {
        openWithPreallocation();
        failing(Change.TRUNCATE);
        CompletableFuture<AppendResult> last = append(0);
        for (int i = 1; process.fatal == null; i++) {
            last = append(i);
        }
        assertInstanceOf(IOException.class, process.fatal);
        assertEquals(new Unknown(), last.getNow(null));
        assertEquals(List.of(FIRST), segments());
    }

    /** It may have been acknowledged. */
    @Test
    void a_record_with_any_corrupted_byte_before_a_valid_one_prevents_the_start() throws IOException {
        store(1);
        store(2);
        store(3);
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEADER_BYTES + OPEN_BYTES;
        for (int at = second; at < second + OPEN_BYTES; at++) {
            FaultyStorage bad = storage.copy();
            bad.put(FIRST, flipped(whole, at));
            String message = refusal(bad);

            assertTrue(message.startsWith(FIRST + " in memory, at byte " + second + ": "), message);
            assertTrue(message.contains(
                    String.format(Locale.ROOT, "records up to byte %d were acknowledged", second + 2 * OPEN_BYTES)));
            assertTrue(message.endsWith("log repair memory --lose-damaged"), message);

            // A power failure may lose the acknowledged position.
            String claim = FileName.supersededClaim(1);
            bad.put(claim, Arrays.copyOf(Arrays.copyOf(bad.bytes(claim), Claim.HEADER_BYTES), (int) bad.size(claim)));
            assertTrue(refusal(bad)
                    .contains(String.format(
                            Locale.ROOT, "the record at byte %d proves that it was forced", second + OPEN_BYTES)));
        }
    }

    @Test
    void a_damaged_record_in_an_older_segment_prevents_the_start_even_at_its_end() throws IOException {
        String oldest = withSegments(3);
        byte[] whole = storage.bytes(oldest);
        storage.put(oldest, flipped(whole, whole.length - 1));
        String message = refusal(storage.afterKill());

        assertTrue(message.startsWith(oldest + " in memory, at byte " + (whole.length - OPEN_BYTES)), message);

        storage.put(oldest, Arrays.copyOf(whole, whole.length - 1));
        assertTrue(refusal(storage.afterKill()).contains("the file ends here; it had " + whole.length + " bytes"));
    }

    @Test
    void a_missing_segment_prevents_the_start() throws IOException {
        withSegments(4);
        storage.lose(SECOND);

        assertTrue(refusal(storage.afterKill())
                .startsWith(SECOND + " in memory, at byte 0: the file is missing; manifest-00000001 lists it"));
    }

    @Test
    void a_segment_with_the_name_of_another_prevents_the_start() throws IOException {
        withSegments(3);
        storage.put(SECOND, storage.bytes(FIRST));

        assertTrue(refusal(storage.afterKill()).contains("the header is damaged, or is the header of another segment"));
    }

    @Test
    void a_later_format_version_prevents_the_start() throws IOException {
        store(1);
        byte[] bytes = storage.bytes(FIRST);
        bytes[7] = 5;
        FaultyStorage segment = storage.copy();
        segment.put(FIRST, bytes);
        assertTrue(refusal(segment).contains("format version 5 is not supported; this program reads versions 1 to 4"));

        FaultyStorage later = storage.copy();
        later.put(FileName.FORMAT, Segment.encodeFormatFile((byte) 5).array());
        assertTrue(refusal(later).contains("format version 5 is not supported; this program reads versions 1 to 4"));
    }

    @Test
    void a_file_that_is_not_a_segment_prevents_the_start() {
        store(1);
        storage.put(FIRST, "this file is not a segment of any log".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertTrue(refusal(storage.afterKill()).contains("this is not a segment of a decision log"));

        storage.put(FIRST, new byte[0]);
        assertTrue(refusal(storage.afterKill()).contains("shorter than the header of a segment"));
    }

    /** It is valid, so it is no torn write. */
    @Test
    void a_payload_of_an_unknown_kind_prevents_the_start() throws IOException {
        byte[] payload = Payload.encode(SampleLogRecords.open(1)).array();
        payload[0] = 6;
        putValid(payload);

        assertTrue(refusal(storage.afterKill())
                .contains(String.format(
                        Locale.ROOT, "at byte %d: a payload of kind 6 is not supported", Segment.HEADER_BYTES)));
    }

    @Test
    void a_record_of_an_old_format_with_an_unknown_state_prevents_the_start() throws IOException {
        byte[] payload = Payload.encode(SampleLogRecords.open(1)).array();
        payload[0] = 1;
        payload[Payload.BYTES_MIN] = 77;
        putValid(payload);
        assertTrue(refusal(storage.afterKill()).contains("unknown state 77"));

        putValid(Arrays.copyOf(payload, Payload.BYTES_MIN));
        assertTrue(refusal(storage.afterKill()).contains("the record has no state"));
    }

    @Test
    void a_record_that_the_reader_rejects_is_reported_with_its_location() throws IOException {
        store(1);
        store(2);
        FileDecisionLog next = restart();
        UncheckedIOException failure = assertThrows(
                UncheckedIOException.class,
                () -> next.replay(record -> {
                    if (record.id().equals(SampleLogRecords.id(2))) {
                        throw new IllegalArgumentException("unknown field 77");
                    }
                }));

        assertEquals(
                String.format(
                        Locale.ROOT,
                        "%s in memory, at byte %d: unknown field 77. Restore the file. To continue without the lost records,"
                                + " run this program with: log repair memory --lose-damaged",
                        FIRST,
                        Segment.HEADER_BYTES + OPEN_BYTES),
                failure.getMessage());
    }

    /**
     * The bytes of a record may contain those of another record, by accident or malice, but not at the right offset.
     */
    @Test
    void a_record_inside_a_torn_record_is_not_read() throws IOException {
        ByteBuffer payload = ByteBuffer.allocate(200);
        payload.put(Payload.encodeForgotten(SampleLogRecords.id(1)));
        Segment later = segment(); // as proof that the torn record was forced
        later.resize(500);
        later.markForced();
        later.encode(payload, Segment.HEADER_BYTES, 0, Payload.encodeForgotten(SampleLogRecords.id(2)));
        putValid(payload.array());
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length - 1));

        assertEquals(ids(), found());
    }

    @Test
    void other_files_are_ignored() throws IOException {
        store(1);
        storage.put("lost+found.txt", new byte[] {1});
        storage.put("segment-0000000002.log.new", new byte[] {1});
        restart();

        assertEquals(ids(1), found());
        assertTrue(storage.names().contains("lost+found.txt"));
        assertFalse(storage.names().contains("segment-0000000002.log.new"), "left by formats 1 to 3");
    }

    /** A program in a locale with other digits may have written it. */
    @Test
    void a_segment_name_with_non_ascii_digits_prevents_the_start() throws IOException {
        store(1);
        storage.put(FIRST.replace('1', '\u0661'), new byte[] {1});
        String message = refusal(storage.afterKill());
        assertTrue(message.endsWith("Rename it to segment-0000000001-00000001.log"), message);

        storage.lose(FIRST.replace('1', '\u0661'));
        storage.put("segment-1.log", new byte[] {1});
        assertTrue(refusal(storage.afterKill()).endsWith("Move it out of the directory"));
    }

    @Test
    void a_log_in_use_is_not_opened_twice() {
        IOException refusal = assertThrows(IOException.class, () -> process.open());

        assertEquals("the log in memory is in use by another process", refusal.getMessage());
    }

    @Test
    void a_log_that_cannot_be_opened_is_unlocked() throws IOException {
        store(1);
        storage.put(FIRST, new byte[0]);
        FaultyStorage next = storage.afterKill();

        assertTrue(refusal(next).contains("shorter than"));
        assertTrue(refusal(next).contains("shorter than"), "and not: in use");
        assertEquals(
                List.of("claim-00000001.superseded"),
                next.names().stream().filter(name -> name.startsWith("claim-")).toList(),
                "no attempt leaves a claim");
    }

    // Failures of the disk

    @Test
    void a_failed_force_ends_the_process_and_the_results_are_unknown() throws IOException {
        store(1);
        process.hold();
        CompletableFuture<AppendResult> second = append(2);
        CompletableFuture<AppendResult> third = append(3);
        failing(Change.FORCE);
        int forces = storage.forces;
        process.release();

        assertInstanceOf(IOException.class, process.fatal);
        CompletableFuture<AppendResult> fourth = append(4);
        log().appendLazily(SampleLogRecords.ended(1));
        log().forget(SampleLogRecords.id(1));
        assertEquals(forces + 1, storage.forces, "never tried again");
        for (CompletableFuture<AppendResult> result : List.of(second, third, fourth)) {
            assertEquals(new Unknown(), result.getNow(null));
        }
        assertNotNull(log().refusalReason());
        assertFalse(process.log().close().toCompletableFuture().isDone());
    }

    /** After a failed force, the system may still return the data, and a second force may succeed. */
    @Test
    void what_is_replayed_after_a_failed_force_survives_a_power_failure() throws IOException {
        store(1);
        failing(Change.FORCE);
        assertEquals(new Unknown(), append(2).getNow(null));
        storage.failing((_, _) -> {});
        restart();
        Set<?> found = found();
        assertEquals(ids(1, 2), found);

        for (FaultyStorage image : storage.afterPowerFailure()) {
            assertEquals(found, new FileLogFixture(image).replayed().keySet());
        }
    }

    /** A process may be killed after it created a segment and before it forced the name. The next one must force it. */
    @Test
    void a_decision_in_a_segment_whose_name_was_not_forced_survives_a_power_failure() throws IOException {
        store(0);
        while (!isFull(FIRST)) {
            store(1);
        }
        failing(Change.FORCE_DIRECTORY);
        assertEquals(new Unknown(), append(50).getNow(null));
        storage.failing((_, _) -> {});
        restart();
        store(51);

        for (FaultyStorage image : storage.afterPowerFailure()) {
            assertTrue(new FileLogFixture(image).replayed().containsKey(SampleLogRecords.id(51)));
        }
    }

    @Test
    void a_full_disk_refuses_appends_until_space_is_freed() throws IOException {
        store(1);
        storage.capacity(storage.usedBytes() + 50);
        process.hold();
        CompletableFuture<AppendResult> second = append(2);
        log().appendLazily(SampleLogRecords.ended(1));
        process.release();

        assertEquals("No space left on device", refusal(second));
        assertNull(process.fatal);
        assertEquals("the last write of the decision log failed: No space left on device", log().refusalReason());
        assertEquals(ids(1), found());
        assertEquals(Segment.HEADER_BYTES + OPEN_BYTES, storage.size(FIRST), "truncated");

        process.nanos += 1_000_000_000;
        assertEquals(
                "only 50 bytes are free for the decision log in memory; at least 1000 bytes are required",
                log().refusalReason());
        storage.capacity(100_000);
        assertNotNull(log().refusalReason(), "checked once a second");
        process.nanos += 1_000_000_000;
        assertNull(log().refusalReason());
        store(3);

        assertEquals(ids(1, 3), found());
        assertEquals(
                SampleLogRecords.ended(1),
                FileLogFixture.replayed(storage).get(SampleLogRecords.id(1)),
                "the lazy record stayed in the queue");
        assertEquals(
                List.of(
                        "new transactions and commits are refused: the last write of the decision log failed: No space left on device",
                        "new transactions and commits are accepted again"),
                process.notices);
    }

    @Test
    void little_free_space_refuses_decisions_and_accepts_lazy_records() throws IOException {
        store(1);
        storage.capacity(storage.usedBytes() + 999);
        process.nanos += 1_000_000_000;
        assertNotNull(log().refusalReason());
        log().appendLazily(SampleLogRecords.ended(1));

        assertEquals(SampleLogRecords.ended(1), FileLogFixture.replayed(storage).get(SampleLogRecords.id(1)));
    }

    /** A segment that cannot be created is a failed write. */
    @Test
    void a_disk_full_at_rotation_refuses_and_recovers() throws IOException {
        store(0);
        for (int i = 1; !isFull(FIRST); i++) {
            store(i);
        }
        Set<?> before = found();
        storage.capacity(storage.usedBytes() + 5);
        assertEquals("No space left on device", refusal(append(50)));
        storage.capacity(storage.usedBytes());
        assertEquals("No space left on device", refusal(append(51)));
        assertNull(process.fatal);

        storage.capacity(100_000);
        assertEquals(before, found());
        store(52);
        assertEquals(before.size() + 1, found().size());
        assertEquals(List.of(FIRST, SECOND), segments());
    }

    private boolean isFull(String segment) throws IOException {
        return storage.size(segment) + OPEN_BYTES > FileLogFixture.SMALL_SEGMENTS.segmentBytesMax();
    }

    /** It is unknown whether the record is still on the disk. */
    @ParameterizedTest
    @EnumSource(
            value = Change.class,
            names = {"TRUNCATE", "FORCE"})
    void a_failed_write_that_cannot_be_undone_ends_the_process(Change undoing) {
        store(1);
        storage.capacity(storage.usedBytes() + 50);
        failing(undoing);
        CompletableFuture<AppendResult> second = append(2);

        assertInstanceOf(IOException.class, process.fatal);
        assertEquals(new Unknown(), second.getNow(null));
        assertEquals(new Unknown(), append(3).getNow(null));
    }

    @ParameterizedTest
    @EnumSource(
            value = Change.class,
            names = {"FORCE", "RENAME", "FORCE_DIRECTORY"})
    void any_other_failure_ends_the_process(Change change) throws IOException {
        store(1);
        failing(change);
        CompletableFuture<AppendResult> last = append(2);
        for (int i = 3; process.fatal == null; i++) {
            last = append(i);
            log().forget(SampleLogRecords.id(i - 1));
        }
        assertTrue(last.isDone());
        assertFalse(last.getNow(null) instanceof Refused);
        storage.failing((_, _) -> {});

        restart();
        assertEquals("the decision log is closed", afterClosing());
    }

    private String afterClosing() {
        process.log().close();
        return refusal(append(1));
    }

    @Test
    void the_log_can_be_closed_while_the_disk_is_full() throws IOException {
        store(1);
        storage.capacity(storage.usedBytes());
        log().appendLazily(SampleLogRecords.ended(1));

        assertTrue(process.log().close().toCompletableFuture().isDone());
        storage.capacity(100_000);
        assertEquals(SampleLogRecords.open(1), FileLogFixture.replayed(storage).get(SampleLogRecords.id(1)));
    }

    /** Decisions are in memory and can be delivered, but the log cannot be read after a restart. */
    @Test
    void a_damaged_record_found_while_cleaning_refuses_decisions_and_does_not_end_the_process() throws IOException {
        store(1);
        store(2);
        storage.put(FIRST, flipped(storage.bytes(FIRST), 60));
        for (int i = 3; process.log().refusalReason() == null; i++) {
            store(i);
            log().forget(SampleLogRecords.id(i));
        }

        assertTrue(String.valueOf(log().refusalReason()).startsWith(FIRST + " in memory, at byte 32: the checksum is"));
        assertNull(process.fatal);
        assertEquals(1, process.notices.size());
        log().appendLazily(SampleLogRecords.ended(1));
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

    /** Fills the log with open transactions; returns the name of the oldest segment. */
    private String withSegments(int count) {
        for (int i = 0; segments().size() < count; i++) {
            store(i);
        }
        return FIRST;
    }

    private List<String> segments() {
        return FileLogFixture.segments(storage);
    }

    /** Writes a segment with this record, as if it had not been acknowledged. */
    private void putValid(byte[] payload) throws IOException {
        if (segments().isEmpty()) {
            log().appendLazily(SampleLogRecords.open(1));
        }
        ByteBuffer bytes = ByteBuffer.allocate(1000);
        bytes.put(segment().encodeHeader());
        segment().encode(bytes, Segment.HEADER_BYTES, 0, ByteBuffer.wrap(payload));
        storage.put(FIRST, Arrays.copyOf(bytes.array(), bytes.position()));
    }

    private void openWithPreallocation() throws IOException {
        storage = new FaultyStorage();
        process = new FileLogFixture(storage, FileLogFixture.WITH_PREALLOCATION);
        process.open();
    }

    /** The first segment, empty. */
    private Segment segment() throws IOException {
        long logId = Manifest.decode(ByteBuffer.wrap(storage.bytes(FileName.manifest(1))))
                .logId();
        return Segment.create(logId, 1, 1);
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

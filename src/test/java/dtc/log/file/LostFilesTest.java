package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.AppendResult.Fenced;
import dtc.log.AppendResult.Refused;
import dtc.log.AppendResult.Stored;
import dtc.log.AppendResult.Unknown;
import dtc.log.SampleLogRecords;
import dtc.log.file.FaultyStorage.Change;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are removed or replaced under a running process, and a process without file descriptors. */
class LostFilesTest {

    private static final long SECOND_NANOS = 1_000_000_000;

    private final FaultyStorage storage = new FaultyStorage();
    private final FileLogFixture process = new FileLogFixture(storage);

    @BeforeEach
    void open() throws IOException {
        process.open();
        for (int i = 0; i < 10; i++) {
            assertEquals(new Stored(), append(i));
        }
        assertTrue(FileLogFixture.segments(storage).size() > 1);
    }

    private @Nullable AppendResult append(int number) {
        return process.log()
                .append(SampleLogRecords.open(number))
                .toCompletableFuture()
                .getNow(null);
    }

    private String fatal() {
        return String.valueOf(Objects.requireNonNull(process.fatal).getMessage());
    }

    /** Removed, or replaced by a copy. */
    private void replace(String name, boolean isCopied) throws IOException {
        byte[] bytes = storage.bytes(name);
        storage.lose(name);
        if (isCopied) {
            storage.put(name, bytes);
        }
    }

    @ParameterizedTest
    @CsvSource({"segment,false", "segment,true", "claim,false", "claim,true"})
    void nothing_is_acknowledged_after_a_file_is_removed_or_replaced(String kind, boolean isCopied) throws IOException {
        String name = kind.equals("claim")
                ? FileName.claim(1)
                : FileLogFixture.segments(storage).getLast();
        replace(name, isCopied);

        assertEquals(new Unknown(), append(20));
        assertTrue(fatal().startsWith(name + " in memory was removed or replaced"), fatal());
    }

    @Test
    void a_missing_segment_or_manifest_is_detected_within_a_second() throws IOException {
        replace(FileLogFixture.segments(storage).getFirst(), true);
        process.nanos += SECOND_NANOS;

        assertEquals(new Unknown(), append(20));
        assertTrue(fatal().startsWith(FileName.segment(1, 1) + " in memory was removed or replaced"), fatal());
    }

    @Test
    void a_process_without_appends_detects_it_too() throws IOException {
        replace(FileName.manifest(1), false);
        process.log().check();
        assertNull(process.fatal, "not yet a second");
        process.nanos += SECOND_NANOS;
        process.log().check();

        assertTrue(fatal().startsWith("manifest-00000001 in memory was removed or replaced"), fatal());
        assertEquals(new Unknown(), append(20));
    }

    @Test
    void a_process_whose_log_was_claimed_acknowledges_nothing_and_names_the_claim() throws IOException {
        new FileLogFixture(storage.anotherProcess()).open();

        assertEquals(new Fenced(), append(20));
        assertEquals(
                "the log in memory was claimed by another process (claim-00000002), so this process stops", fatal());
        assertEquals(new Fenced(), append(21));
        assertTrue(String.valueOf(process.log().refusalReason()).contains("process is ending"));
    }

    // File descriptors

    /** Only creating a file needs a descriptor. */
    private void withoutDescriptors() {
        storage.failing((change, _) -> {
            if (change == Change.CREATE) {
                throw new IOException("Too many open files");
            }
        });
    }

    @Test
    void a_process_without_descriptors_completes_a_segment_and_then_refuses_until_it_has_some() throws IOException {
        int before = FileLogFixture.segments(storage).size();
        withoutDescriptors();
        int number = 20;
        AppendResult result = append(number);
        while (result instanceof Stored) {
            result = append(++number);
        }
        assertEquals(
                "Too many open files", assertInstanceOf(Refused.class, result).reason());
        assertEquals(before + 1, FileLogFixture.segments(storage).size(), "one segment was created in advance");
        assertNull(process.fatal);
        assertTrue(String.valueOf(process.log().refusalReason()).contains("Too many open files"));

        storage.failing((_, _) -> {});
        process.nanos += SECOND_NANOS;
        assertEquals(new Stored(), append(900));
        assertNull(process.log().refusalReason());
        assertEquals(10 + number - 20 + 1, FileLogFixture.replayed(storage).size());
    }

    @Test
    void files_are_created_in_advance_once_descriptors_are_available() throws IOException {
        withoutDescriptors();
        int before = FileLogFixture.segments(storage).size();
        for (int i = 20; FileLogFixture.segments(storage).size() == before; i++) {
            assertEquals(new Stored(), append(i));
        }
        assertEquals(1, process.notices.size(), process.notices.toString());
        storage.failing((_, _) -> {});
        process.nanos += SECOND_NANOS;
        process.log().check();
        withoutDescriptors();
        for (int i = 40; FileLogFixture.segments(storage).size() == before + 1; i++) {
            assertEquals(new Stored(), append(i));
        }
    }

    /** Each start may leave a segment. */
    @Test
    void many_restarts_leave_few_files() throws IOException {
        FaultyStorage disk = storage;
        for (int i = 0; i < 300; i++) {
            disk = disk.afterKill();
            FileLogFixture next = new FileLogFixture(disk, new FileDecisionLog.Settings(10_000, 0, 0, 100));
            next.open();
            if (i % 2 == 0) {
                next.log().append(SampleLogRecords.open(1000 + i));
                next.log().forget(SampleLogRecords.id(999 + i));
            }
        }
        assertTrue(disk.names().size() < 30, disk.names().toString());
        assertEquals(10 + 150, FileLogFixture.replayed(disk).size());
    }
}

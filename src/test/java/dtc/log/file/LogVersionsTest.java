package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogRecord;
import dtc.log.SampleLogRecords;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Reads logs of each format version. The files are test data and are never written again: an upgrade may find
 * transactions in doubt. Their records are tested in {@code dtc.app.LogDumpTest}.
 */
class LogVersionsTest {

    private static final Path KEPT = Path.of("src/test/resources/log");

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2", "v2-all-kinds", "v3-all-kinds", "v4-all-kinds"})
    void a_log_of_each_version_is_read_and_its_records_are_copied_unchanged(String version) throws IOException {
        FaultyStorage storage = kept(version);
        List<String> old = storage.names().stream()
                .filter(name -> name.startsWith("segment-") && !name.equals(FileName.FORMAT))
                .toList();
        assertTrue(old.size() > 1, "several segments");
        FileLogFixture process = new FileLogFixture(storage);
        Map<TransactionId, LogRecord> before = process.replayed();
        assertTrue(before.size() > 5, before.toString());
        TransactionId ended = before.keySet().iterator().next();

        LogRecord newer = new LogRecord(ended, SampleLogRecords.ended(1).bytes(), LogRecord.Kind.ENDED);
        process.log().appendLazily(newer);
        assertEquals(newer, FileLogFixture.replayed(storage).get(ended));

        for (int i = 200; old.stream().anyMatch(storage.names()::contains); i++) {
            process.log().append(SampleLogRecords.open(i));
            process.log().forget(SampleLogRecords.id(i));
            assertTrue(i < 10_000, "all segments of that version are deleted in the end");
        }
        Map<TransactionId, LogRecord> copied = FileLogFixture.replayed(storage);
        before.put(ended, newer);
        before.forEach((id, record) -> assertEquals(record, copied.get(id)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2"})
    void the_kind_of_old_records_follows_from_their_state(String version) throws IOException {
        List<LogRecord.Kind> kinds = new ArrayList<>();
        new FileLogFixture(kept(version)).replayed().values().forEach(record -> kinds.add(record.kind()));

        // COMMITTING, PREPARING, HEURISTIC, COMMITTED, ROLLED_BACK, COMMITTING, COMMITTED
        assertEquals(
                "OPEN OPEN ENDED ENDED ENDED OPEN ENDED",
                String.join(" ", kinds.stream().map(Enum::name).toList()));
    }

    /** In version 1 a valid record proves that all records before it were on the disk. */
    @Test
    void a_damaged_record_of_version_1_before_a_valid_one_prevents_the_start_and_a_torn_one_is_truncated()
            throws IOException {
        String newest = "segment-0000000012.log";
        byte[] whole = kept("v1").bytes(newest);
        FaultyStorage damaged = kept("v1");
        byte[] flipped = whole.clone();
        flipped[Segment.LEGACY_HEADER_BYTES + 20] ^= 1;
        damaged.put(newest, flipped);
        assertThrows(UnreadableLogException.class, () -> new FileLogFixture(damaged).open());

        FaultyStorage torn = kept("v1");
        torn.put(newest, Arrays.copyOf(whole, whole.length - 1));
        FileLogFixture process = new FileLogFixture(torn);
        process.open();
        assertEquals(1, process.notices.size());
        process.log().append(SampleLogRecords.open(9));
        assertEquals(
                SampleLogRecords.open(9),
                FileLogFixture.replayed(torn).get(SampleLogRecords.id(9)),
                "in a segment of the current version");
        assertEquals(List.of("segment-0000000013-00000001.log"), FileLogFixture.segments(torn));
    }

    private static FaultyStorage kept(String version) throws IOException {
        FaultyStorage storage = new FaultyStorage();
        try (Stream<Path> files = Files.list(KEPT.resolve(version))) {
            for (Path file : files.sorted().toList()) {
                storage.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return storage;
    }
}

package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogRecord;
import dtc.log.SampleLogRecords;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Damages each file of a log in each possible way, one at a time. The start then either reads every acknowledged
 * record, or fails with a message that names the file. {@code verify} reports the damage if and only if the start
 * fails. After {@code repair} the log can be opened.
 */
class DamagedLogTest {

    /** A log whose process was killed, with unacknowledged records after the last acknowledged one. */
    private static FaultyStorage log = new FaultyStorage();

    private static Map<TransactionId, LogRecord> acknowledged = new TreeMap<>();

    /** Three processes: their segments are complete, inherited, and open. */
    @BeforeAll
    static void write() throws IOException {
        FaultyStorage storage = new FaultyStorage();
        Map<TransactionId, LogRecord> stored = new TreeMap<>();
        int number = 0;
        for (int process = 0; process < 3; process++) {
            FileLogFixture fixture = new FileLogFixture(storage, FileLogFixture.WITH_PREALLOCATION);
            fixture.open();
            for (int i = 0; i < 8; i++) {
                LogRecord record = SampleLogRecords.open(number++);
                fixture.append(record, () -> stored.put(record.id(), record));
            }
            fixture.log().forget(SampleLogRecords.id(number - 3));
            LogRecord last = SampleLogRecords.open(number++);
            fixture.append(last, () -> stored.put(last.id(), last)); // the forgotten one is acknowledged with it
            stored.remove(SampleLogRecords.id(number - 4));
            fixture.log().appendLazily(SampleLogRecords.ended(number - 1));
            storage = storage.afterKill();
        }
        log = storage;
        acknowledged = stored;
    }

    /** The files whose loss or change is not detected, because their content is irrelevant. */
    private static boolean isNotNeeded(String name) {
        FileName parsed = FileName.parse(name);
        return parsed == null
                || name.equals(FileName.FORMAT)
                || parsed.kind() == FileName.Kind.UNFINISHED_MANIFEST
                || (parsed.kind() == FileName.Kind.SEGMENT
                        && !FileLogFixture.segments(log).contains(name));
    }

    private static List<String> files() {
        return log.names();
    }

    /** Returns whether the log starts. */
    private static boolean check(FaultyStorage damaged, String what, String... named) throws IOException {
        List<String> lines = new ArrayList<>();
        LogMaintenance.VerifyResult verified =
                new LogMaintenance(damaged.copy(), new Random(2), Instant.EPOCH, lines::add).verify(_ -> {});
        FaultyStorage repaired = damaged.copy();
        try {
            Map<TransactionId, LogRecord> found = new FileLogFixture(damaged).replayed();
            acknowledged.forEach((id, record) -> {
                LogRecord newest = found.get(id);
                assertNotNull(newest, () -> what + ": " + id + " is lost");
                assertTrue(newest.equals(record) || newest.kind() == LogRecord.Kind.ENDED, what);
            });
            assertEquals(LogMaintenance.VerifyResult.INTACT, verified, () -> what + ": " + lines);
            return true;
        } catch (IOException refusal) {
            // The failed start has renamed the claim.
            String message = String.valueOf(refusal.getMessage()).replace(".superseded", "");
            assertTrue(
                    Stream.of(named).anyMatch(name -> message.startsWith(name + " in memory, at byte ")),
                    () -> what + ": " + message);
            assertTrue(message.contains(". "), () -> "what to do: " + message);
            assertEquals(LogMaintenance.VerifyResult.DAMAGED, verified, () -> what + ": " + message);
            assertEquals(message, lines.getFirst().replace(".superseded", ""), what);
        }
        checkRepair(repaired, what);
        return false;
    }

    private static void checkRepair(FaultyStorage damaged, String what) throws IOException {
        List<String> lines = new ArrayList<>();
        assertTrue(
                new LogMaintenance(damaged, new Random(3), Instant.EPOCH, lines::add).repair(),
                () -> what + ": " + lines);
        Map<TransactionId, LogRecord> found = new FileLogFixture(damaged).replayed();
        assertTrue(found.size() <= acknowledged.size() + 4, what);
    }

    @Test
    void an_undamaged_log_starts() throws IOException {
        assertTrue(FileLogFixture.segments(log).size() > 4, log.names().toString());
        assertTrue(check(log.copy(), "nothing"));
    }

    @Test
    void each_flipped_byte_is_detected_or_irrelevant() throws IOException {
        for (String name : files()) {
            byte[] bytes = log.bytes(name);
            int harmless = 0;
            for (int at = 0; at < bytes.length; at++) {
                FaultyStorage damaged = log.copy();
                byte[] flipped = bytes.clone();
                flipped[at] ^= (byte) (1 << (at % 8));
                damaged.put(name, flipped);
                if (check(damaged, "byte " + at + " of " + name + " flipped", name)) {
                    harmless++;
                }
            }
            if (!isNotNeeded(name)) {
                assertTrue(harmless < bytes.length, name);
            }
        }
    }

    @Test
    void each_truncation_of_a_file_is_detected_or_irrelevant() throws IOException {
        for (String name : files()) {
            byte[] bytes = log.bytes(name);
            for (int length = 0; length < bytes.length; length++) {
                FaultyStorage damaged = log.copy();
                damaged.put(name, Arrays.copyOf(bytes, length));
                check(damaged, name + " cut at " + length, name);
            }
        }
    }

    @Test
    void each_file_that_is_removed_or_replaced_by_a_directory_is_detected_or_irrelevant() throws IOException {
        for (String name : files()) {
            FaultyStorage removed = log.copy();
            removed.lose(name);
            assertEquals(isNotNeeded(name), check(removed, name + " removed", name), name);

            FaultyStorage replaced = log.copy();
            replaced.putDirectory(name);
            check(replaced, name + " replaced by a directory", name);
        }
    }

    @Test
    void each_file_that_is_copied_renamed_or_swapped_is_detected_or_harmless() throws IOException {
        for (String name : files()) {
            for (String other : names()) {
                if (other.equals(name)) {
                    continue;
                }
                FaultyStorage doubled = log.copy();
                doubled.put(other, log.bytes(name));
                check(doubled, name + " copied to " + other, other, name);

                FaultyStorage renamed = log.copy();
                renamed.put(other, log.bytes(name));
                renamed.lose(name);
                check(renamed, name + " renamed to " + other, other, name);

                if (files().contains(other)) {
                    FaultyStorage swapped = log.copy();
                    swapped.put(other, log.bytes(name));
                    swapped.put(name, log.bytes(other));
                    check(swapped, name + " swapped with " + other, other, name);
                }
            }
        }
    }

    /** The names of the files, and similar names. */
    private static List<String> names() {
        List<String> names = new ArrayList<>(files());
        names.add(FileName.segment(1, 0));
        names.add(FileName.segment(99, 3));
        names.add(FileName.segment(99, 2));
        names.add(FileName.segment(99, 99));
        names.add(FileName.claim(9));
        names.add(FileName.manifest(9));
        names.add("segment-0000000001-00000001.log.bak");
        names.add("segment-\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661-00000001.log");
        names.add("something else");
        return names;
    }

    @Test
    void the_files_of_another_log_are_detected() throws IOException {
        FaultyStorage other = new FaultyStorage();
        FileLogFixture process = new FileLogFixture(other, FileLogFixture.WITH_PREALLOCATION);
        // Another seed gives the log another id.
        FileDecisionLog.open(other, process, FileLogFixture.WITH_PREALLOCATION, () -> 0, new Random(99), process)
                .append(SampleLogRecords.open(77));
        String name = FileName.segment(1, 1);
        FaultyStorage mixed = log.copy();
        assertTrue(files().contains(name));
        mixed.put(name, other.bytes(name));
        assertTrue(!check(mixed, "a segment of another log", name));
    }

    @Test
    void a_log_that_lost_all_files_is_a_new_one_with_another_identity() throws IOException {
        FileLogFixture lost = new FileLogFixture(new FaultyStorage());
        assertTrue(lost.replayed().isEmpty());
        assertEquals(0, lost.log().identity().idsWithoutTagUntilMillis());
        assertNull(lost.fatal);
    }
}

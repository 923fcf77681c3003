package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Logs that were written by each version, and are kept: whoever upgrades may have transactions in doubt. A new version
 * gets a directory of its own, written by {@link #main} at that time, and never written again.
 */
class LogVersionsTest {

    private static final Path KEPT = Path.of("src/test/resources/log");

    /** What {@link #main} wrote in each version, as it must be found. */
    private static final List<TransactionRecord> KEPT_RECORDS = List.of(
            Records.full(1, State.COMMITTING, Outcome.COMMIT, Cause.VOTED, State.COMMITTING, Vote.COMMIT),
            Records.full(2, State.PREPARING, Outcome.PENDING, Cause.ONE_PHASE, State.PREPARING, Vote.READ_ONLY),
            Records.full(3, State.HEURISTIC, Outcome.COMMIT, Cause.LOST, State.HEURISTIC, Vote.COMMIT),
            Records.bare(4),
            Records.rolledBack(5, "no stock: é \"'\\"),
            Records.committing(6),
            Records.committed(7));

    /** Once for each version: {@code v2}. */
    public static void main(String... version) throws IOException {
        FaultyStorage storage = new FaultyStorage();
        FileLogFixture process = new FileLogFixture(storage, FileLogFixture.WITH_ROOM);
        FileDecisionLog log = process.open();
        log.decide(Records.committing(7));
        for (int i = 100; i < 120; i++) {
            log.decide(Records.committing(i));
            log.end(Records.committed(i));
            log.forget(Records.id(i));
        }
        for (TransactionRecord record : KEPT_RECORDS) {
            log.end(record);
        }
        log.decide(Records.committing(8));
        log.forget(Records.id(8));
        Path directory = Files.createDirectory(KEPT.resolve(version[0]));
        for (String name : storage.names()) {
            Files.write(directory.resolve(name), storage.bytes(name));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2"})
    void each_version_is_read(String version) throws IOException {
        FaultyStorage storage = kept(version);
        assertFalse(storage.names().size() < 2, "several segments");
        FileLogFixture process = new FileLogFixture(storage);
        assertEquals(KEPT_RECORDS, List.copyOf(process.replayed().values()));

        // And gone on with, until nothing of it is left.
        process.log().end(Records.committed(6));
        assertEquals(Records.committed(6), FileLogFixture.replayed(storage).get(Records.id(6)));
        String newest = storage.names().getLast();
        for (int i = 200; storage.names().getFirst().compareTo(newest) <= 0; i++) {
            process.log().decide(Records.committing(i));
            process.log().forget(Records.id(i));
            assertTrue(i < 1000, "the segments of that version go");
        }
        Map<TransactionId, TransactionRecord> copied = FileLogFixture.replayed(storage);
        for (TransactionRecord kept : KEPT_RECORDS) {
            assertEquals(
                    kept.id().equals(Records.id(6)) ? Records.committed(6) : kept,
                    copied.get(kept.id()),
                    "copied forward");
        }
    }

    /** There nothing but a whole record behind it tells that one was on the disk. */
    @Test
    void a_bad_record_of_version_1_before_a_whole_one_refuses_to_start_and_a_torn_one_is_cut_off() throws IOException {
        String newest = "segment-0000000012.log";
        byte[] whole = kept("v1").bytes(newest);
        FaultyStorage bad = kept("v1");
        byte[] flipped = whole.clone();
        flipped[Segment.HEAD_BYTES + 20] ^= 1;
        bad.put(newest, flipped);
        assertThrows(UnreadableLogException.class, () -> new FileLogFixture(bad).open());

        FaultyStorage torn = kept("v1");
        torn.put(newest, Arrays.copyOf(whole, whole.length - 1));
        FileLogFixture process = new FileLogFixture(torn);
        process.open();
        assertEquals(1, process.notices.size());
        process.log().decide(Records.committing(9));
        assertEquals(
                Records.committing(9), FileLogFixture.replayed(torn).get(Records.id(9)), "in a segment of its own");
        assertEquals("segment-0000000013.log", torn.names().getLast());
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

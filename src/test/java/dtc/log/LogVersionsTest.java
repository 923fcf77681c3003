package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Logs that were written by each version, and are kept: whoever upgrades may have transactions in doubt. A new version
 * gets a directory of its own, written by {@link #main} at that time, and never written again.
 */
class LogVersionsTest {

    private static final Path KEPT = Path.of("src/test/resources/log");

    /** What {@link #main} wrote in version 1, as it must be found. */
    private static final List<TransactionRecord> V1 = List.of(
            Records.full(1, State.COMMITTING, Outcome.COMMIT, Cause.VOTED, State.COMMITTING, Vote.COMMIT),
            Records.full(2, State.PREPARING, Outcome.PENDING, Cause.ONE_PHASE, State.PREPARING, Vote.READ_ONLY),
            Records.full(3, State.HEURISTIC, Outcome.COMMIT, Cause.LOST, State.HEURISTIC, Vote.COMMIT),
            Records.bare(4),
            Records.rolledBack(5, "no stock: é \"'\\"),
            Records.committing(6),
            Records.committed(7));

    /** Once for each version: {@code v1}. */
    public static void main(String... version) throws IOException {
        FaultyStorage storage = new FaultyStorage();
        FileLogFixture process = new FileLogFixture(storage);
        FileDecisionLog log = process.open();
        log.decide(Records.committing(7));
        for (int i = 100; i < 120; i++) {
            log.decide(Records.committing(i));
            log.end(Records.committed(i));
            log.forget(Records.id(i));
        }
        for (TransactionRecord record : V1) {
            log.end(record);
        }
        log.decide(Records.committing(8));
        log.forget(Records.id(8));
        Path directory = Files.createDirectory(KEPT.resolve(version[0]));
        for (String name : storage.names()) {
            Files.write(directory.resolve(name), storage.bytes(name));
        }
    }

    @Test
    void version_1_is_read() throws IOException {
        FaultyStorage storage = new FaultyStorage();
        try (Stream<Path> files = Files.list(KEPT.resolve("v1"))) {
            for (Path file : files.sorted().toList()) {
                storage.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        assertFalse(storage.names().size() < 2, "several segments");
        FileLogFixture process = new FileLogFixture(storage);
        assertEquals(V1, List.copyOf(process.replayed().values()));

        // And gone on with.
        process.log().end(Records.committed(6));
        assertEquals(Records.committed(6), FileLogFixture.replayed(storage).get(Records.id(6)));
    }
}

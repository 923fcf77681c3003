package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.coordinator.RecordCodec;
import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.coordinator.SampleRecords;
import dtc.coordinator.TransactionRecord;
import dtc.log.LogRecord;
import dtc.log.LogRecord.Kind;
import dtc.log.file.DirectoryStorage;
import dtc.log.file.FileDecisionLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator sees of a log, and that the logs of all format versions hold what they were written with. */
class LogDumpTest {

    private static final Path KEPT = Path.of("src/test/resources/log");
    private static final String FIRST = "segment-0000000001.log";

    @TempDir
    @SuppressWarnings("NullAway.Init") // set before each test
    private Path directory;

    private static boolean dump(Path directory, List<String> lines) throws IOException {
        try (DirectoryStorage storage = new DirectoryStorage(directory)) {
            return LogDump.dump(storage, lines::add);
        }
    }

    private static List<JsonNode> parsed(List<String> lines) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        List<JsonNode> parsed = new ArrayList<>();
        for (String line : lines) {
            parsed.add(mapper.readTree(line));
        }
        return parsed;
    }

    /** The expected lines were printed when the version was the current one. */
    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2", "v2-all-kinds", "v3-all-kinds", "v4-all-kinds"})
    void a_log_of_each_version_is_printed(String version) throws IOException {
        List<String> lines = new ArrayList<>();

        assertTrue(dump(KEPT.resolve(version), lines));
        assertEquals(parsed(Files.readAllLines(KEPT.resolve(version + ".dump.jsonl"))), parsed(lines));
    }

    @Test
    void damage_and_a_torn_tail_are_lines() throws IOException {
        byte[] bytes = Files.readAllBytes(KEPT.resolve("v2-all-kinds").resolve(FIRST));
        Files.write(directory.resolve(FIRST), Arrays.copyOf(bytes, 5000));
        List<String> lines = new ArrayList<>();
        assertTrue(dump(directory, lines), "a torn tail is no damage");
        assertEquals("tail", parsed(lines).getLast().path("kind").asText());

        bytes[100] ^= 1;
        Files.write(directory.resolve(FIRST), bytes);
        lines.clear();
        assertFalse(dump(directory, lines));
        JsonNode damage = parsed(lines).getFirst();
        assertEquals("bad", damage.path("kind").asText());
        assertTrue(damage.path("why").asText().startsWith("the checksum is "), lines.toString());
        assertEquals("transaction", parsed(lines).get(1).path("kind").asText());
    }

    @Test
    void a_record_that_the_codec_rejects_is_damage() throws Exception {
        TransactionRecord known = SampleRecords.committing(1);
        byte[] bytes = RecordCodec.encode(known, 0).array();
        bytes[0] = 99;
        try (OpenLog log = new OpenLog(directory)) {
            log.log.appendLazily(new LogRecord(known.id(), ByteBuffer.wrap(bytes), Kind.OPEN));
        }
        List<String> lines = new ArrayList<>();

        assertFalse(dump(directory, lines));
        assertEquals(
                "version 99 of transaction records is not supported by this program",
                parsed(lines).getFirst().path("why").asText());
    }

    @Test
    void a_registration_is_printed_and_verified() throws Exception {
        RegistrationRecord record = new RegistrationRecord(
                "orders",
                "http://orders:1",
                new UUID(1, 2),
                List.of(),
                Set.of("one-phase", "batch"),
                false,
                Instant.ofEpochSecond(5));
        try (OpenLog log = new OpenLog(directory)) {
            log.log.append(new LogRecord(
                    RegistrationCodec.recordId("orders"), RegistrationCodec.encode(record), Kind.REGISTRATION));
        }
        List<String> lines = new ArrayList<>();

        assertTrue(dump(directory, lines));
        String printed = lines.getFirst();
        assertTrue(printed.contains("\"kind\":\"registration\""), printed);
        assertTrue(
                printed.endsWith("\"id\":\"orders\",\"url\":\"http://orders:1\","
                        + "\"instance\":\"00000000-0000-0001-0000-000000000002\",\"features\":[\"batch\",\"one-phase\"],"
                        + "\"displaced\":false,\"registeredAt\":\"1970-01-01T00:00:05Z\"}"),
                printed);
        LogDump.check(new LogRecord(
                RegistrationCodec.recordId("orders"), RegistrationCodec.encode(record), Kind.REGISTRATION));
        assertThrows(
                IllegalArgumentException.class,
                () -> LogDump.check(new LogRecord(
                        RegistrationCodec.recordId("orders"), ByteBuffer.wrap(new byte[] {9}), Kind.REGISTRATION)));
    }

    /**
     * Writes the kept log of the current version, once: a directory that is named by the argument, with all kinds of
     * records, and records of version 2 that cleaning copied.
     */
    public static void main(String... version) throws Exception {
        Path written = Files.createTempDirectory("log");
        copy(KEPT.resolve("v2-all-kinds"), written);
        try (OpenLog log = new OpenLog(written)) {
            List<TransactionRecord> records = new ArrayList<>();
            log.log.replay(record -> records.add(RecordCodec.decode(record.id(), record.bytes())));
            for (TransactionRecord record : records.subList(0, records.size() - 5)) {
                log.append(record);
            }
            for (int i = 100; Files.exists(written.resolve("segment-0000000002.log")); i++) {
                log.append(SampleRecords.committing(i));
                log.append(SampleRecords.committed(i));
                log.log.forget(SampleRecords.id(i));
            }
            Path kept = Files.createDirectory(KEPT.resolve(version[0]));
            copy(written, kept); // before it is closed, which truncates the preallocated bytes
            List<String> lines = new ArrayList<>();
            assertTrue(dump(kept, lines));
            Files.write(KEPT.resolve(version[0] + ".dump.jsonl"), lines);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(one -> !one.endsWith("lock")).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    /** A log whose writer runs on the caller's thread. */
    private static final class OpenLog implements AutoCloseable, FileDecisionLog.Listener {
        private final FileDecisionLog log;

        private OpenLog(Path directory) throws IOException {
            log = FileDecisionLog.open(
                    new DirectoryStorage(directory),
                    Runnable::run,
                    new FileDecisionLog.Settings(6000, 350, 0, 100),
                    System::nanoTime,
                    new java.util.Random(1),
                    this);
        }

        private void append(TransactionRecord record) {
            log.append(new LogRecord(
                    record.id(), RecordCodec.encode(record, 0), record.isOpen() ? Kind.OPEN : Kind.ENDED));
        }

        @Override
        public void notice(String what) {
            throw new AssertionError(what);
        }

        @Override
        public void fatal(String what, Throwable cause) {
            throw new AssertionError(what, cause);
        }

        @Override
        public void close() {
            assertTrue(log.close().toCompletableFuture().isDone());
        }
    }
}

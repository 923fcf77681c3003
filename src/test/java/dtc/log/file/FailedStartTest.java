package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.log.SampleLogRecords;
import dtc.log.file.FaultyStorage.Change;
import dtc.protocol.TransactionId;
import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Injects a failure into each change of a start: a single one, a full disk, or a read-only disk. */
@NoApplication
class FailedStartTest {

    private static final Path KEPT = Path.of("src/test/resources/log");

    private enum Failure {
        ONCE("Input/output error"),
        DISK_FULL("No space left on device"),
        READ_ONLY("Read-only file system");

        private final String reason;

        Failure(String reason) {
            this.reason = reason;
        }

        /** Whether a change fails, given the number of the first one that does. */
        private boolean fails(Change change, int number, int first) {
            return switch (this) {
                case ONCE -> number == first;
                case DISK_FULL -> number >= first && (change == Change.CREATE || change == Change.WRITE);
                case READ_ONLY -> number >= first;
            };
        }
    }

    record Disk(String name, FaultyStorage storage) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Disk> disks() throws IOException {
        return Stream.of(
                new Disk("empty", new FaultyStorage()),
                new Disk("after one start", written(1)),
                new Disk("after many starts", written(12)),
                new Disk("format version 1", kept("v1")),
                new Disk("format version 3", kept("v3-all-kinds")));
    }

    /** Returns the disk after some processes that were killed, the last one with unforced records. */
    private static FaultyStorage written(int starts) throws IOException {
        FaultyStorage storage = new FaultyStorage();
        for (int start = 0; start < starts; start++) {
            FileLogFixture process = new FileLogFixture(storage, FileLogFixture.WITH_PREALLOCATION);
            process.open();
            for (int i = 0; i < 9; i++) {
                process.append(SampleLogRecords.open(start * 10L + i), () -> {});
            }
            process.log().appendLazily(SampleLogRecords.ended(start * 10L));
            storage = storage.afterKill();
        }
        return storage;
    }

    private static FaultyStorage kept(String version) throws IOException {
        FaultyStorage storage = new FaultyStorage();
        try (Stream<Path> files = Files.list(KEPT.resolve(version))) {
            for (Path file : files.toList()) {
                storage.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return storage;
    }

    @ParameterizedTest
    @MethodSource("disks")
    void a_start_that_fails_names_the_file_and_loses_nothing(Disk disk) throws IOException {
        FaultyStorage undisturbed = disk.storage().copy();
        Map<TransactionId, LogRecord> expected = replayed(undisturbed);
        int changes = undisturbed.changes;
        assertTrue(changes > 15, String.format(Locale.ROOT, "%d changes", changes));
        for (Failure failure : Failure.values()) {
            int refused = 0;
            for (int first = 1; first <= changes; first++) {
                FaultyStorage storage = disk.storage().copy();
                refused += start(storage, failure, first, expected) ? 0 : 1;

                String when = failure + " from change " + first;
                for (FaultyStorage image : distinct(storage)) {
                    assertEquals(expected, replayed(image), when);
                }
                assertEquals(expected, replayed(storage.afterKill()), when);
            }
            assertTrue(refused > 10, refused + " starts refused");
        }
    }

    /** A supervisor may restart the process endlessly, so failed starts must not fill the disk. */
    @ParameterizedTest
    @MethodSource("disks")
    void repeated_failed_starts_leave_no_files(Disk disk) throws IOException {
        FaultyStorage undisturbed = disk.storage().copy();
        Map<TransactionId, LogRecord> expected = replayed(undisturbed);
        int changes = undisturbed.changes;
        for (int first = 1; first <= changes; first++) {
            FaultyStorage storage = disk.storage().copy();
            int settled = 0;
            for (int attempt = 1; attempt <= 10; attempt++) {
                // On a full disk, files can only be deleted.
                if (start(storage, Failure.DISK_FULL, storage.changes + first, expected)) {
                    break;
                }
                storage = storage.afterKill();
                // The first starts make progress: the format file and the manifest of an old format are kept.
                settled = attempt <= 4 ? Math.max(settled, storage.names().size()) : settled;
                assertTrue(
                        storage.names().size() <= settled,
                        first + ": " + storage.names().size() + " files: " + storage.names());
            }
            assertEquals(expected, replayed(storage.afterKill()));
        }
    }

    @Test
    void a_log_keeps_its_identity_when_a_start_fails() throws IOException {
        FaultyStorage storage = written(2);
        LogIdentity before = identity(storage);
        for (int first = 1; first <= 20; first++) {
            start(storage, Failure.ONCE, storage.changes + first, replayed(storage.afterKill()));
            storage = storage.afterKill();
            LogIdentity after = identity(storage);
            assertEquals(before.tag(), after.tag());
            assertTrue(after.epoch() >= before.epoch());
        }
    }

    private static LogIdentity identity(FaultyStorage storage) throws IOException {
        return new FileLogFixture(storage.afterKill()).open().identity();
    }

    /** Returns false if the start was refused, with a message that names the file and the reason. */
    private static boolean start(
            FaultyStorage storage, Failure failure, int first, Map<TransactionId, LogRecord> expected) {
        Set<String> failed = new HashSet<>();
        storage.failing((change, name) -> {
            if (failure.fails(change, storage.changes, first)) {
                String file = name.isEmpty() ? storage.location() : name;
                failed.add(file);
                throw new IOException(file + ": " + failure.reason);
            }
        });
        try {
            FileLogFixture process = new FileLogFixture(storage, FileLogFixture.WITH_PREALLOCATION);
            assertEquals(expected, process.replayed());
            return true;
        } catch (IOException refusal) {
            String message = String.valueOf(refusal.getMessage());
            assertTrue(failed.stream().anyMatch(file -> message.contains(file + ": " + failure.reason)), message);
            return false;
        } finally {
            storage.failing((_, _) -> {});
        }
    }

    private static Map<TransactionId, LogRecord> replayed(FaultyStorage storage) throws IOException {
        return new TreeMap<>(new FileLogFixture(storage, FileLogFixture.WITH_PREALLOCATION).replayed());
    }

    private static List<FaultyStorage> distinct(FaultyStorage storage) {
        Map<Object, FaultyStorage> images = new LinkedHashMap<>();
        storage.afterPowerFailure().forEach(image -> images.putIfAbsent(image.content(), image));
        return List.copyOf(images.values());
    }
}

package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.SampleLogRecords;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file log on the file system, and used by many threads. */
class DirectoryStorageTest {

    private static final FileDecisionLog.Settings SETTINGS = new FileDecisionLog.Settings(100_000, 10_000, 0, 10_000);

    @TempDir
    @SuppressWarnings("NullAway.Init") // set before each test
    private Path directory;

    private static final class Failing implements FileDecisionLog.Listener {
        @Override
        public void notice(String what) {
            throw new AssertionError(what);
        }

        @Override
        public void fatal(String what, Throwable cause) {
            throw new AssertionError(what, cause);
        }
    }

    private FileDecisionLog open(ExecutorService writer) throws IOException {
        return FileDecisionLog.open(
                new DirectoryStorage(directory.resolve("log")),
                writer,
                SETTINGS,
                System::nanoTime,
                new java.util.Random(1),
                new Failing());
    }

    /** Each thread has its own transactions, and leaves some open, ends some, and forgets some. */
    @Test
    void records_of_many_threads_are_replayed() throws Exception {
        int threads = 32;
        int each = 200;
        Set<TransactionId> expected = ConcurrentHashMap.newKeySet();
        try (ExecutorService writer = Executors.newSingleThreadExecutor();
                ExecutorService callers = Executors.newFixedThreadPool(threads)) {
            FileDecisionLog log = open(writer);
            List<Future<?>> running = IntStream.range(0, threads)
                    .<Future<?>>mapToObj(thread -> callers.submit(() -> {
                        for (int i = 0; i < each; i++) {
                            transaction(log, thread * each + i, expected);
                        }
                        return null;
                    }))
                    .toList();
            for (Future<?> one : running) {
                one.get(1, TimeUnit.MINUTES);
            }
            assertNull(log.refusalReason());
            log.close().toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
        assertFalse(Files.exists(directory.resolve("log").resolve(FileName.segment(1, 1))), "it was cleaned");
        try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
            FileDecisionLog log = open(writer);
            Set<TransactionId> found = new HashSet<>();
            log.replay(record -> found.add(record.id()));
            assertEquals(expected, found);
            log.close().toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
    }

    private static void transaction(FileDecisionLog log, int number, Set<TransactionId> expected) throws Exception {
        assertEquals(
                new AppendResult.Stored(),
                log.append(SampleLogRecords.open(number)).toCompletableFuture().get(10, TimeUnit.SECONDS));
        expected.add(SampleLogRecords.id(number));
        if (number % 3 != 0) {
            log.appendLazily(SampleLogRecords.ended(number));
        }
        if (number % 3 == 1) {
            log.forget(SampleLogRecords.id(number));
            expected.remove(SampleLogRecords.id(number));
        }
    }

    @Test
    void a_directory_in_use_is_refused_until_it_is_closed() throws Exception {
        try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
            FileDecisionLog log = open(writer);
            IOException refusal = assertThrows(IOException.class, () -> open(writer));
            assertEquals(
                    "the log in %s is in use by another process. Stop that process, or use another directory"
                            .formatted(directory.resolve("log")),
                    refusal.getMessage());

            log.close().toCompletableFuture().get(10, TimeUnit.SECONDS);
            open(writer).close().toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void it_implements_storage() throws IOException {
        Path place = directory.resolve("not/there/yet");
        try (DirectoryStorage storage = new DirectoryStorage(place)) {
            storage.lock();
            storage.create("one");
            assertThrows(IOException.class, () -> storage.create("one"));
            storage.write("one", 0, bytes("hello, zeros"));
            storage.write("one", 7, bytes("world"));
            assertEquals("lo, world", text(storage.read("one", 3, 100)));
            assertEquals("lo", text(storage.read("one", 3, 2)));
            assertEquals("", text(storage.read("one", 50, 2)));
            storage.truncate("one", 5);
            storage.write("one", 5, bytes("!"));
            storage.force("one");
            assertEquals(6, storage.size("one"));
            storage.rename("one", "two");
            storage.forceDirectory();
            assertEquals("hello!", text(storage.read("two", 0, 100)));
            assertTrue(storage.isInPlace("two"));
            assertFalse(storage.isInPlace("one"));
            Files.createDirectory(place.resolve("lost+found"));
            assertEquals(List.of("lock", "lost+found", "two"), storage.names());
            assertFalse(storage.isFile("lost+found"));
            storage.delete("two");
            assertThrows(IOException.class, () -> storage.read("two", 0, 1));
            assertEquals(List.of("lock", "lost+found"), storage.names());
            assertTrue(storage.freeBytes() > 0);
        }
    }

    @Test
    void a_directory_that_was_moved_is_not_a_full_volume() throws IOException {
        Path place = Files.createDirectory(directory.resolve("place"));
        try (DirectoryStorage storage = new DirectoryStorage(place)) {
            storage.lock();
            Files.move(place, directory.resolve("elsewhere"));
            String shortage = String.valueOf(FreeSpace.describeShortage(storage, 1));
            assertTrue(shortage.contains(place + " was moved or deleted"), shortage);
            assertFalse(shortage.contains("bytes"), shortage);

            Files.move(directory.resolve("elsewhere"), place);
            assertNull(FreeSpace.describeShortage(storage, 1));
        }
    }

    @Test
    void a_file_that_is_removed_or_replaced_is_not_in_place() throws IOException {
        try (DirectoryStorage storage = new DirectoryStorage(directory)) {
            storage.lock();
            storage.create("one");
            Path file = directory.resolve("one");
            Files.move(file, directory.resolve("moved"));
            assertFalse(storage.isInPlace("one"));
            Files.writeString(file, "another file");
            assertFalse(storage.isInPlace("one"));
            Files.delete(file);
            Files.move(directory.resolve("moved"), file);
            assertTrue(storage.isInPlace("one"));
        }
    }

    @Test
    void the_reason_and_the_remedy_are_reported_when_a_directory_cannot_be_used() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        assertEquals(file + " is not a directory. Use another directory, or move the file away", refusal(file));

        Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("nowhere"));
        assertEquals(
                "%s is a link to %s, which is not a directory. Create that directory, or remove the link"
                        .formatted(link, directory.resolve("nowhere")),
                refusal(link));

        assertTrue(
                refusal(Path.of("~/log")).endsWith("/~/log: '~' is not expanded. Use the full path of the directory"));

        Path locked = directory.resolve("locked");
        Files.createDirectories(locked.resolve("lock"));
        assertTrue(refusal(locked).startsWith(locked.resolve("lock") + ": "), refusal(locked));

        Path below = file.resolve("log");
        assertTrue(refusal(below).contains(below.toString()), refusal(below));
    }

    private static String refusal(Path place) throws IOException {
        try (DirectoryStorage storage = new DirectoryStorage(place)) {
            return String.valueOf(assertThrows(IOException.class, storage::lock).getMessage());
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }
}

package dtc.log.file;

import dtc.log.AppendResult;
import dtc.log.SampleLogRecords;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures appends per second of callers that each wait for one before the next, compared with a bare loop of write and
 * force on the same disk, and the time to read a log. See docs/adr/0008. Not run by the build:
 *
 * <pre>./mvnw test-compile &amp;&amp; java -cp target/classes:target/test-classes dtc.log.file.LogBenchmark [directory]
 * </pre>
 */
final class LogBenchmark {

    private static final int ROUNDS = 5;
    private static final Duration EACH = Duration.ofSeconds(2);
    private static final int[] CALLERS = {1, 16, 64};
    private static final int READ = 100_000;
    private static final FileDecisionLog.Settings SETTINGS =
            new FileDecisionLog.Settings(16 << 20, FileDecisionLog.PREALLOCATED_BYTES, 0, 20_000);

    private final Path directory;
    private final AtomicLong numbers = new AtomicLong();

    /** The result of one measurement. */
    private record Result(String what, double decisionsPerSecond, double forcesPerSecond) {}

    private LogBenchmark(Path directory) {
        this.directory = directory;
    }

    @SuppressWarnings("SystemOut") // the output of a command
    public static void main(String... arguments) throws Exception {
        Path parent = Path.of(arguments.length == 0 ? "target" : arguments[0]);
        new LogBenchmark(Files.createTempDirectory(parent, "log-benchmark")).run(System.out);
    }

    private void run(PrintStream out) throws Exception {
        List<Result> results = new ArrayList<>();
        for (int round = 0; round <= ROUNDS; round++) {
            List<Result> all = new ArrayList<>();
            all.add(bare());
            for (int callers : CALLERS) {
                all.add(callers(callers));
            }
            if (round > 0) { // the first one warms up
                results.addAll(all);
            }
        }
        out.println(String.format(
                Locale.ROOT,
                "                  decisions/s    forces/s    decisions/force    (medians of %d)",
                ROUNDS));
        List<String> kinds = results.stream().map(Result::what).distinct().toList();
        for (String what : kinds) {
            double decisions = median(results.stream()
                    .filter(result -> result.what().equals(what))
                    .mapToDouble(Result::decisionsPerSecond)
                    .sorted()
                    .toArray());
            double forces = median(results.stream()
                    .filter(result -> result.what().equals(what))
                    .mapToDouble(Result::forcesPerSecond)
                    .sorted()
                    .toArray());
            out.println(String.format(
                    Locale.ROOT, "%-16s  %11.0f %11.0f %18.2f", what, decisions, forces, decisions / forces));
        }
        read(out);
    }

    private static double median(double[] sorted) {
        return sorted[sorted.length / 2];
    }

    /** Writes and forces records of the size of a decision, without a log. */
    private Result bare() throws IOException {
        try (DirectoryStorage storage = new DirectoryStorage(directory.resolve("bare"))) {
            storage.lock();
            String name = "bare-" + numbers.incrementAndGet();
            storage.create(name);
            ByteBuffer bytes = ByteBuffer.allocate(Segment.RECORD_HEADER_BYTES
                    + Payload.encode(SampleLogRecords.open(1)).remaining());
            long start = System.nanoTime();
            long count = 0;
            while (System.nanoTime() - start < EACH.toNanos()) {
                storage.write(name, count * bytes.capacity(), bytes.clear());
                storage.force(name);
                count++;
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            storage.delete(name);
            return new Result("bare loop", count / seconds, count / seconds);
        }
    }

    private Result callers(int callers) throws Exception {
        AtomicLong forces = new AtomicLong();
        Storage storage = counting(new DirectoryStorage(directory.resolve("log")), forces);
        try (ExecutorService writer = Executors.newSingleThreadExecutor();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            FileDecisionLog log = open(storage, writer);
            log.replay(_ -> {});
            forces.set(0);
            long start = System.nanoTime();
            List<Future<Long>> running = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                running.add(threads.submit(() -> decide(log, start)));
            }
            long decisions = 0;
            for (Future<Long> one : running) {
                decisions += one.get();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            double forcesPerSecond = forces.get() / seconds;
            log.close().toCompletableFuture().get(10, TimeUnit.SECONDS);
            return new Result(callers + (callers == 1 ? " caller" : " callers"), decisions / seconds, forcesPerSecond);
        }
    }

    private static Storage counting(Storage storage, AtomicLong forces) {
        return (Storage) Proxy.newProxyInstance(
                Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, (_, method, arguments) -> {
                    if (method.getName().equals("force")) {
                        forces.incrementAndGet();
                    }
                    return method.invoke(storage, arguments);
                });
    }

    /** Runs transactions one after another, each from its decision until it is forgotten. */
    private long decide(FileDecisionLog log, long start) throws Exception {
        long count = 0;
        while (System.nanoTime() - start < EACH.toNanos()) {
            long number = numbers.incrementAndGet();
            AppendResult result = log.append(SampleLogRecords.open(number))
                    .toCompletableFuture()
                    .get();
            if (!(result instanceof AppendResult.Stored)) {
                throw new AssertionError(result);
            }
            log.appendLazily(SampleLogRecords.ended(number));
            log.forget(SampleLogRecords.id(number));
            count++;
        }
        return count;
    }

    private void read(PrintStream out) throws Exception {
        Path place = directory.resolve("read");
        try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
            FileDecisionLog log = open(new DirectoryStorage(place), writer);
            for (int i = 0; i < READ; i++) {
                log.appendLazily(SampleLogRecords.open(2L * i)); // without waiting
                log.appendLazily(SampleLogRecords.ended(2L * i + 1));
                if (i % 1000 == 0) {
                    log.append(SampleLogRecords.open(2L * i))
                            .toCompletableFuture()
                            .get();
                }
            }
            log.close().toCompletableFuture().get(1, TimeUnit.MINUTES);
        }
        for (int round = 0; round < 3; round++) {
            try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
                long start = System.nanoTime();
                FileDecisionLog log = open(new DirectoryStorage(place), writer);
                long opened = System.nanoTime();
                AtomicLong count = new AtomicLong();
                log.replay(_ -> count.incrementAndGet());
                long replayed = System.nanoTime();
                out.println(String.format(
                        Locale.ROOT,
                        "%d transactions read: %d ms to open, %d ms to replay",
                        count.get(),
                        (opened - start) / 1_000_000,
                        (replayed - opened) / 1_000_000));
                log.close().toCompletableFuture().get(1, TimeUnit.MINUTES);
            }
        }
    }

    private static FileDecisionLog open(Storage storage, ExecutorService writer) throws IOException {
        return FileDecisionLog.open(
                storage, writer, SETTINGS, System::nanoTime, new java.util.Random(1), new FileDecisionLog.Listener() {
                    @Override
                    public void notice(String what) {
                        throw new AssertionError(what);
                    }

                    @Override
                    public void fatal(String what, Throwable cause) {
                        throw new AssertionError(what, cause);
                    }
                });
    }
}

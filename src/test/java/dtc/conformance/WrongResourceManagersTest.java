package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.conformance.Row.Mode;
import dtc.conformance.Row.Profile;
import dtc.conformance.RowResult.Status;
import dtc.packaged.Processes;
import dtc.testing.NoApplication;
import dtc.testing.RequiredTool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A resource manager with a fault fails the row that checks it. Only these rows are run, because all of them for each
 * fault take long; with {@code -Dconformance.all=true} the others are run too.
 */
@NoApplication
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WrongResourceManagersTest {

    private static final Path FAULTS = Path.of("src/test/resources/dtc/conformance/faults.txt");
    private static final boolean ALL = Boolean.getBoolean("conformance.all");

    /** Most of them wait for timers. */
    private static final int CONCURRENT = 4;

    private static final Duration PATIENCE = Duration.ofSeconds(6);
    private static final String NO_FAULT = "none";
    private static final SampleWrite WRITE =
            SampleWrite.parse("{\"key\":\"k\",\"value\":1}", null).orElseThrow();

    /**
     * A fault of {@code wrong_rm.py}.
     *
     * @param row the row that checks it
     * @param more the other rows that fail
     */
    record Fault(String name, String row, Set<String> more) {

        static Fault parse(String line) {
            String[] columns = line.split(" \\| ", 3);
            return new Fault(columns[0], columns[1], columns.length < 3 ? Set.of() : Set.of(columns[2].split(" ")));
        }

        /** Whether other rows have the expected results: most of them fail if a fault concerns each transaction. */
        private boolean isSpecific() {
            return !more.equals(Set.of("*"));
        }

        Set<String> rows() {
            Set<String> rows = new TreeSet<>(Set.of(row));
            CheckRun.allRows().stream()
                    .filter(other -> ALL && isSpecific() && isIndependent(other))
                    .forEach(other -> rows.add(other.name()));
            return rows;
        }

        Set<String> failing() {
            Set<String> failing = new TreeSet<>(Set.of(row));
            if (ALL && isSpecific()) {
                failing.addAll(more);
            }
            return failing;
        }

        /** Whether the row is quick, and its result does not depend on time. */
        private static boolean isIndependent(Row row) {
            return row.mode() == Mode.PARALLEL
                    && row.profile() != Profile.SLOW
                    && !row.name().startsWith("inquiry-")
                    && !Set.of("registers", "renews", "registers-again").contains(row.name());
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private final Processes ports = new Processes("wrong-rm");
    private final Map<String, Future<NavigableMap<String, String>>> failures = new HashMap<>();
    private WrongResourceManagers resourceManagers;
    private Path directory;

    static List<Fault> faults() throws IOException {
        return Files.readAllLines(FAULTS).stream()
                .filter(line -> !line.startsWith("#"))
                .map(Fault::parse)
                .toList();
    }

    private static Set<String> rows(Predicate<Row> predicate) {
        return CheckRun.allRows().stream()
                .filter(predicate)
                .map(Row::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @BeforeAll
    void run_all() throws IOException {
        RequiredTool.PYTHON.require();
        resourceManagers = new WrongResourceManagers();
        directory = Files.createTempDirectory(Path.of("target"), "wrong-rm");
        Semaphore permits = new Semaphore(CONCURRENT);
        // The other rows may fail on a loaded machine.
        start(NO_FAULT, rows(row -> !row.dependsOnTime()), permits);
        faults().forEach(fault -> start(fault.name(), fault.rows(), permits));
    }

    private void start(String fault, Set<String> rows, Semaphore permits) {
        failures.put(fault, RowContext.start(() -> {
            permits.acquire();
            try {
                return failures(fault, rows);
            } finally {
                permits.release();
            }
        }));
    }

    @AfterAll
    void end() {
        resourceManagers.close();
        ports.close();
    }

    /** Runs rows, and returns the details of those that failed. */
    private NavigableMap<String, String> failures(String fault, Set<String> rows)
            throws IOException, InterruptedException {
        int coordinatorPort = ports.freePort();
        int port = ports.freePort();
        boolean isDurable = !fault.equals("restart-keeps-instance");
        String state = isDurable && Stream.of(NO_FAULT, "restart-").anyMatch(fault::startsWith)
                ? directory.resolve(fault).toString()
                : "-";
        AtomicReference<ProcessHandle> process = new AtomicReference<>();
        CheckOptions options = new CheckOptions(
                URI.create("http://127.0.0.1:" + port),
                WRITE,
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), coordinatorPort),
                null,
                null,
                () -> {
                    kill(process.get());
                    process.set(resourceManagers.start(fault, coordinatorPort, port, state));
                },
                Set.of(),
                rows,
                PATIENCE);
        try (CheckRun run = new CheckRun(options)) {
            process.set(resourceManagers.start(fault, coordinatorPort, port, state));
            List<RowResult> results = run.run();
            kill(process.get());
            return results.stream()
                    .filter(result -> result.status() != Status.PASSED)
                    .collect(Collectors.toMap(
                            result -> result.row().name(), RowResult::detail, (one, _) -> one, TreeMap::new));
        }
    }

    private static void kill(ProcessHandle process) {
        process.destroyForcibly();
        process.onExit().join();
    }

    private NavigableMap<String, String> result(String fault) throws InterruptedException {
        return RowContext.join(Objects.requireNonNull(failures.get(fault)));
    }

    @Test
    void without_a_fault_the_rows_pass() throws InterruptedException {
        assertEquals(Map.of(), result(NO_FAULT));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void a_fault_fails_the_rows_that_check_it(Fault fault) throws InterruptedException {
        NavigableMap<String, String> failed = result(fault.name());
        assertEquals(fault.failing(), failed.keySet(), failed::toString);
    }

    @Test
    void each_row_fails_for_a_fault() throws IOException {
        assertEquals(rows(_ -> true), faults().stream().map(Fault::row).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void each_fault_is_listed_once() throws IOException {
        String script = Files.readString(WrongResourceManagers.SCRIPT);
        Set<String> known = Pattern.compile("FAULT\\(\"([^\"]+)\"\\)")
                .matcher(script)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> listed = faults().stream().map(Fault::name).sorted().toList();
        assertEquals(List.copyOf(known), listed);
    }
}

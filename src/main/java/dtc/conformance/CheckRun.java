package dtc.conformance;

import dtc.conformance.CheckOptions.Restarter;
import dtc.conformance.CoordinatorServer.RegistrationCall;
import dtc.conformance.Row.Mode;
import dtc.conformance.RowResult.Status;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs the rows against one resource manager. */
final class CheckRun implements AutoCloseable {

    /** Rows that run at the same time. */
    private static final int CONCURRENT_ROWS = 8;

    private final CheckOptions options;
    private final CoordinatorServer coordinator;
    private final ResourceManagerUnderTest resourceManager;
    private final RandomGenerator random = new SecureRandom();
    private final int tag = random.nextInt(TransactionId.TAG_MAX + 1);
    private final AtomicInteger keys = new AtomicInteger();
    private @Nullable TransactionId newestTransaction;
    private boolean servesEntries;
    private @Nullable SharedRestart restart;

    CheckRun(CheckOptions options) throws IOException {
        this.options = options;
        this.coordinator = new CoordinatorServer(options.listen());
        this.resourceManager = new ResourceManagerUnderTest(new HttpCaller(options.url()), options.token());
    }

    /** Returns all rows. Their names are unique. */
    static List<Row> allRows() {
        return Stream.of(
                        RegistrationRows.rows(),
                        CoreRows.rows(),
                        RequestRows.rows(),
                        ConflictRows.rows(),
                        ConditionRows.rows(),
                        InquiryRows.rows(),
                        OnePhaseRows.rows(),
                        BatchRows.rows(),
                        RestartRows.rows())
                .flatMap(List::stream)
                .toList();
    }

    CheckOptions options() {
        return options;
    }

    CoordinatorServer coordinator() {
        return coordinator;
    }

    ResourceManagerUnderTest resourceManager() {
        return resourceManager;
    }

    boolean servesEntries() {
        return servesEntries;
    }

    SharedRestart restart() {
        if (restart == null) {
            throw new IllegalStateException("a row that restarts must have the mode RESTART");
        }
        return restart;
    }

    String newKey() {
        return String.format(Locale.ROOT, "%s-%04x-%d", options.write().key(), tag, keys.incrementAndGet());
    }

    /** Returns an id that is newer than all others, including those that the resource manager has forgotten. */
    synchronized TransactionId newTransaction() {
        TransactionId newest = newestTransaction;
        Optional<TransactionId> forgotten =
                coordinator.newestForgotten(resourceManager.registration().id());
        if (forgotten.isPresent() && (newest == null || newest.isOlderThan(forgotten.get()))) {
            newest = forgotten.get();
        }
        long now = System.currentTimeMillis();
        long timeMillis = newest == null ? now : Math.max(now, newest.timeMillis() + 1);
        newestTransaction = TransactionId.of(timeMillis, 0, tag, 1, random.nextInt());
        return newestTransaction;
    }

    /** Returns the results in the order of the rows. */
    List<RowResult> run() throws InterruptedException {
        List<Row> rows = allRows().stream().filter(options::includes).toList();
        Optional<RegistrationCall> registration = awaitRegistration(0);
        if (registration.isEmpty()) {
            return rows.stream().map(this::notRegistered).toList();
        }
        resourceManager.registered(registration.get());
        servesEntries = resourceManager.entries().json().path("items").isArray();
        Map<Row, RowResult> results = new LinkedHashMap<>();
        rows.forEach(row -> skipReason(row)
                .ifPresent(reason -> results.put(row, new RowResult(row, Status.SKIPPED, reason, Duration.ZERO))));
        List<Row> remaining =
                rows.stream().filter(row -> !results.containsKey(row)).toList();
        results.putAll(runTogether(
                remaining.stream()
                        .filter(row -> row.mode() == Mode.PARALLEL || row.mode() == Mode.TIMING)
                        .toList(),
                CONCURRENT_ROWS));
        for (Row row : remaining) {
            if (row.mode() == Mode.ALONE || row.mode() == Mode.ALONE_TIMING) {
                results.put(row, run(row));
            }
            RowResult result = results.get(row);
            if (row.dependsOnTime() && result != null && result.status() == Status.FAILED) {
                results.put(row, run(row));
            }
        }
        List<Row> restarts =
                remaining.stream().filter(row -> row.mode() == Mode.RESTART).toList();
        Restarter restarter = options.restart();
        if (restarter != null && !restarts.isEmpty()) {
            restart = new SharedRestart(() -> restart(restarter), restarts.size());
            results.putAll(runTogether(restarts, restarts.size()));
        }
        return rows.stream().map(results::get).toList();
    }

    private Optional<String> skipReason(Row row) {
        if (row.feature() != null && !resourceManager.has(row.feature())) {
            return Optional.of("the resource manager did not register the feature " + row.feature());
        }
        return row.mode() == Mode.RESTART && options.restart() == null
                ? Optional.of("there is no --restart")
                : Optional.empty();
    }

    private Map<Row, RowResult> runTogether(List<Row> rows, int concurrent) throws InterruptedException {
        Semaphore permits = new Semaphore(concurrent);
        Map<Row, Future<RowResult>> running = new LinkedHashMap<>();
        rows.forEach(row -> running.put(row, RowContext.start(() -> {
            permits.acquire();
            try {
                return run(row);
            } finally {
                permits.release();
                if (row.mode() == Mode.RESTART) {
                    restart().leave();
                }
            }
        })));
        Map<Row, RowResult> results = new LinkedHashMap<>();
        for (Map.Entry<Row, Future<RowResult>> row : running.entrySet()) {
            results.put(row.getKey(), RowContext.join(row.getValue()));
        }
        return results;
    }

    private RowResult run(Row row) throws InterruptedException {
        RowContext context = new RowContext(this);
        long start = System.nanoTime();
        Status status = Status.PASSED;
        String detail = "";
        try {
            row.procedure().run(context);
        } catch (RowSkipped reason) {
            status = Status.SKIPPED;
            detail = String.valueOf(reason.getMessage());
        } catch (RowFailure failure) {
            status = Status.FAILED;
            detail = failure.getMessage() + "\ncontract: " + row.rule();
        }
        RowResult result = new RowResult(row, status, detail, Duration.ofNanos(System.nanoTime() - start));
        context.rollBackAll();
        return result;
    }

    private RowResult notRegistered(Row row) {
        List<String> others = coordinator.registrations().stream()
                .map(other -> other.id() + " at " + other.url())
                .distinct()
                .toList();
        String reason = "no resource manager has registered with " + (options.id() == null ? "the URL " : "the id ")
                + (options.id() == null ? options.url() : options.id()) + " at port " + coordinator.port() + " within "
                + options.patience().toSeconds() + " s" + (others.isEmpty() ? "" : ", only " + others);
        return row.name().equals(RegistrationRows.REGISTERS)
                ? new RowResult(row, Status.FAILED, reason + "\ncontract: " + row.rule(), options.patience())
                : new RowResult(row, Status.SKIPPED, reason, Duration.ZERO);
    }

    private void restart(Restarter restarter) throws IOException, InterruptedException {
        restarter.restart();
        resourceManager.registered(awaitRegistration(System.nanoTime())
                .orElseThrow(() -> new IOException(
                        "no registration within " + options.patience().toSeconds() + " s after the restart")));
    }

    /** Waits for a registration after a time; 0 for any. */
    private Optional<RegistrationCall> awaitRegistration(long afterNanos) throws InterruptedException {
        return coordinator.await(
                () -> coordinator.registrations().reversed().stream()
                        .filter(registration -> !registration.refused() && isUnderTest(registration))
                        .filter(registration -> afterNanos == 0 || registration.nanos() > afterNanos)
                        .findFirst(),
                options.patience());
    }

    private boolean isUnderTest(RegistrationCall registration) {
        return options.id() == null
                ? withoutSlash(registration.url())
                        .equalsIgnoreCase(withoutSlash(options.url().toString()))
                : registration.id().equals(options.id());
    }

    private static String withoutSlash(String url) {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    @Override
    public void close() {
        coordinator.close();
    }
}

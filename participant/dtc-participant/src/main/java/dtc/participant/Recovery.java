package dtc.participant;

import dtc.participant.coordinator.CoordinatorLink;
import dtc.participant.protocol.Outcome;
import dtc.participant.sql.Housekeeping;
import dtc.participant.sql.ParticipantStore;
import dtc.participant.sql.ParticipantStore.Identity;
import dtc.participant.sql.PreparedTransaction;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Ends what is prepared and has no outcome, for example because the message was lost or a process crashed: asks the
 * coordinator for each transaction in doubt, and does what it answers. Without an answer the transaction stays
 * prepared. Each process of the service does this for all transactions of the database.
 */
final class Recovery implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

    private static final Duration INTERVAL = Duration.ofSeconds(1);
    /** The outcome usually arrives earlier. */
    private static final Duration FIRST_INQUIRY = Duration.ofSeconds(1);

    private static final Duration PAUSE_MAX = Duration.ofSeconds(30);
    /** Silence of the coordinator does not prevent the start. */
    private static final Duration FIRST_PASS_MAX = Duration.ofSeconds(3);

    private static final int PASSES_PER_HOUSEKEEPING = 60;
    private static final int THREADS = 8;

    private final ParticipantConfig config;
    private final ParticipantStore store;
    private final Housekeeping housekeeping;
    private final MessageProcessor processor;
    private final CoordinatorLink coordinator;
    private final Counters counters;

    private final ScheduledExecutorService timer = new ScheduledThreadPoolExecutor(1, Threads.daemons("dtc-recovery"));
    /** An inquiry that is not answered must not delay the others. */
    private final ThreadPoolExecutor inquirers = new ThreadPoolExecutor(
            THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Threads.daemons("dtc-inquiry"));

    private final Map<UUID, Inquiry> inquiries = new ConcurrentHashMap<>();
    private final Set<UUID> reported = new HashSet<>();

    private volatile @Nullable Identity identity;
    private volatile boolean databaseAvailable = true;
    private volatile int inDoubt;
    private volatile int unresolvable;
    private volatile Duration oldestInDoubt = Duration.ZERO;
    private int passes;

    /** The inquiries about one transaction. */
    private static final class Inquiry {
        int attempts;
        long dueNanos;
        boolean running;
    }

    Recovery(
            ParticipantConfig config,
            ParticipantStore store,
            Housekeeping housekeeping,
            MessageProcessor processor,
            CoordinatorLink coordinator,
            Counters counters) {
        this.config = config;
        this.store = store;
        this.housekeeping = housekeeping;
        this.processor = processor;
        this.coordinator = coordinator;
        this.counters = counters;
        inquirers.allowCoreThreadTimeOut(true);
    }

    /** Opens the database, makes one pass, and continues in the background. */
    void start() throws SQLException {
        identity = store.open();
        // A vote without work. It loads what the first vote needs, so that it is in time, and fails if the user of the
        // database may not change the tables. Nothing remains.
        store.run(UUID.randomUUID(), null, false, (connection, item) -> {});
        try {
            CompletableFuture.allOf(pass(Duration.ZERO).toArray(CompletableFuture<?>[]::new))
                    .get(FIRST_PASS_MAX.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.log(System.Logger.Level.INFO, "the outcomes of some transactions are not known yet");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        var unused = timer.scheduleWithFixedDelay(
                this::passQuietly, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void passQuietly() {
        try {
            pass(FIRST_INQUIRY);
            if (++passes % PASSES_PER_HOUSEKEEPING == 0) {
                keepHouse();
            }
            if (!databaseAvailable) {
                LOG.log(System.Logger.Level.INFO, "the database is available again");
            }
            databaseAvailable = true;
        } catch (SQLException | RuntimeException e) {
            if (databaseAvailable) {
                LOG.log(System.Logger.Level.WARNING, "the database is not available: " + e.getMessage());
            }
            databaseAvailable = false;
        }
    }

    /** Begins the inquiries that are due, about transactions whose vote is at least this old. */
    private List<CompletableFuture<?>> pass(Duration ageMin) throws SQLException {
        Identity current = store.identity();
        identity = current;
        List<PreparedTransaction> prepared = store.prepared();
        List<CompletableFuture<?>> begun = new ArrayList<>();
        Set<UUID> found = new HashSet<>();
        int old = 0;
        for (PreparedTransaction transaction : prepared) {
            found.add(transaction.id());
            if (transaction.prepared() < current.since()) {
                old++;
                reportUnresolvable(transaction.id());
            } else if (transaction.age().compareTo(ageMin) >= 0) {
                Inquiry inquiry = inquiries.computeIfAbsent(transaction.id(), id -> new Inquiry());
                if (begin(inquiry)) {
                    begun.add(CompletableFuture.runAsync(() -> inquire(transaction.id(), inquiry), inquirers));
                }
            }
        }
        inquiries.keySet().retainAll(found);
        reported.retainAll(found);
        inDoubt = prepared.size();
        unresolvable = old;
        oldestInDoubt = prepared.isEmpty() ? Duration.ZERO : prepared.get(0).age();
        return begun;
    }

    private void reportUnresolvable(UUID id) {
        if (reported.add(id)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "transaction " + id
                            + " was prepared before the instance was renewed. An operator has to resolve it");
        }
    }

    private static boolean begin(Inquiry inquiry) {
        synchronized (inquiry) {
            if (inquiry.running || (inquiry.attempts > 0 && System.nanoTime() - inquiry.dueNanos < 0)) {
                return false;
            }
            inquiry.running = true;
            inquiry.attempts++;
            return true;
        }
    }

    private void inquire(UUID id, Inquiry inquiry) {
        try {
            counters.inquiries.increment();
            Outcome outcome = coordinator.outcome(id).orElse(null);
            if (outcome == Outcome.COMMIT) {
                processor.commit(id, null);
            } else if (outcome == Outcome.ROLLBACK) {
                processor.rollback(id);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the inquiry about " + id + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            synchronized (inquiry) {
                inquiry.running = false;
                long pauseMillis =
                        Math.min(PAUSE_MAX.toMillis(), INTERVAL.toMillis() << Math.min(inquiry.attempts - 1, 10));
                inquiry.dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMillis);
            }
        }
    }

    private void keepHouse() throws SQLException {
        // Twice the interval, so that a pass that is late is counted in full.
        housekeeping.observeTime(INTERVAL.multipliedBy(2L * PASSES_PER_HOUSEKEEPING));
        housekeeping.removeLateWork();
        for (UUID id : housekeeping.stagedBefore(config.stagedRetention())) {
            // Recorded, and never the rollback of a prepared transaction, which may have voted meanwhile.
            store.recordRollback(id, "the transaction did not come to a vote in time");
        }
        housekeeping.forgetOutcomes(config.outcomeRetention());
    }

    Identity identity() {
        Identity current = identity;
        if (current == null) {
            throw new IllegalStateException("the participant is not started");
        }
        return current;
    }

    boolean isDatabaseAvailable() {
        return identity != null && databaseAvailable;
    }

    int inDoubt() {
        return inDoubt;
    }

    /** Whether transactions may be prepared now. {@link #inDoubt} is the number at the last pass. */
    boolean mayHavePrepared() {
        try {
            return !store.prepared().isEmpty();
        } catch (SQLException | RuntimeException e) {
            return true;
        }
    }

    int unresolvable() {
        return unresolvable;
    }

    Duration oldestInDoubt() {
        return oldestInDoubt;
    }

    @Override
    public void close() {
        timer.shutdownNow();
        inquirers.shutdownNow();
    }
}

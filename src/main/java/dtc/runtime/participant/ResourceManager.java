package dtc.runtime.participant;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.PlainText;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.Dictionary;
import dtc.resource.DictionaryLimits;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEvent;
import dtc.runtime.Backoff;
import dtc.runtime.LogFields;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A resource manager that stores its data in a {@link ResourceStore}. Opens the store, and reopens it after each
 * failure. While the store is not open, there is no {@link ResourceSession}, and all messages and reads fail. Once
 * another process has taken over the store, it stays closed, because opening it would fence that process.
 */
public final class ResourceManager implements HostedParticipant {

    /**
     * The timeouts, and the executor of appends.
     *
     * @param lockWait how long a transaction waits for keys; shorter than the timeout of a vote at the coordinator
     * @param stagedTimeout how long staged writes are kept without a vote
     * @param outcomeRetention how long the outcomes of ended transactions are kept, if the dictionary has room for them
     * @param openTimeout how long {@link #start} tries to open a store that is not available
     * @param appendExecutor runs appends. May delay an append, so that it contains the changes of several messages.
     */
    public record Settings(
            Duration lockWait,
            Duration stagedTimeout,
            Duration outcomeRetention,
            Duration openTimeout,
            Executor appendExecutor) {}

    private static final Logger LOG = Logger.getLogger(ResourceManager.class);

    private static final Duration EVICTION_LOG_INTERVAL = Duration.ofHours(1);

    private final String id;
    private final Settings settings;
    private final Time time;
    private final Backoff inquiryBackoff;
    private final Backoff openBackoff;
    private final CoordinatorLink coordinator;
    private final DictionaryLimits limits;
    private final ResourceStore store;

    private final CompletableFuture<@Nullable Void> drained = new CompletableFuture<>();

    /** Guarded by this, as are the fields below. Null if the store is not open. */
    private @Nullable ResourceSession session;

    private @Nullable UUID instance;
    private StoreException unavailable =
            new StoreException(StoreException.Kind.UNAVAILABLE, "the storage has not been opened");
    /** The totals of earlier sessions. */
    private Statistics earlierTotals = new Statistics(0, 0, 0, Duration.ZERO, 0, 0);

    private long unavailableSinceNanos;
    /** The number of times the store was opened since the last successful append. */
    private int openings;

    private boolean stopping;
    private boolean closed;
    /** When an early eviction was last logged; null if there was none. */
    private @Nullable Long evictionLoggedNanos;

    public ResourceManager(
            String id,
            Settings settings,
            Time time,
            Backoff inquiryBackoff,
            Backoff openBackoff,
            CoordinatorLink coordinator,
            DictionaryLimits limits,
            ResourceStore store) {
        this.id = id;
        this.settings = settings;
        this.time = time;
        this.inquiryBackoff = inquiryBackoff;
        this.openBackoff = openBackoff;
        this.coordinator = coordinator;
        this.limits = limits;
        this.store = store;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public synchronized UUID instance() {
        UUID known = instance;
        if (known == null) {
            throw new IllegalStateException(id + " has not been started");
        }
        return known;
    }

    @Override
    public synchronized boolean isAvailable() {
        return session != null;
    }

    @Override
    public CompletionStage<Identity> identity() {
        return call(current -> current.checkEpoch().thenApply(_ -> new Identity(instance(), current.newestEvicted())));
    }

    // Opening

    @Override
    public CompletionStage<@Nullable Void> start() {
        CompletableFuture<@Nullable Void> started = new CompletableFuture<>();
        synchronized (this) {
            unavailableSinceNanos = time.nanos();
        }
        open(1, started);
        return started;
    }

    /**
     * Opens the store, and retries until this succeeds. If {@code started} is not done, gives up after the timeout and
     * completes it with the failure.
     */
    private void open(int attempt, CompletableFuture<@Nullable Void> started) {
        synchronized (this) {
            if (closed) {
                return;
            }
        }
        Stages.call(store::open).whenComplete((loaded, failure) -> {
            if (failure == null) {
                opened(loaded);
                started.complete(null);
                return;
            }
            StoreException cause = StoreException.of(failure);
            boolean fenced = cause.kind() == StoreException.Kind.FENCED;
            boolean retry;
            synchronized (this) {
                boolean isNewFailure = !Objects.equals(cause.getMessage(), unavailable.getMessage());
                unavailable = cause;
                long elapsedNanos = time.nanos() - unavailableSinceNanos;
                retry = !fenced
                        && (started.isDone()
                                || (cause.kind() != StoreException.Kind.UNUSABLE
                                        && elapsedNanos < settings.openTimeout().toNanos()));
                if (isNewFailure && retry) {
                    LOG.warnf("the storage of resource manager %s cannot be opened: %s", id, cause.getMessage());
                }
            }
            if (retry) {
                time.after(openBackoff.pause(attempt), () -> open(attempt + 1, started));
            } else {
                if (fenced) {
                    logFenced(cause);
                }
                started.completeExceptionally(cause);
            }
        });
    }

    private void logFenced(StoreException cause) {
        LOG.errorf(
                "another process has taken over resource manager %s (%s). This process answers 503 for it. Stop one"
                        + " of the two processes, or set different dtc.rm.ids (DTC_RM_IDS), and restart this one",
                id, cause.getMessage());
    }

    private void opened(ResourceStore.Loaded loaded) {
        ResourceSession next = new ResourceSession(
                settings,
                time,
                store,
                loaded.epoch(),
                new Dictionary(limits, loaded.state()),
                created -> new Inquiry(id, coordinator, time, inquiryBackoff, created::resolve),
                new SessionListener() {
                    @Override
                    public void failed(StoreException cause) {
                        sessionFailed(cause);
                    }

                    @Override
                    public void evictedEarly(int kept) {
                        logEarlyEviction(kept);
                    }
                });
        next.start(loaded.resolvedByOperator());
        boolean drain;
        synchronized (this) {
            boolean isRestart = instance != null;
            instance = loaded.instance();
            session = next;
            openings++;
            drain = stopping;
            if (isRestart || !loaded.state().prepared().isEmpty()) {
                LOG.infof(
                        "the storage of resource manager %s is open: epoch %d, in doubt: %s%s",
                        id,
                        loaded.epoch(),
                        Inquiry.describe(loaded.state().prepared().stream()
                                .map(prepared -> prepared.id())
                                .toList()),
                        isRestart
                                ? ", after "
                                        + PlainText.formatDuration(
                                                Duration.ofNanos(time.nanos() - unavailableSinceNanos))
                                : "");
            }
            if (!loaded.resolvedByOperator().isEmpty()) {
                LOG.warnf(
                        "resource manager %s is in doubt about %s from before it got its instance. It does not ask the"
                                + " coordinator about them: resolve each with the command rm resolve",
                        id, Inquiry.describe(loaded.resolvedByOperator()));
            }
        }
        if (drain) {
            drain(next);
        }
    }

    /** Handles the failure of the session. */
    private void sessionFailed(StoreException cause) {
        boolean reopen;
        int attempt;
        synchronized (this) {
            ResourceSession failed = session;
            if (failed == null) {
                return;
            }
            session = null;
            Statistics last = failed.statistics();
            earlierTotals = new Statistics(
                    0,
                    0,
                    earlierTotals.lockConflicts() + last.lockConflicts(),
                    Duration.ZERO,
                    0,
                    earlierTotals.evictedEarly() + last.evictedEarly());
            openings = failed.hasAppended() ? 0 : openings;
            attempt = openings;
            unavailable = cause;
            unavailableSinceNanos = time.nanos();
            reopen = !closed && cause.kind() != StoreException.Kind.FENCED;
        }
        if (cause.kind() == StoreException.Kind.FENCED) {
            logFenced(cause);
        } else {
            LOG.warnf(
                    "the storage of resource manager %s failed: %s. It answers 503 until the storage is open again",
                    id, cause.getMessage());
        }
        if (reopen) {
            CompletableFuture<@Nullable Void> started = CompletableFuture.completedFuture(null);
            if (attempt == 0) {
                open(1, started);
            } else {
                time.after(openBackoff.pause(attempt), () -> open(1, started));
            }
        }
    }

    private synchronized void logEarlyEviction(int kept) {
        long now = time.nanos();
        if (evictionLoggedNanos == null || now - evictionLoggedNanos >= EVICTION_LOG_INTERVAL.toNanos()) {
            evictionLoggedNanos = now;
            LogFields.log(
                    null,
                    id,
                    () -> LOG.warnf(
                            "resource manager %s has no room to keep the outcomes of ended transactions for %s: it keeps the"
                                    + " latest %d. A coordinator that asks about an older one gets no answer (404). Raise"
                                    + " dtc.rm.ended-max (DTC_RM_ENDED_MAX)",
                            id, PlainText.formatDuration(settings.outcomeRetention()), kept));
        }
    }

    // Messages and reads

    private <T> CompletionStage<T> call(Function<ResourceSession, CompletionStage<T>> call) {
        ResourceSession current;
        synchronized (this) {
            if (session == null) {
                return CompletableFuture.failedFuture(unavailable);
            }
            current = session;
        }
        return call.apply(current);
    }

    @Override
    public CompletionStage<WriteAnswer> write(ResourceEvent.Write write) {
        if (isStopping()) {
            return CompletableFuture.completedFuture(new ResourceEffect.Stopping(write.id()));
        }
        return call(current -> current.write(write));
    }

    @Override
    public CompletionStage<Progress<Ballot>> prepare(ResourceEvent.Prepare prepare) {
        return call(current -> current.prepare(prepare));
    }

    @Override
    public CompletionStage<Progress<CommitAnswer>> commit(ResourceEvent.Commit commit) {
        return call(current -> current.commit(commit));
    }

    @Override
    public CompletionStage<RollbackAnswer> rollback(TransactionId transaction) {
        return call(current -> current.rollback(transaction));
    }

    @Override
    public CompletionStage<Optional<JsonText>> entry(String key) {
        return call(current -> current.entry(key));
    }

    @Override
    public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return call(current -> current.entries(after, limit));
    }

    @Override
    public CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit) {
        return call(current -> current.openTransactions(limit));
    }

    @Override
    public synchronized Statistics statistics() {
        if (session == null) {
            return earlierTotals;
        }
        Statistics now = session.statistics();
        return new Statistics(
                now.stagedTransactions(),
                now.lockedKeys(),
                now.lockConflicts() + earlierTotals.lockConflicts(),
                now.oldestInDoubt(),
                now.rememberedOutcomes(),
                now.evictedEarly() + earlierTotals.evictedEarly());
    }

    // Shutdown

    public synchronized boolean isStopping() {
        return stopping;
    }

    @Override
    public CompletionStage<@Nullable Void> drain() {
        ResourceSession current;
        synchronized (this) {
            stopping = true;
            current = session;
        }
        if (current != null) {
            drain(current); // otherwise the drain starts once the store is open again
        }
        return drained;
    }

    private void drain(ResourceSession current) {
        current.drain().thenAccept(drained::complete);
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        synchronized (this) {
            closed = true;
        }
        return store.close();
    }
}

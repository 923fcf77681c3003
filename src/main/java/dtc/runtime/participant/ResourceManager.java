package dtc.runtime.participant;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.PlainText;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.Dictionary;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEvent;
import dtc.runtime.Backoff;
import dtc.runtime.LogFields;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Drives a {@link Dictionary}: applies one event at a time, sets timers for lock waits and staged writes, and asks the
 * coordinator for outcomes while in doubt. Nothing is stored, so answers are immediate unless the transaction waits for
 * a key.
 */
public final class ResourceManager implements HostedParticipant {

    /**
     * Timeouts.
     *
     * @param lockWait how long a transaction waits for keys; shorter than the timeout of a vote at the coordinator
     * @param stagedTimeout how long staged writes are kept without a vote
     * @param outcomeRetention how long the outcomes of ended transactions are kept, as far as the dictionary has room
     */
    public record Settings(Duration lockWait, Duration stagedTimeout, Duration outcomeRetention) {}

    private static final Logger LOG = Logger.getLogger(ResourceManager.class);

    /** The age of outcomes is measured in steps of the retention divided by this. */
    private static final int RETENTION_STEPS = 168;

    private static final Duration EVICTION_LOG_INTERVAL = Duration.ofHours(1);

    /** The number of transactions that had ended at a time. */
    private record Mark(long ended, long atNanos) {}

    private final String id;
    private final UUID instance;
    private final Settings settings;
    private final Time time;
    private final Inquiry inquiry;
    /** Guarded by this, as are the fields below. */
    private final Dictionary dictionary;

    /** Votes of transactions that wait for keys. */
    private final Map<TransactionId, CompletableFuture<Ballot>> votes = new HashMap<>();
    /** Answers to one-phase commits of transactions that wait for keys. */
    private final Map<TransactionId, CompletableFuture<CommitAnswer>> commits = new HashMap<>();

    private final Map<TransactionId, Time.Timer> stagedTimers = new HashMap<>();

    /** Oldest first. Of the last retention. */
    private final Queue<Mark> marks = new ArrayDeque<>();

    private boolean evictionScheduled;
    private boolean stopping;
    private @Nullable CompletableFuture<Void> drained;
    /** When an early eviction was last logged; null if there was none. */
    private @Nullable Long evictionLoggedNanos;

    public ResourceManager(
            String id,
            UUID instance,
            Settings settings,
            Time time,
            Backoff inquiryBackoff,
            CoordinatorLink coordinator,
            Dictionary dictionary) {
        this.id = id;
        this.instance = instance;
        this.settings = settings;
        this.time = time;
        this.inquiry = new Inquiry(coordinator, time, inquiryBackoff, this::resolve);
        this.dictionary = dictionary;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public UUID instance() {
        return instance;
    }

    @Override
    public synchronized @Nullable TransactionId newestEvicted() {
        return dictionary.newestEvicted();
    }

    /** Restarts the timers and inquiries of open transactions. Must be called first. */
    public synchronized void resume() {
        dictionary.open(Integer.MAX_VALUE).forEach((transaction, inDoubt) -> {
            if (inDoubt) {
                inquiry.start(transaction);
            } else {
                startStagedTimer(transaction);
                startLockWaitTimer(transaction);
            }
        });
    }

    // Messages

    @Override
    public CompletionStage<WriteAnswer> write(ResourceEvent.Write write) {
        if (isStopping()) {
            return CompletableFuture.completedFuture(new ResourceEffect.Stopping(write.id()));
        }
        return CompletableFuture.completedFuture(apply(
                () -> write,
                effects -> answer(write.id(), WriteAnswer.class, effects).orElseThrow()));
    }

    @Override
    public CompletionStage<Progress<Ballot>> prepare(ResourceEvent.Prepare prepare) {
        TransactionId transaction = prepare.id();
        return CompletableFuture.completedFuture(apply(
                () -> stopping ? new ResourceEvent.Prepare(transaction, List.of(), prepare.writeCount()) : prepare,
                effects -> progress(
                        transaction,
                        answer(transaction, ResourceEffect.Voted.class, effects).map(ResourceEffect.Voted::ballot),
                        votes)));
    }

    @Override
    public CompletionStage<Progress<CommitAnswer>> commit(ResourceEvent.Commit commit) {
        TransactionId transaction = commit.id();
        return CompletableFuture.completedFuture(apply(
                () -> commit,
                effects -> progress(transaction, answer(transaction, CommitAnswer.class, effects), commits)));
    }

    @Override
    public CompletionStage<RollbackAnswer> rollback(TransactionId transaction) {
        return CompletableFuture.completedFuture(apply(
                () -> new ResourceEvent.Rollback(transaction),
                effects -> answer(transaction, RollbackAnswer.class, effects).orElseThrow()));
    }

    private static <T extends ResourceEffect> Optional<T> answer(
            TransactionId transaction, Class<T> kind, List<ResourceEffect> effects) {
        for (ResourceEffect effect : effects) {
            if (kind.isInstance(effect) && effect.id().equals(transaction)) {
                return Optional.of(kind.cast(effect));
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the answer, or a future if it is not available. Each caller gets a copy, which it can cancel without
     * affecting others.
     */
    private static <T> Progress<T> progress(
            TransactionId transaction, Optional<T> answer, Map<TransactionId, CompletableFuture<T>> waiting) {
        return answer.<Progress<T>>map(Progress.Done::new)
                .orElseGet(() ->
                        new Progress.Blocked<>(waiting.computeIfAbsent(transaction, _ -> new CompletableFuture<>())
                                .copy()));
    }

    private void resolve(TransactionId transaction, Outcome outcome) {
        apply(
                outcome == Outcome.COMMIT
                        ? new ResourceEvent.Commit(transaction, null)
                        : new ResourceEvent.Rollback(transaction));
    }

    // Events and effects

    private void apply(ResourceEvent event) {
        apply(() -> event, effects -> effects);
    }

    /** Applies an event and performs the effects. {@code event} and {@code result} are called under the lock. */
    private <R> R apply(Supplier<ResourceEvent> event, Function<List<ResourceEffect>, R> result) {
        List<Runnable> answers = new ArrayList<>(2);
        R returned;
        synchronized (this) {
            long evictedEarly = dictionary.outcomes().evictedEarly();
            List<ResourceEffect> effects = dictionary.apply(event.get());
            if (dictionary.outcomes().evictedEarly() > evictedEarly) {
                logEarlyEviction();
            }
            scheduleEviction();
            effects.forEach(effect -> perform(effect, answers));
            returned = result.apply(effects);
            CompletableFuture<Void> done = drained;
            if (done != null && dictionary.openTransactionCount() == 0) {
                answers.add(() -> done.complete(null));
            }
        }
        // Outside the lock, since callers may call back.
        answers.forEach(Runnable::run);
        return returned;
    }

    /** Performs an effect. Guarded by this. */
    private void perform(ResourceEffect effect, List<Runnable> answers) {
        switch (effect) {
            case ResourceEffect.Staged e -> {
                if (e.first()) {
                    startStagedTimer(e.id());
                }
            }
            case ResourceEffect.WriteRefused _,
                    ResourceEffect.NoRoom _,
                    ResourceEffect.Stopping _,
                    ResourceEffect.RollbackRefused _ -> {}
            case ResourceEffect.Waiting e -> startLockWaitTimer(e.id());
            case ResourceEffect.Voted e -> {
                cancelStagedTimer(e.id());
                complete(votes, e.id(), e.ballot(), answers);
            }
            case ResourceEffect.InDoubt e -> inquiry.start(e.id());
            case CommitAnswer e -> {
                ended(e.id());
                complete(commits, e.id(), e, answers);
            }
            case ResourceEffect.RolledBack e -> ended(e.id());
        }
    }

    /** Starts the timer that evicts old outcomes, if there are outcomes. Guarded by this. */
    private void scheduleEviction() {
        if (!evictionScheduled && dictionary.outcomes().size() > 0) {
            evictionScheduled = true;
            time.after(settings.outcomeRetention().dividedBy(RETENTION_STEPS), this::evictOld);
        }
    }

    private synchronized void evictOld() {
        evictionScheduled = false;
        long now = time.nanos();
        marks.add(new Mark(dictionary.outcomes().ended(), now));
        for (Mark oldest = marks.peek();
                oldest != null
                        && now - oldest.atNanos() >= settings.outcomeRetention().toNanos();
                oldest = marks.peek()) {
            dictionary.outcomes().evictFirst(marks.remove().ended());
        }
        scheduleEviction();
    }

    /** Guarded by this. */
    private void logEarlyEviction() {
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
                            id,
                            PlainText.duration(settings.outcomeRetention()),
                            dictionary.outcomes().size()));
        }
    }

    private static <T> void complete(
            Map<TransactionId, CompletableFuture<T>> waiting,
            TransactionId transaction,
            T answer,
            List<Runnable> answers) {
        CompletableFuture<T> future = waiting.remove(transaction);
        if (future != null) {
            answers.add(() -> future.complete(answer));
        }
    }

    private void ended(TransactionId transaction) {
        cancelStagedTimer(transaction);
        inquiry.stop(transaction);
    }

    private void startStagedTimer(TransactionId transaction) {
        stagedTimers.put(
                transaction,
                time.after(settings.stagedTimeout(), () -> apply(new ResourceEvent.StagedExpired(transaction))));
    }

    private void cancelStagedTimer(TransactionId transaction) {
        Time.Timer timer = stagedTimers.remove(transaction);
        if (timer != null) {
            timer.cancel();
        }
    }

    private void startLockWaitTimer(TransactionId transaction) {
        time.after(settings.lockWait(), () -> apply(new ResourceEvent.LockWaitExpired(transaction)));
    }

    // Shutdown

    public synchronized boolean isStopping() {
        return stopping;
    }

    @Override
    public CompletionStage<Void> drain() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        List<TransactionId> open;
        synchronized (this) {
            stopping = true;
            drained = done;
            open = List.copyOf(dictionary.open(Integer.MAX_VALUE).keySet());
            if (open.isEmpty()) {
                done.complete(null);
            }
        }
        open.forEach(transaction -> apply(new ResourceEvent.StagedExpired(transaction)));
        return done;
    }

    // Reads

    @Override
    public synchronized CompletionStage<Optional<JsonText>> entry(String key) {
        return CompletableFuture.completedFuture(Optional.ofNullable(dictionary.entry(key)));
    }

    @Override
    public synchronized CompletionStage<SortedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return CompletableFuture.completedFuture(dictionary.entries(after, limit));
    }

    @Override
    public synchronized CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit) {
        SortedMap<TransactionId, State> page = new TreeMap<>();
        dictionary
                .open(limit)
                .forEach((transaction, inDoubt) -> page.put(transaction, inDoubt ? State.PREPARED : State.ACTIVE));
        return CompletableFuture.completedFuture(page);
    }

    @Override
    public synchronized Statistics statistics() {
        return new Statistics(
                dictionary.openTransactionCount(),
                dictionary.lockedKeys(),
                dictionary.conflicts(),
                inquiry.oldestInDoubt(),
                dictionary.outcomes().size(),
                dictionary.outcomes().evictedEarly());
    }
}

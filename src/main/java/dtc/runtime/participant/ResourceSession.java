package dtc.runtime.participant;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.Change;
import dtc.resource.Dictionary;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEvent;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import dtc.runtime.participant.HostedParticipant.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Drives the {@link Dictionary} of a resource manager while its store is open: applies events, stores changes, and sets
 * timers. Thread-safe.
 *
 * <p>Changes are appended in order, one batch at a time. An answer completes once all changes up to it are durable;
 * only the acknowledgement of a staged write does not wait, because staged writes are not stored. Committed values are
 * read once all changes up to the read are durable. If an append fails, it is unknown whether it was stored: nothing
 * else is appended, all waiting callers get the failure, and the session ends.
 */
final class ResourceSession {

    private final ResourceManager.Settings settings;
    private final Time time;
    private final ResourceStore store;
    private final long epoch;
    private final SessionListener listener;
    private final Inquiry inquiry;
    /** Guarded by this, as are the fields below. */
    private final Dictionary dictionary;

    private final OutcomeRetention retention;

    /** Votes of transactions that wait for keys or values. */
    private final Map<TransactionId, CompletableFuture<Ballot>> votes = new HashMap<>();
    /** Answers to one-phase commits of transactions that wait for keys or values. */
    private final Map<TransactionId, CompletableFuture<CommitAnswer>> commits = new HashMap<>();

    private final Map<TransactionId, Time.Timer> stagedTimers = new HashMap<>();

    private final PendingChanges pending = new PendingChanges();

    private @Nullable StoreException failure;
    private boolean stopping;
    private @Nullable CompletableFuture<@Nullable Void> drained;

    /** Callbacks, run without holding the lock. */
    private final CallQueue calls = new CallQueue();

    ResourceSession(
            ResourceManager.Settings settings,
            Time time,
            ResourceStore store,
            long epoch,
            Dictionary dictionary,
            Function<ResourceSession, Inquiry> inquiry,
            SessionListener listener) {
        this.settings = settings;
        this.time = time;
        this.store = store;
        this.epoch = epoch;
        this.dictionary = dictionary;
        this.listener = listener;
        this.inquiry = inquiry.apply(this);
        this.retention = new OutcomeRetention(settings.outcomeRetention(), time);
    }

    /** Starts the inquiries about restored transactions. Must be called first. */
    synchronized void start(Set<TransactionId> resolvedByOperator) {
        dictionary.open(Integer.MAX_VALUE).keySet().forEach(transaction -> {
            if (resolvedByOperator.contains(transaction)) {
                inquiry.waitForOperator(transaction);
            } else {
                inquiry.start(transaction);
            }
        });
        scheduleEviction();
    }

    // Messages

    CompletionStage<WriteAnswer> write(ResourceEvent.Write write) {
        synchronized (this) {
            if (stopping) {
                return CompletableFuture.completedFuture(new ResourceEffect.Stopping(write.id()));
            }
        }
        return apply(() -> write, effects -> {
            WriteAnswer answer =
                    ResourceEffect.find(WriteAnswer.class, write.id(), effects).orElseThrow();
            return answer instanceof ResourceEffect.Staged
                    ? CompletableFuture.completedFuture(answer)
                    : onceDurable(answer);
        });
    }

    CompletionStage<Progress<Ballot>> prepare(ResourceEvent.Prepare prepare) {
        TransactionId transaction = prepare.id();
        return apply(
                () -> stopping ? new ResourceEvent.Prepare(transaction, List.of(), prepare.writeCount()) : prepare,
                effects -> toProgress(
                        transaction,
                        ResourceEffect.find(ResourceEffect.Voted.class, transaction, effects)
                                .map(ResourceEffect.Voted::ballot),
                        votes));
    }

    CompletionStage<Progress<CommitAnswer>> commit(ResourceEvent.Commit commit) {
        TransactionId transaction = commit.id();
        return apply(
                () -> commit,
                effects -> toProgress(
                        transaction, ResourceEffect.find(CommitAnswer.class, transaction, effects), commits));
    }

    CompletionStage<RollbackAnswer> rollback(TransactionId transaction) {
        return apply(
                () -> new ResourceEvent.Rollback(transaction),
                effects -> onceDurable(ResourceEffect.find(RollbackAnswer.class, transaction, effects)
                        .orElseThrow()));
    }

    void resolve(TransactionId transaction, Outcome outcome) {
        apply(
                outcome == Outcome.COMMIT
                        ? new ResourceEvent.Commit(transaction, null)
                        : new ResourceEvent.Rollback(transaction));
    }

    /**
     * Returns the answer, or a future if it is not available. Each caller gets a copy, which it can cancel without
     * affecting others. Guarded by this.
     */
    private <T> CompletionStage<Progress<T>> toProgress(
            TransactionId transaction, Optional<T> answer, Map<TransactionId, CompletableFuture<T>> waiting) {
        if (answer.isPresent()) {
            return onceDurable(new Progress.Done<>(answer.get()));
        }
        CompletableFuture<T> future = waiting.computeIfAbsent(transaction, _ -> new CompletableFuture<>())
                .copy();
        return dictionary.isWaiting(transaction)
                ? CompletableFuture.completedFuture(new Progress.Blocked<>(future))
                : future.thenApply(Progress.Done::new);
    }

    // Events and effects

    private void apply(ResourceEvent event) {
        apply(() -> event, _ -> CompletableFuture.<@Nullable Void>completedFuture(null));
    }

    /** Applies an event and performs the effects. {@code event} and {@code answer} are called under the lock. */
    private <R extends @Nullable Object> CompletionStage<R> apply(
            Supplier<ResourceEvent> event, Function<List<ResourceEffect>, CompletionStage<R>> answer) {
        CompletionStage<R> returned;
        synchronized (this) {
            if (failure != null) {
                return CompletableFuture.failedFuture(failure);
            }
            long evictedEarly = dictionary.outcomes().evictedEarlyCount();
            List<ResourceEffect> effects = dictionary.apply(event.get());
            if (dictionary.outcomes().evictedEarlyCount() > evictedEarly) {
                int kept = dictionary.outcomes().size();
                calls.add(() -> listener.evictedEarly(kept));
            }
            scheduleEviction();
            effects.forEach(this::perform);
            returned = answer.apply(effects);
            completeDrain();
        }
        calls.run();
        return returned;
    }

    /** Guarded by this. */
    private void perform(ResourceEffect effect) {
        switch (effect) {
            case ResourceEffect.Persist(Change change) -> {
                pending.add(change);
                appendNext();
            }
            case ResourceEffect.Load e -> {
                CompletionStage<@Nullable Void> durable = whenDurable();
                calls.add(() -> load(e, durable));
            }
            case ResourceEffect.Staged e -> {
                if (e.first()) {
                    startStagedTimer(e.id());
                }
            }
            case ResourceEffect.WriteRefused _,
                    ResourceEffect.NoRoom _,
                    ResourceEffect.Stopping _,
                    ResourceEffect.RollbackRefused _ -> {}
            case ResourceEffect.Waiting e ->
                time.after(settings.lockWait(), () -> apply(new ResourceEvent.LockWaitExpired(e.id())));
            case ResourceEffect.Voted e -> {
                cancelStagedTimer(e.id());
                completeOnceDurable(votes.remove(e.id()), e.ballot());
            }
            case ResourceEffect.InDoubt e -> inquiry.start(e.id());
            case CommitAnswer e -> {
                stopTimers(e.id());
                completeOnceDurable(commits.remove(e.id()), e);
            }
            case ResourceEffect.RolledBack e -> stopTimers(e.id());
        }
    }

    private void load(ResourceEffect.Load load, CompletionStage<@Nullable Void> durable) {
        durable.thenCompose(_ -> Stages.call(() -> store.read(load.keys()))).whenComplete((values, cause) -> {
            if (cause == null) {
                apply(new ResourceEvent.Loaded(load.id(), values));
            } else {
                fail(cause);
            }
        });
    }

    /** Completes the future of waiting callers once all changes made so far are durable. Guarded by this. */
    private <T extends @Nullable Object> void completeOnceDurable(@Nullable CompletableFuture<T> waiting, T answer) {
        if (waiting != null) {
            CompletionStage<T> durable = onceDurable(answer);
            calls.add(() -> durable.whenComplete((result, cause) -> {
                if (cause == null) {
                    waiting.complete(result);
                } else {
                    waiting.completeExceptionally(cause);
                }
            }));
        }
    }

    /** Guarded by this. */
    private void stopTimers(TransactionId transaction) {
        cancelStagedTimer(transaction);
        inquiry.stop(transaction);
    }

    /** Guarded by this. */
    private void startStagedTimer(TransactionId transaction) {
        stagedTimers.put(
                transaction,
                time.after(settings.stagedTimeout(), () -> apply(new ResourceEvent.StagedExpired(transaction))));
    }

    /** Guarded by this. */
    private void cancelStagedTimer(TransactionId transaction) {
        Optional.ofNullable(stagedTimers.remove(transaction)).ifPresent(Time.Timer::cancel);
    }

    /** Starts the timer that evicts old outcomes, if there are outcomes. Guarded by this. */
    private void scheduleEviction() {
        if (dictionary.outcomes().size() > 0) {
            retention.scheduleSample(this::evictExpired);
        }
    }

    private void evictExpired() {
        synchronized (this) {
            if (failure != null) {
                return;
            }
            dictionary
                    .evictOutcomes(retention.takeSample(dictionary.outcomes().endedCount()))
                    .forEach(this::perform);
            scheduleEviction();
        }
        calls.run();
    }

    // Storage

    /** Completes with the answer once all changes made so far are durable. Guarded by this. */
    private <T extends @Nullable Object> CompletionStage<T> onceDurable(T answer) {
        return whenDurable().thenApply(_ -> answer);
    }

    /** Completes once all changes made so far are durable. */
    private synchronized CompletableFuture<@Nullable Void> whenDurable() {
        if (failure != null) {
            return CompletableFuture.failedFuture(failure);
        }
        return pending.whenDurable();
    }

    /** Guarded by this. */
    private void appendNext() {
        if (!pending.tryStartAppend()) {
            return;
        }
        Duration delay = pending.isUnderLoad() ? store.appendDelay() : Duration.ZERO;
        if (delay.isZero()) {
            calls.add(() -> settings.appendExecutor().execute(this::append));
        } else {
            time.after(delay, this::append);
        }
    }

    private void append() {
        List<Change> batch;
        synchronized (this) {
            if (failure != null) {
                return;
            }
            batch = pending.takeBatch(store.batchMax());
        }
        Stages.call(() -> store.append(epoch, batch)).whenComplete((_, cause) -> appendCompleted(batch.size(), cause));
    }

    private void appendCompleted(int count, @Nullable Throwable cause) {
        if (cause != null) {
            fail(cause);
            return;
        }
        synchronized (this) {
            if (failure != null) {
                return; // a read has failed
            }
            pending.completeAppend(count).forEach(passed -> calls.add(() -> passed.complete(null)));
            appendNext();
        }
        calls.run();
    }

    /** Ends the session. Does nothing if it has already ended. */
    void fail(Throwable thrown) {
        StoreException reason = StoreException.of(thrown);
        synchronized (this) {
            if (failure != null) {
                return;
            }
            failure = reason;
            List<CompletableFuture<?>> waiting = new ArrayList<>(pending.waitingCallers());
            waiting.addAll(votes.values());
            waiting.addAll(commits.values());
            if (drained != null) {
                waiting.add(drained);
            }
            waiting.forEach(future -> calls.add(() -> future.completeExceptionally(reason)));
            stagedTimers.values().forEach(Time.Timer::cancel);
            inquiry.stopAll();
            calls.add(() -> listener.failed(reason));
        }
        calls.run();
    }

    /** Whether an append has succeeded. */
    synchronized boolean hasAppended() {
        return pending.hasStored();
    }

    /** Refuses new writes and discards staged ones. Completes once all transactions have ended. */
    CompletionStage<@Nullable Void> drain() {
        CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        List<TransactionId> open;
        synchronized (this) {
            if (failure != null) {
                return CompletableFuture.failedFuture(failure);
            }
            stopping = true;
            drained = done;
            open = List.copyOf(dictionary.open(Integer.MAX_VALUE).keySet());
            completeDrain();
        }
        calls.run();
        open.forEach(transaction -> apply(new ResourceEvent.StagedExpired(transaction)));
        return done;
    }

    /** Guarded by this. */
    private void completeDrain() {
        CompletableFuture<@Nullable Void> done = drained;
        if (done != null && dictionary.openTransactionCount() == 0) {
            drained = null;
            completeOnceDurable(done, null);
        }
    }

    // Reads

    CompletionStage<Optional<JsonText>> entry(String key) {
        return read(() -> store.read(Set.of(key))).thenApply(values -> Optional.ofNullable(values.get(key)));
    }

    CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return read(() -> store.entries(after, limit));
    }

    private <T> CompletionStage<T> read(Supplier<CompletionStage<T>> read) {
        return whenDurable().thenCompose(_ -> Stages.call(read)).whenComplete((_, cause) -> failUnlessRefused(cause));
    }

    /** Completes if no other process has taken over the store. */
    CompletionStage<@Nullable Void> checkEpoch() {
        return store.checkEpoch(epoch).whenComplete((_, cause) -> failUnlessRefused(cause));
    }

    /** Ends the session unless the store refused the request, so that half-open connections are not used again. */
    private void failUnlessRefused(@Nullable Throwable cause) {
        if (cause != null && StoreException.of(cause).kind() != StoreException.Kind.REFUSED) {
            fail(cause);
        }
    }

    synchronized CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit) {
        SortedMap<TransactionId, State> page = new TreeMap<>();
        dictionary
                .open(limit)
                .forEach((transaction, inDoubt) -> page.put(transaction, inDoubt ? State.PREPARED : State.ACTIVE));
        return onceDurable(page);
    }

    synchronized @Nullable TransactionId newestEvicted() {
        return dictionary.newestEvicted();
    }

    synchronized HostedParticipant.Statistics statistics() {
        return new HostedParticipant.Statistics(
                dictionary.openTransactionCount(),
                dictionary.lockedKeyCount(),
                dictionary.conflictCount(),
                inquiry.oldestInDoubt(),
                dictionary.outcomes().size(),
                dictionary.outcomes().evictedEarlyCount());
    }
}

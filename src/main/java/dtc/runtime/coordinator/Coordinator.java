package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.DecisionLog;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's API. Converts calls to events, which {@link TransactionDriver} applies, and returns the answers.
 */
public final class Coordinator {

    /**
     * The answer to a resource manager that enlisted itself.
     *
     * @param sequence the number of its work among its writes and enlistments in the transaction
     * @param expiresAt when the transaction is rolled back unless it is prepared
     */
    public record Enlistment(int sequence, Instant expiresAt) {}

    private final Time time;
    private final DecisionLog log;
    private final HeldLogs logs;
    private final LongAdder refusedByLog = new LongAdder();
    private final TransactionStore store;
    private final Waiters waiters;
    private final TransactionDriver driver;
    private final Writes writes;
    private final BeginRequests beginRequests;
    private final Inquiries inquiries;
    private final UndeliveredOutcomes undelivered;
    private final Registrations registrations;
    private final Recovery recovery;
    private final Takeovers takeovers;

    private volatile @Nullable CompletableFuture<Void> drained;

    public Coordinator(
            TwoPhaseCommit machine,
            CoordinatorSettings settings,
            Time time,
            Supplier<TransactionId> ids,
            Backoff backoff,
            Registry registry,
            ParticipantClient participants,
            DecisionLog log,
            List<? extends TransactionListener> listeners) {
        this.time = time;
        this.log = log;
        this.logs = new HeldLogs(RecordLog.of(log, time));
        this.store = new TransactionStore(time, settings.transactions());
        TransactionListener all = new Listeners(listeners);
        this.waiters = new Waiters(time, settings.answerTimeout());
        this.driver = new TransactionDriver(
                machine, settings, time, backoff, registry, participants, all, store, waiters, this::completeIfDrained);
        this.writes = new Writes(machine, registry, driver, store, settings.undeliveredMax(), !log.isFenced());
        this.beginRequests =
                new BeginRequests(settings, time, ids, logs.own(), all, store, driver, writes, refusedByLog);
        this.inquiries = new Inquiries(logs, store);
        this.undelivered = new UndeliveredOutcomes(logs, store, driver, waiters);
        this.registrations = new Registrations(registry, log);
        this.recovery = new Recovery(store, time, all, registrations);
        this.takeovers = new Takeovers(logs, store, driver, recovery, time);
        registry.addRegistrationListener(undelivered::participantReturned);
    }

    /**
     * Reads the decision log, restores the registry, and resumes the delivery of outcomes. Must be called first: an
     * inquiry before recovery would be answered with rollback.
     *
     * @return the number of recovered transactions that have not ended
     */
    public int recover() {
        List<TransactionEntry> open = recovery.recover(logs.own());
        open.forEach(entry -> driver.apply(entry, new CoordinatorEvent.Recovered()));
        return open.size();
    }

    // Begin and write

    /**
     * Begins a transaction and sends its writes. With {@code autoCommit} it is also prepared. Writes are sent in order
     * to one resource manager, and in parallel to different ones. If the idempotency key was used before, no
     * transaction is begun, and the transaction of the first request is returned.
     *
     * @param timeout how long the transaction may stay active; null for the configured timeout
     */
    public CompletionStage<Answer<Transaction>> begin(
            Origin origin,
            @Nullable Duration timeout,
            List<ClientWrite> writes,
            boolean autoCommit,
            WaitCondition condition) {
        return beginRequests.begin(origin, timeout, writes, autoCommit).thenCompose(begun -> switch (begun) {
            case Answer.Refused<TransactionId>(Refusal refusal) -> Answer.refusedStage(refusal);
            case Answer.Given<TransactionId>(TransactionId id) ->
                autoCommit
                        ? applyAndAwait(id, new CoordinatorEvent.PrepareRequested(), condition)
                        : await(id, WaitCondition.NONE);
        });
    }

    /** Sends a write. Enlists the resource manager at its first write. */
    public CompletionStage<Answer<Transaction>> write(TransactionId id, ClientWrite write) {
        TransactionEntry entry = store.find(id);
        return entry == null ? Answer.refusedStage(logs.absent(id)) : writes.write(entry, write);
    }

    /** Enlists a resource manager at its own request; see {@link Writes#enlist}. */
    public Answer<Enlistment> enlist(
            TransactionId id, String resourceManager, @Nullable UUID instance, @Nullable UUID request) {
        TransactionEntry entry = store.find(id);
        return entry == null
                ? Answer.refused(logs.absent(id))
                : writes.enlist(entry, resourceManager, instance, request);
    }

    // Prepare, commit and roll back

    /** Prepares, then commits or rolls back. A repeated call returns the outcome. */
    public CompletionStage<Answer<Transaction>> prepare(TransactionId id, WaitCondition condition) {
        return applyAndAwait(id, new CoordinatorEvent.PrepareRequested(), condition)
                .thenApply(Refusals::ifUndecided);
    }

    /** Like prepare, but refused if the outcome is rollback. */
    public CompletionStage<Answer<Transaction>> commit(TransactionId id, WaitCondition condition) {
        // A heuristic outcome is not refused: some participants may have committed, and the document shows them.
        return prepare(id, condition)
                .thenApply(answer -> answer instanceof Answer.Given<Transaction>(Transaction t)
                                && t.state() == TransactionState.HEURISTIC
                        ? answer
                        : Refusals.ifOutcomeIs(answer, Outcome.ROLLBACK));
    }

    public CompletionStage<Answer<Transaction>> rollback(TransactionId id) {
        return rollback(id, new CoordinatorEvent.RollbackRequested());
    }

    /** Rolls back on behalf of an operator. */
    public CompletionStage<Answer<Transaction>> rollback(TransactionId id, String reason) {
        return rollback(id, new CoordinatorEvent.RollbackRequested(Cause.OPERATOR, reason));
    }

    private CompletionStage<Answer<Transaction>> rollback(TransactionId id, CoordinatorEvent.RollbackRequested event) {
        return applyAndAwait(id, event, WaitCondition.ENDED)
                .thenApply(Refusals::ifUndecided)
                .thenApply(answer -> Refusals.ifOutcomeIs(answer, Outcome.COMMIT));
    }

    /**
     * Prevents the commit. Marks an active transaction, which its client or its timeout then rolls back. Rolls back a
     * transaction in phase one. Nothing is recorded, because a transaction without a record is presumed rolled back.
     */
    public CompletionStage<Answer<Transaction>> rollbackOnly(TransactionId id, String reason) {
        TransactionEntry entry = store.find(id);
        if (entry == null) {
            return Answer.refusedStage(logs.absent(id));
        }
        Transaction after = driver.apply(entry, new CoordinatorEvent.RollbackOnlyRequested(reason))
                .transaction();
        if (after.state() == TransactionState.MARKED_ROLLBACK) {
            return CompletableFuture.completedFuture(Answer.of(after));
        }
        return waiters.await(entry, WaitCondition.DECIDED)
                .thenApply(Refusals::ifUndecided)
                .thenApply(answer -> Refusals.ifOutcomeIs(answer, Outcome.COMMIT))
                // A participant has committed, or may have.
                .thenApply(answer -> answer instanceof Answer.Given<Transaction>(Transaction t)
                                && t.state() == TransactionState.HEURISTIC
                        ? Answer.refused(Refusals.wrongState(t, null))
                        : answer);
    }

    private CompletionStage<Answer<Transaction>> applyAndAwait(
            TransactionId id, CoordinatorEvent event, WaitCondition condition) {
        TransactionEntry entry = store.find(id);
        if (entry == null) {
            return Answer.refusedStage(logs.absent(id));
        }
        String refusalReason = log.refusalReason();
        if (refusalReason != null
                && event instanceof CoordinatorEvent.PrepareRequested
                && entry.transaction().state() == TransactionState.ACTIVE) {
            // The transaction stays active, so the client can try again.
            refusedByLog.increment();
            return Answer.refusedStage(new Refusal(Kind.LOG_REFUSING, refusalReason, id, null));
        }
        driver.apply(entry, event);
        return waiters.await(entry, condition);
    }

    private CompletionStage<Answer<Transaction>> await(TransactionId id, WaitCondition condition) {
        TransactionEntry entry = store.find(id);
        return entry == null ? Answer.refusedStage(logs.absent(id)) : waiters.await(entry, condition);
    }

    // Read

    public Answer<Transaction> find(TransactionId id) {
        TransactionEntry entry = store.find(id);
        return entry == null ? Answer.refused(logs.absent(id)) : Answer.of(entry.transaction());
    }

    /**
     * Lists transactions, newest first, starting at {@code after} (exclusive). Filters by {@code state} if not null.
     */
    public List<Transaction> list(@Nullable State state, @Nullable TransactionId after, int limit) {
        return list(_ -> true, state, after, limit);
    }

    /** Lists transactions of the selected principals, newest first. */
    public List<Transaction> list(
            Predicate<@Nullable String> principal, @Nullable State state, @Nullable TransactionId after, int limit) {
        return store.list(principal, state, after, limit);
    }

    /**
     * Searches transactions, newest first, starting at {@code after} (exclusive; null for the newest).
     *
     * @param examinedMax maximum number of transactions to examine
     */
    public SearchResult search(
            Predicate<Transaction> wanted, @Nullable TransactionId after, int limit, int examinedMax) {
        return store.search(wanted, after, limit, examinedMax);
    }

    /** Unresolved heuristic outcomes, oldest first. */
    public List<Transaction> unresolved(int limit) {
        return store.unresolved(limit);
    }

    public int unresolvedCount() {
        return store.unresolvedCount();
    }

    /** Returns the outcome to a participant in doubt. */
    public InquiryAnswer outcome(TransactionId id) {
        undelivered.participantReturned(id);
        return inquiries.outcome(id);
    }

    /** Number of inquiries about transactions whose ids the decision log did not issue. */
    public long foreignInquiries() {
        return inquiries.foreignInquiries();
    }

    /**
     * The longest time that participants of a transaction have been in doubt, because the decision is being recorded or
     * a commit is not acknowledged. Zero if there is no such transaction.
     */
    public Duration oldestInDoubt() {
        return store.oldestInDoubt(time.nanos());
    }

    /** Returns why the decision log refuses decisions, as a text for clients; null if it accepts them. */
    public @Nullable String refusalReason() {
        return log.refusalReason();
    }

    /** Returns how much space the decision log has left, as a text for operators; null if it does not use a volume. */
    public @Nullable String logFreeSpace() {
        return log.freeSpace();
    }

    /** Returns the number of requests that were refused because the decision log does not accept decisions. */
    public long refusedByLog() {
        return refusedByLog.sum();
    }

    // Operations

    /**
     * Retries all undelivered outcomes to a resource manager without further pause. The number in flight is limited.
     *
     * @return the number of retries
     */
    public int retryNow(String resourceManager) {
        return driver.delivery().retryNow(resourceManager);
    }

    /** Like {@link #retryNow(String)}, for one transaction. */
    public Answer<Integer> retryNow(TransactionId id) {
        TransactionEntry entry = store.find(id);
        return entry == null
                ? Answer.refused(logs.absent(id))
                : Answer.of(entry.transaction().participants().stream()
                        .mapToInt(p -> driver.delivery().retryNow(p.resourceManager(), id))
                        .sum());
    }

    /** Marks a heuristic outcome as resolved. */
    public CompletionStage<Answer<Transaction>> resolve(TransactionId id, Resolution resolution) {
        TransactionEntry entry = store.find(id);
        if (entry == null) {
            return Answer.refusedStage(logs.absent(id));
        }
        driver.apply(entry, new CoordinatorEvent.Resolved(resolution));
        CompletionStage<Answer<Transaction>> recorded = entry.isHeld()
                ? waiters.await(entry, WaitCondition.NONE)
                : CompletableFuture.completedFuture(Answer.of(entry.transaction()));
        return recorded.thenApply(answer ->
                answer instanceof Answer.Given<Transaction>(Transaction t) && !resolution.equals(t.resolution())
                        ? Answer.refused(Refusals.wrongState(t, null))
                        : answer);
    }

    /** The limits of transactions in flight. */
    public InFlight inFlight() {
        return store.inFlight();
    }

    /** Outcomes that participants have not acknowledged. */
    public UndeliveredOutcomes undelivered() {
        return undelivered;
    }

    public Registrations registrations() {
        return registrations;
    }

    /** Takes over transactions from other processes, if the decision logs are shared. */
    public Takeovers takeovers() {
        return takeovers;
    }

    /** Whether this process may answer for an id: it has the transaction, or knows that it has no record. */
    public boolean holds(TransactionId id) {
        return store.find(id) != null || logs.presumesAbort(id);
    }

    /** Refuses new transactions and rolls back active ones. Completes once all have ended. */
    public CompletionStage<Void> drain() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        drained = done;
        beginRequests.stop();
        store.all().forEach(entry -> driver.apply(entry, new CoordinatorEvent.ShutdownStarted()));
        completeIfDrained();
        return done;
    }

    public boolean isStopping() {
        return beginRequests.isStopping();
    }

    private void completeIfDrained() {
        CompletableFuture<Void> done = drained;
        if (done != null && store.isIdle()) {
            done.complete(null);
        }
    }
}

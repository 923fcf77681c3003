package dtc.runtime;

import dtc.coordinator.Effect;
import dtc.coordinator.Event;
import dtc.coordinator.Participant;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.JsonText;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.Refusal.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Drives {@link TwoPhaseCommit}: takes events one at a time per transaction, carries out the effects, and keeps the
 * transactions. Safe to call from any thread; nothing here blocks.
 */
public final class Coordinator {

    /**
     * What can be configured.
     *
     * @param transactionTimeout how long a transaction may stay active, where the client does not say
     * @param voteTimeout after which votes are no longer awaited; above the time for one vote, which ends it by itself
     * @param answerTimeout how long a client's call waits for phase two
     * @param inFlightMax transactions not finished
     * @param retention how long a finished transaction is kept
     * @param retainedMax how many finished transactions are kept
     * @param redeliveriesUnderWayMax messages sent again to one resource manager at a time
     * @param rollbacksWaitingMax rollbacks that wait to be sent again to one resource manager; it asks for the others
     * @param undeliveredMax outcomes undelivered to one resource manager, beyond which it gets no more writes, so that
     *     one that votes and then hangs does not use up what all have
     */
    public record Settings(
            Duration transactionTimeout,
            Duration voteTimeout,
            Duration answerTimeout,
            int inFlightMax,
            Duration retention,
            int retainedMax,
            int redeliveriesUnderWayMax,
            int rollbacksWaitingMax,
            int undeliveredMax) {}

    /** A write asked for by the client. */
    public record Write(String resourceManager, String key, JsonText value) {}

    /** What a caller waits for, within {@link Settings#answerTimeout}. */
    public enum Until {
        /** The decision is certain; what follows from it is under way. */
        DECIDED,
        /** All participants have carried it out. */
        APPLIED;

        private boolean isReached(Transaction t) {
            return t.state().isFinal() || (this == DECIDED && t.decision() != Outcome.PENDING);
        }
    }

    /** Longer than any process lives, and yet no overflow in nanoseconds. */
    private static final Duration FOR_EVER = Duration.ofDays(100 * 365);

    private final TwoPhaseCommit machine;
    private final Settings settings;
    private final Time time;
    private final Supplier<TransactionId> ids;
    private final Registry registry;
    private final Participants participants;
    private final DecisionLog log;
    private final TransactionListener listener;
    private final Redelivery redelivery;

    private final NavigableMap<TransactionId, Entry> transactions = new ConcurrentSkipListMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    /** Requests that their clients may send again, as long as their transactions are kept. */
    private final Map<RequestName, Begun> requests = new ConcurrentHashMap<>();

    private final Retention finished;
    private final Retention heuristics;
    /** Heuristic outcomes that nobody has looked after yet, oldest first. */
    private final NavigableSet<TransactionId> unresolved = new ConcurrentSkipListSet<>();

    private volatile boolean stopping;
    private volatile @Nullable CompletableFuture<Void> drained;

    /** What had no answer before travels alone, for it may be why. */
    private enum Sending {
        FIRST,
        AGAIN
    }

    private record RequestName(@Nullable String principal, String key) {}

    /** What the first request of a name led to; {@code id} completes when its writes have been answered. */
    private record Begun(String fingerprint, CompletableFuture<Answer<TransactionId>> id) {
        private boolean isOf(TransactionId other) {
            return id.getNow(null) instanceof Answer.Given<TransactionId>(TransactionId mine) && mine.equals(other);
        }
    }

    private record Waiter(Until until, CompletableFuture<Transaction> answer) {}

    /** A transaction and those that wait for its end. */
    private static final class Entry {
        private final long beganNanos;
        private volatile long preparingNanos;
        private volatile long decidedNanos;
        private volatile Transaction transaction;
        /** Of expiry, then of the votes. */
        private volatile Time.@Nullable Timer timer;
        /** Guarded by this. */
        private final List<Waiter> waiting = new ArrayList<>(1);
        /** Guarded by this. */
        private boolean forgotten;
        /** By resource manager, the writes that wait to travel along with the request for its vote. */
        private final Map<String, List<Message.Write>> carried = new ConcurrentHashMap<>(0);

        private Entry(Transaction transaction, long nanos) {
            this.transaction = transaction;
            this.beganNanos = nanos;
        }

        private void stopTimer() {
            Time.Timer running = timer;
            if (running != null) {
                running.cancel();
            }
        }
    }

    public Coordinator(
            TwoPhaseCommit machine,
            Settings settings,
            Time time,
            Supplier<TransactionId> ids,
            Backoff backoff,
            Registry registry,
            Participants participants,
            DecisionLog log,
            TransactionListener listener) {
        this.machine = machine;
        this.settings = settings;
        this.time = time;
        this.ids = ids;
        this.registry = registry;
        this.participants = participants;
        this.log = log;
        this.listener = listener;
        this.redelivery =
                new Redelivery(time, backoff, settings.redeliveriesUnderWayMax(), settings.rollbacksWaitingMax());
        this.finished = new Retention(time, settings.retention(), settings.retainedMax(), this::retireOrForget);
        this.heuristics = new Retention(time, FOR_EVER, settings.retainedMax(), this::forget);
        registry.onArrival(redelivery::resume);
    }

    // Recovery

    /**
     * Takes up what the log holds, and goes on delivering what is decided. To be called before anything else: whoever
     * asks earlier would be told that nothing is known, and take it for a rollback.
     *
     * @return how many transactions are taken up that have not ended
     */
    public int recover() {
        List<Entry> open = new ArrayList<>();
        Instant now = time.now();
        log.replay(record -> {
            Transaction t = Records.recovered(record);
            Entry entry = new Entry(t, time.nanos());
            // The clock may have jumped while nobody looked: this is for display and retention only.
            entry.decidedNanos = time.nanos() - since(t.decidedAt(), now).toNanos();
            transactions.put(t.id(), entry);
            Origin.Request request = t.origin().request();
            if (request != null) {
                requests.put(
                        new RequestName(t.origin().principal(), request.key()),
                        new Begun(request.fingerprint(), CompletableFuture.completedFuture(Answer.of(t.id()))));
            }
            if (t.state().isFinal()) {
                if (needsSomebody(t)) {
                    unresolved.add(t.id());
                }
                retire(t, since(t.finishedAt(), now));
            } else {
                inFlight.incrementAndGet();
                listener.began(t);
                open.add(entry);
            }
        });
        open.forEach(entry -> apply(entry, new Event.Recovered()));
        return open.size();
    }

    private static Duration since(@Nullable Instant moment, Instant now) {
        return moment == null || moment.isAfter(now) ? Duration.ZERO : Duration.between(moment, now);
    }

    // What clients ask

    /** Begins a transaction, which expires after {@code timeout} (the configured time where null). */
    private Answer<Entry> begin(Origin origin, @Nullable Duration timeout) {
        if (stopping) {
            return Answer.refuse(Refusal.of(Kind.SHUTTING_DOWN, "this coordinator is shutting down"));
        }
        String refusing = log.refusing();
        if (refusing != null) {
            return Answer.refuse(Refusal.of(Kind.LOG_REFUSING, refusing));
        }
        if (inFlight.incrementAndGet() > settings.inFlightMax()) {
            inFlight.decrementAndGet();
            return Answer.refuse(Refusal.of(
                    Kind.OVERLOADED, "no more than %d transactions in flight".formatted(settings.inFlightMax())));
        }
        Duration allowed = timeout == null ? settings.transactionTimeout() : timeout;
        var now = time.now();
        Transaction transaction = Transaction.begin(ids.get(), origin, now, now.plus(allowed));
        Entry entry = new Entry(transaction, time.nanos());
        transactions.put(transaction.id(), entry);
        listener.began(transaction);
        entry.timer = time.after(allowed, () -> apply(entry, new Event.Expired()));
        if (stopping) {
            apply(entry, new Event.ShutDown()); // drain may have passed it by
        }
        return Answer.of(entry);
    }

    /** Enlists the resource manager on first use, and has it stage the write. */
    public CompletionStage<Answer<Transaction>> write(TransactionId id, Write write) {
        Entry entry = transactions.get(id);
        return entry == null ? Answer.refuseLater(unknown(id)) : write(entry, write);
    }

    private CompletionStage<Answer<Transaction>> write(Entry entry, Write write) {
        return write(entry, write, false);
    }

    /**
     * Where {@code carry}, it stays here until the vote is asked for, and travels along: the resource manager takes
     * that, and nobody waits to hear that it is staged there.
     */
    private CompletionStage<Answer<Transaction>> write(Entry entry, Write write, boolean carry) {
        TransactionId id = entry.transaction.id();
        String name = write.resourceManager();
        if (entry.transaction.state() != TransactionState.ACTIVE) {
            return Answer.refuseLater(wrongState(entry.transaction, name));
        }
        Registration target = registry.find(name);
        if (target == null) {
            String why = "resource manager %s is not registered".formatted(name);
            apply(entry, new Event.WriteImpossible(name, why));
            return Answer.refuseLater(new Refusal(Kind.UNKNOWN_RESOURCE_MANAGER, why, id, name));
        }
        if (!registry.isLive(target)) {
            String why = "the lease of resource manager %s has lapsed".formatted(name);
            apply(entry, new Event.WriteImpossible(name, why));
            return Answer.refuseLater(new Refusal(Kind.RESOURCE_MANAGER_LAPSED, why, id, name));
        }
        if (redelivery.backlog(name) >= settings.undeliveredMax()) {
            String why = "too many outcomes are undelivered to resource manager %s".formatted(name);
            apply(entry, new Event.WriteImpossible(name, why));
            return Answer.refuseLater(new Refusal(Kind.OVERLOADED, why, id, name));
        }
        boolean carried = carry && target.takesWritesWithPrepare();
        Step step =
                apply(entry, new Event.WriteRequested(name, target.instance(), target.canCommitInOnePhase(), carried));
        return switch (step.effects().getFirst()) {
            case Effect.SendWrite send -> {
                var message = new Message.Write(id, send.sequence(), write.key(), write.value());
                if (carried) {
                    entry.carried.computeIfAbsent(name, _ -> new ArrayList<>()).add(message);
                    Answer<Transaction> answer = written(entry, name, Participants.Reply.DONE);
                    if (answer instanceof Answer.Refused<Transaction>) {
                        entry.carried.remove(name); // it may have ended already
                    }
                    yield CompletableFuture.completedFuture(answer);
                }
                yield Ports.call(() -> participants.send(target, message))
                        .exceptionally(Coordinator::failed)
                        .thenApply(reply -> written(entry, name, reply));
            }
            case Effect.RefuseWrite refuse -> Answer.refuseLater(refusal(step.transaction(), name, refuse));
            case Effect other -> throw new IllegalStateException("a write led to " + other);
        };
    }

    private Answer<Transaction> written(Entry entry, String name, Participants.Reply reply) {
        if (reply.kind() == Participants.Reply.Kind.DONE) {
            Step step = apply(entry, new Event.WriteStaged(name));
            return !step.effects().isEmpty() && step.effects().getFirst() instanceof Effect.RefuseWrite refuse
                    ? Answer.refuse(refusal(step.transaction(), name, refuse))
                    : Answer.of(step.transaction());
        }
        boolean silent = switch (reply.kind()) {
            case SILENT, UNREACHABLE -> true;
            case DONE, UNKNOWN, CONFLICT, NO_ROOM, UNAVAILABLE, WRONG -> false;
        };
        String why = "a write to %s failed: %s".formatted(name, reply.detail());
        apply(entry, new Event.WriteFailed(name, why, silent));
        Kind kind = switch (reply.kind()) {
            case SILENT, UNREACHABLE -> Kind.RESOURCE_MANAGER_SILENT;
            case UNAVAILABLE -> Kind.OVERLOADED;
            case NO_ROOM -> Kind.NO_ROOM;
            case CONFLICT -> Kind.WRONG_STATE;
            case DONE, UNKNOWN, WRONG -> Kind.RESOURCE_MANAGER_FAILED;
        };
        return Answer.refuse(new Refusal(kind, why, entry.transaction.id(), name));
    }

    /**
     * Begins, and writes all; with {@code autoCommit} runs the protocol to its outcome. Writes to one resource manager
     * keep their order; resource managers are written to side by side. A request that was made before, by its name in
     * {@code origin}, begins nothing: it gives what the first one led to.
     */
    public CompletionStage<Answer<Transaction>> begin(
            Origin origin, @Nullable Duration timeout, List<Write> writes, boolean autoCommit, Until until) {
        Origin.Request request = origin.request();
        if (request == null) {
            return beginOnce(origin, timeout, writes, autoCommit)
                    .thenCompose(begun -> settleIf(autoCommit, begun, until));
        }
        RequestName name = new RequestName(origin.principal(), request.key());
        Begun mine = new Begun(request.fingerprint(), new CompletableFuture<>());
        Begun earlier = requests.putIfAbsent(name, mine);
        if (earlier != null && !earlier.fingerprint().equals(mine.fingerprint())) {
            return Answer.refuseLater(
                    Refusal.of(Kind.KEY_REUSED, "this Idempotency-Key came with another body before"));
        }
        if (earlier == null) {
            Ports.call(() -> beginOnce(origin, timeout, writes, autoCommit)).whenComplete((begun, failure) -> {
                if (!(begun instanceof Answer.Given<TransactionId>)) {
                    requests.remove(name, mine); // nothing began
                }
                if (failure == null) {
                    mine.id().complete(begun);
                } else {
                    mine.id().completeExceptionally(failure);
                }
            });
        }
        return (earlier == null ? mine : earlier).id().thenCompose(begun -> settleIf(autoCommit, begun, until));
    }

    private CompletionStage<Answer<Transaction>> settleIf(
            boolean autoCommit, Answer<TransactionId> begun, Until until) {
        return switch (begun) {
            case Answer.Refused<TransactionId>(Refusal refusal) -> Answer.refuseLater(refusal);
            case Answer.Given<TransactionId>(TransactionId id) ->
                autoCommit
                        ? settle(id, new Event.PrepareRequested(), until)
                        : CompletableFuture.completedFuture(find(id));
        };
    }

    private CompletionStage<Answer<TransactionId>> beginOnce(
            Origin origin, @Nullable Duration timeout, List<Write> writes, boolean autoCommit) {
        Answer<Entry> begun = begin(origin, timeout);
        if (begun instanceof Answer.Refused<Entry>(Refusal refusal)) {
            return Answer.refuseLater(refusal);
        }
        Entry entry = ((Answer.Given<Entry>) begun).value();
        Map<String, List<Write>> byResourceManager = new LinkedHashMap<>();
        for (Write write : writes) {
            byResourceManager
                    .computeIfAbsent(write.resourceManager(), _ -> new ArrayList<>())
                    .add(write);
        }
        // One alone may commit in one phase: then its writes have to be there before.
        boolean carry = autoCommit && byResourceManager.size() > 1;
        CompletableFuture<?>[] all = byResourceManager.values().stream()
                .map(some -> writeInOrder(entry, some, 0, carry).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(all).thenApply(_ -> Answer.of(entry.transaction.id()));
    }

    /** Stops at the first failure, which dooms the transaction anyway. In a loop: most are answered at once. */
    private CompletionStage<?> writeInOrder(Entry entry, List<Write> writes, int from, boolean carry) {
        for (int i = from; i < writes.size(); i++) {
            Write write = writes.get(i);
            int next = i + 1;
            var answer = write(entry, write, carry).toCompletableFuture();
            if (!answer.isDone() || answer.isCompletedExceptionally()) {
                return answer.thenCompose(given -> succeeded(entry, write, given)
                        ? writeInOrder(entry, writes, next, carry)
                        : CompletableFuture.completedFuture(null));
            }
            if (!succeeded(entry, write, answer.join())) {
                break;
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    private boolean succeeded(Entry entry, Write write, Answer<Transaction> answer) {
        return switch (answer) {
            case Answer.Given<Transaction> _ -> true;
            case Answer.Refused<Transaction>(Refusal refusal) -> {
                apply(entry, new Event.WriteImpossible(write.resourceManager(), refusal.detail()));
                yield false;
            }
        };
    }

    /** Prepares and commits, or rolls back; called again, answers with the outcome. */
    public CompletionStage<Answer<Transaction>> prepare(TransactionId id, Until until) {
        return settle(id, new Event.PrepareRequested(), until).thenApply(Coordinator::refuseUndecided);
    }

    public CompletionStage<Answer<Transaction>> commit(TransactionId id, Until until) {
        // Of a heuristic end the document says what is known; that it was rolled back may not be.
        return prepare(id, until)
                .thenApply(answer -> answer instanceof Answer.Given<Transaction>(Transaction t)
                                && t.state() == TransactionState.HEURISTIC
                        ? answer
                        : refuseIf(answer, Outcome.ROLLBACK));
    }

    public CompletionStage<Answer<Transaction>> rollback(TransactionId id) {
        return rollback(id, new Event.RollbackRequested());
    }

    /** Whoever asks: what is given is rolled back, or about to be. */
    private CompletionStage<Answer<Transaction>> rollback(TransactionId id, Event.RollbackRequested event) {
        return settle(id, event, Until.APPLIED)
                .thenApply(Coordinator::refuseUndecided)
                .thenApply(answer -> refuseIf(answer, Outcome.COMMIT));
    }

    public Answer<Transaction> find(TransactionId id) {
        Entry entry = transactions.get(id);
        return entry == null ? Answer.refuse(unknown(id)) : Answer.of(entry.transaction);
    }

    /** Newest first, from {@code after} on (exclusive), in {@code state} where not null. */
    public List<Transaction> list(@Nullable State state, @Nullable TransactionId after, int limit) {
        return list(_ -> true, state, after, limit);
    }

    /** The same, of those only that were begun by a principal that {@code by} holds for. */
    public List<Transaction> list(
            Predicate<@Nullable String> by, @Nullable State state, @Nullable TransactionId after, int limit) {
        var newestFirst = after == null
                ? transactions.descendingMap()
                : transactions.headMap(after, false).descendingMap();
        return newestFirst.values().stream()
                .map(entry -> entry.transaction)
                .filter(t -> by.test(t.origin().principal())
                        && (state == null || t.state().shown() == state))
                .limit(limit)
                .toList();
    }

    /**
     * What a search found.
     *
     * @param next where to go on: the {@code after} of another search; null where nothing older is left
     */
    public record Found(List<Transaction> items, @Nullable TransactionId next) {}

    /** Newest first, from {@code after} on (exclusive); looks at {@code examinedMax} transactions at most. */
    public Found search(Predicate<Transaction> wanted, @Nullable TransactionId after, int limit, int examinedMax) {
        List<Transaction> items = new ArrayList<>();
        TransactionId last = null;
        int examined = 0;
        var older = after == null ? transactions : transactions.headMap(after, false);
        for (Entry entry : older.descendingMap().values()) {
            if (items.size() == limit || examined == examinedMax) {
                return new Found(items, last);
            }
            Transaction t = entry.transaction;
            examined++;
            last = t.id();
            if (wanted.test(t)) {
                items.add(t);
            }
        }
        return new Found(items, null);
    }

    /** Heuristic outcomes that nobody has looked after yet, oldest first. */
    public List<Transaction> unresolved(int limit) {
        return unresolved.stream()
                .map(transactions::get)
                .filter(Objects::nonNull)
                .map(entry -> entry.transaction)
                .limit(limit)
                .toList();
    }

    /** Why no decision is taken now, in words for a client; null where decisions are taken. */
    public @Nullable String refusing() {
        return log.refusing();
    }

    // What operators do

    /** Rolls back a transaction that is not decided yet, and says why. */
    public CompletionStage<Answer<Transaction>> rollback(TransactionId id, String reason) {
        return rollback(id, new Event.RollbackRequested(Cause.OPERATOR, reason));
    }

    /**
     * Makes every try that waits for the resource manager now, a bounded number at a time.
     *
     * @return how many waited
     */
    public int deliverNow(String resourceManager) {
        return redelivery.resume(resourceManager);
    }

    /** Likewise, for one transaction at all its participants. */
    public Answer<Integer> deliverNow(TransactionId id) {
        Entry entry = transactions.get(id);
        return entry == null
                ? Answer.refuse(unknown(id))
                : Answer.of(entry.transaction.participants().stream()
                        .mapToInt(p -> redelivery.resume(p.resourceManager(), id))
                        .sum());
    }

    /** Notes that somebody looked after a heuristic outcome; it is then kept no longer than any other transaction. */
    public Answer<Transaction> resolve(TransactionId id, Resolution resolution) {
        Entry entry = transactions.get(id);
        if (entry == null) {
            return Answer.refuse(unknown(id));
        }
        Transaction after = apply(entry, new Event.Resolved(resolution)).transaction();
        if (!resolution.equals(after.resolution())) {
            return Answer.refuse(wrongState(after, null));
        }
        if (heuristics.remove(id)) {
            finished.add(id, Duration.ZERO);
        }
        return Answer.of(after);
    }

    /**
     * What a participant in doubt is told. Nothing is known of a transaction that was not committed: presumed abort.
     */
    public Outcome outcome(TransactionId id) {
        Entry entry = transactions.get(id);
        return entry == null ? Outcome.ROLLBACK : entry.transaction.decision();
    }

    /**
     * How long the oldest transaction has been in doubt: with votes that wait for the log, or a commit that is not
     * acknowledged by all; zero where none is.
     */
    public Duration oldestInDoubt() {
        long now = time.nanos();
        return Duration.ofNanos(transactions.values().stream()
                .mapToLong(entry -> switch (entry.transaction.state()) {
                    // Votes are in, and the log does not answer.
                    case DECIDING, DELEGATING -> now - entry.preparingNanos;
                    case DELEGATED, RESOLVING, COMMITTING -> now - entry.decidedNanos;
                    case ACTIVE, MARKED_ROLLBACK, PREPARING, COMMITTED, ROLLING_BACK, ROLLED_BACK, HEURISTIC -> 0;
                })
                .max()
                .orElse(0));
    }

    /** Takes no new transactions, and rolls back what is active, as a restart would; completes when all have ended. */
    public CompletionStage<Void> drain() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        drained = done;
        stopping = true;
        transactions.values().forEach(entry -> apply(entry, new Event.ShutDown()));
        completeIfDrained();
        return done;
    }

    public boolean isStopping() {
        return stopping;
    }

    private void completeIfDrained() {
        CompletableFuture<Void> done = drained;
        if (done != null && inFlight.get() == 0) {
            done.complete(null);
        }
    }

    // Waiting for the end

    private CompletionStage<Answer<Transaction>> settle(TransactionId id, Event event, Until until) {
        Entry entry = transactions.get(id);
        if (entry == null) {
            return Answer.refuseLater(unknown(id));
        }
        String refusing = log.refusing();
        if (refusing != null
                && event instanceof Event.PrepareRequested
                && entry.transaction.state() == TransactionState.ACTIVE) {
            // Still active, so the client may ask again.
            return Answer.refuseLater(new Refusal(Kind.LOG_REFUSING, refusing, id, null));
        }
        return settle(entry, event, until).thenApply(Answer::of);
    }

    /** Completes with what is waited for, or with whatever the state is after {@link Settings#answerTimeout}. */
    private CompletionStage<Transaction> settle(Entry entry, Event event, Until until) {
        apply(entry, event);
        CompletableFuture<Transaction> answer = new CompletableFuture<>();
        synchronized (entry) {
            if (until.isReached(entry.transaction)) {
                return CompletableFuture.completedFuture(entry.transaction);
            }
            entry.waiting.add(new Waiter(until, answer));
        }
        Time.Timer timer = time.after(settings.answerTimeout(), () -> {
            answer.complete(entry.transaction);
            synchronized (entry) {
                entry.waiting.removeIf(waiter -> waiter.answer().isDone());
            }
        });
        return answer.whenComplete((_, _) -> timer.cancel());
    }

    /** It may still go either way, so neither outcome is claimed. */
    private static Answer<Transaction> refuseUndecided(Answer<Transaction> answer) {
        return answer instanceof Answer.Given<Transaction>(Transaction t) && t.decision() == Outcome.PENDING
                ? Answer.refuse(new Refusal(Kind.UNDECIDED, "the outcome is not known yet: ask again", t.id(), null))
                : answer;
    }

    private static Answer<Transaction> refuseIf(Answer<Transaction> answer, Outcome unwanted) {
        return answer instanceof Answer.Given<Transaction>(Transaction t) && t.decision() == unwanted
                ? Answer.refuse(new Refusal(
                        Kind.WRONG_STATE,
                        "the outcome of this transaction is %s%s"
                                .formatted(
                                        unwanted == Outcome.COMMIT ? "commit" : "rollback",
                                        t.reason() == null ? "" : ": " + t.reason()),
                        t.id(),
                        null))
                : answer;
    }

    // Events in, effects out

    private Step apply(Entry entry, Event event) {
        Transaction before;
        Step step;
        synchronized (entry) {
            before = entry.transaction;
            step = machine.apply(before, event, time.now());
            Transaction after = step.transaction();
            entry.transaction = after;
            listener.applied(before, event, step);
            boolean changed = before.state() != after.state();
            if (changed) {
                if (before.state() == TransactionState.ACTIVE || before.state() == TransactionState.MARKED_ROLLBACK) {
                    entry.preparingNanos = time.nanos();
                }
                if (after.state() == TransactionState.DELEGATED || before.state() == TransactionState.DECIDING) {
                    entry.decidedNanos = time.nanos();
                }
            }
            boolean resolutionChanged = !Objects.equals(before.resolution(), after.resolution());
            if (((changed && after.state().isFinal()) || resolutionChanged) && !entry.forgotten) {
                noteWhetherNeeded(after);
                log.appendLazily(Records.end(after)); // under the lock, so that records keep the order of the changes
            }
        }
        changed(entry, before, step.transaction());
        for (Effect effect : step.effects()) {
            perform(entry, effect);
        }
        return step;
    }

    private void changed(Entry entry, Transaction before, Transaction after) {
        for (int i = 0; i < before.participants().size(); i++) {
            Participant participant = after.participants().get(i); // they keep their places
            if (participant.ballot() != null && before.participants().get(i).ballot() == null) {
                listener.voted(participant.resourceManager(), participant.ballot());
            }
        }
        if (before.state() == after.state()) {
            return;
        }
        listener.changed(before, after);
        if (after.state() != TransactionState.MARKED_ROLLBACK && after.state() != TransactionState.PREPARING) {
            entry.stopTimer();
        }
        if (before.state() == TransactionState.PREPARING) {
            listener.prepared(Duration.ofNanos(time.nanos() - entry.preparingNanos));
        }
        answerWaiting(entry, after);
        if (after.state().isFinal()) {
            finish(entry, before, after);
        }
    }

    private static void answerWaiting(Entry entry, Transaction after) {
        List<Waiter> reached = new ArrayList<>(1);
        synchronized (entry) {
            entry.waiting.removeIf(waiter -> waiter.until().isReached(after) && reached.add(waiter));
        }
        reached.forEach(waiter -> waiter.answer().complete(after));
    }

    /** Under the lock of the transaction, so that the last note is of the last state. */
    private void noteWhetherNeeded(Transaction after) {
        if (needsSomebody(after)) {
            unresolved.add(after.id());
        } else {
            unresolved.remove(after.id());
        }
    }

    private static boolean needsSomebody(Transaction t) {
        return t.state() == TransactionState.HEURISTIC && t.resolution() == null;
    }

    private void finish(Entry entry, Transaction before, Transaction after) {
        entry.carried.clear(); // of those that were never asked
        listener.finished(after, Duration.ofNanos(time.nanos() - entry.beganNanos));
        if (!before.state().isFinal()) {
            retire(after, Duration.ZERO);
            inFlight.decrementAndGet();
        }
        completeIfDrained();
    }

    /** Its outcome stays answerable; what an operator has to look at is not forgotten for its age alone. */
    private void retire(Transaction ended, Duration ago) {
        (needsSomebody(ended) ? heuristics : finished).add(ended.id(), ago);
    }

    private void retireOrForget(TransactionId id) {
        Entry entry = transactions.get(id);
        if (entry != null && needsSomebody(entry.transaction)) {
            heuristics.add(id, Duration.ZERO); // it became so after it had ended well
        } else {
            forget(id);
        }
    }

    private void forget(TransactionId id) {
        Entry entry = transactions.remove(id);
        if (entry == null) {
            return;
        }
        Origin origin = entry.transaction.origin();
        if (origin.request() != null) {
            requests.computeIfPresent(
                    new RequestName(origin.principal(), origin.request().key()),
                    (_, begun) -> begun.isOf(id) ? null : begun);
        }
        synchronized (entry) {
            entry.forgotten = true;
            unresolved.remove(id);
            log.forget(id);
        }
    }

    private void perform(Entry entry, Effect effect) {
        switch (effect) {
            // Answers to the caller of write, which carries them out.
            case Effect.SendWrite _, Effect.RefuseWrite _ -> {}
            case Effect.AskVote e -> askVote(entry, e.resourceManager());
            case Effect.LimitVoting _ -> {
                entry.stopTimer();
                entry.timer = time.after(settings.voteTimeout(), () -> apply(entry, new Event.VotesOverdue()));
            }
            case Effect.RecordCommit _, Effect.RecordDelegation _ -> record(entry);
            case Effect.CommitOnePhase e -> commitOnePhase(entry, e.resourceManager());
            case Effect.SendCommit e -> {
                if (e.tries() == 0) {
                    sendCommit(entry, e.resourceManager(), Sending.FIRST);
                } else {
                    listener.commitRedelivered(e.resourceManager());
                    redeliver(entry, e.resourceManager(), e.tries());
                }
            }
            case Effect.SendRollback e -> {
                if (e.tries() == 0) {
                    sendRollback(entry, e.resourceManager(), Sending.FIRST);
                } else if (entry.transaction.state().isLeftToParticipant()) {
                    // It is not in doubt and will not ask: this has to be told until it answers, as a commit has.
                    tellAgain(
                            entry,
                            e.resourceManager(),
                            e.tries(),
                            () -> sendRollback(entry, e.resourceManager(), Sending.AGAIN));
                } else {
                    rollBackAgain(entry, e.resourceManager(), e.tries());
                }
            }
        }
    }

    /** After a pause, or, where it is not registered, when it is again: it may be gone for a day. */
    private void redeliver(Entry entry, String name, int tries) {
        Supplier<CompletionStage<?>> attempt = () -> sendCommit(entry, name, Sending.AGAIN);
        if (registry.find(name) != null) {
            tellAgain(entry, name, tries, attempt);
            return;
        }
        listener.retryPlanned(entry.transaction.id(), name, null);
        redelivery.park(name, entry.transaction.id(), attempt);
        if (registry.find(name) != null) {
            redelivery.resume(name); // it came between the two lines above
        }
    }

    /** After a pause, and ahead of rollbacks that may be dropped. */
    private void tellAgain(Entry entry, String name, int tries, Supplier<CompletionStage<?>> attempt) {
        TransactionId id = entry.transaction.id();
        listener.retryPlanned(id, name, redelivery.commit(name, id, tries, attempt));
    }

    private void rollBackAgain(Entry entry, String name, int tries) {
        TransactionId id = entry.transaction.id();
        Duration pause = redelivery.rollback(name, id, tries, () -> sendRollback(entry, name, Sending.AGAIN));
        if (pause != null) {
            listener.retryPlanned(id, name, pause);
        }
    }

    private void askVote(Entry entry, String name) {
        Registration target = registry.find(name);
        if (target == null) {
            vote(entry, name, Ballot.abortFor(VoteCause.UNREACHABLE, "it is no longer registered"));
            return;
        }
        Participant participant = entry.transaction.participant(name);
        if (participant != null && !participant.instance().equals(target.instance())) {
            vote(entry, name, Ballot.abort("it came back as another instance, without its memory"));
            return;
        }
        List<Message.Write> carried = entry.carried.remove(name);
        if (carried != null && !target.takesWritesWithPrepare()) {
            vote(entry, name, Ballot.abortFor(VoteCause.ERROR, "it no longer takes writes along with the request"));
            return;
        }
        Message message = new Message.Prepare(entry.transaction.id(), carried == null ? List.of() : carried);
        Ports.call(() -> participants.send(target, message))
                .exceptionally(failure -> Participants.Reply.voted(
                        Ballot.abortFor(VoteCause.ERROR, failed(failure).detail())))
                .thenAccept(reply -> vote(entry, name, reply.vote()));
    }

    private void vote(Entry entry, String name, Ballot ballot) {
        Registration now = registry.find(name);
        Participant participant = entry.transaction.participant(name);
        if (participant != null) {
            // The machine compares instances: one that changed before its vote has lost what was staged.
            apply(entry, new Event.VoteArrived(name, now == null ? participant.instance() : now.instance(), ballot));
        }
    }

    private void record(Entry entry) {
        Instant now = time.now();
        LogRecord decision = Records.decision(entry.transaction, now);
        // A failed stage proves nothing about the record: like Unknown.
        Ports.call(() -> log.append(decision)).thenAccept(result -> {
            switch (result) {
                case AppendResult.Stored() -> apply(entry, new Event.Recorded(now));
                case AppendResult.Refused(String reason) ->
                    apply(entry, new Event.RecordRefused("the decision log refused: " + reason));
                // The record may be stored: the transaction stays undecided here, and the next replay decides.
                case AppendResult.Fenced(), AppendResult.Unknown() -> {}
            }
        });
    }

    private void commitOnePhase(Entry entry, String name) {
        deliver(entry, name, true, Sending.FIRST)
                .thenAccept(reply -> apply(
                        entry,
                        switch (reply.kind()) {
                            case DONE -> new Event.OnePhaseCommitted(name);
                            case UNKNOWN, CONFLICT, NO_ROOM ->
                                new Event.OnePhaseRefused(name, Ballot.abort(reply.detail()));
                            case UNREACHABLE ->
                                new Event.OnePhaseRefused(name, Ballot.abortFor(VoteCause.UNREACHABLE, reply.detail()));
                            case UNAVAILABLE, WRONG, SILENT -> new Event.Unanswered(name, reply.detail());
                        }));
    }

    private CompletionStage<?> sendCommit(Entry entry, String name, Sending sending) {
        return deliver(entry, name, true, sending).thenAccept(reply -> {
            apply(entry, toldOutcome(name, reply));
            if (reply.kind() == Participants.Reply.Kind.DONE) {
                listener.commitDelivered(name, Duration.ofNanos(time.nanos() - entry.decidedNanos));
            }
        });
    }

    private CompletionStage<?> sendRollback(Entry entry, String name, Sending sending) {
        return deliver(entry, name, false, sending).thenAccept(reply -> apply(entry, toldOutcome(name, reply)));
    }

    private static Event toldOutcome(String name, Participants.Reply reply) {
        return switch (reply.kind()) {
            case DONE -> new Event.Acknowledged(name);
            case UNKNOWN -> new Event.Lost(name, reply.detail());
            case CONFLICT -> new Event.Contradicted(name, reply.detail());
            case NO_ROOM, UNAVAILABLE, UNREACHABLE, WRONG, SILENT -> new Event.Unanswered(name, reply.detail());
        };
    }

    /**
     * Sends to whoever is registered under the name, addressed to the instance that was enlisted. One that heeds the
     * address says itself whether it is another; of any other the registration has to tell, although a message from an
     * instance before may have been late and have brought that about.
     */
    private CompletionStage<Participants.Reply> deliver(Entry entry, String name, boolean commit, Sending sending) {
        TransactionId id = entry.transaction.id();
        Registration target = registry.find(name);
        Participant participant = entry.transaction.participant(name);
        if (target == null || participant == null) {
            return CompletableFuture.completedFuture(
                    new Participants.Reply(Participants.Reply.Kind.UNREACHABLE, "it is not registered now"));
        }
        if (!target.instance().equals(participant.instance()) && !target.heedsInstance()) {
            return CompletableFuture.completedFuture(new Participants.Reply(
                    Participants.Reply.Kind.UNKNOWN, "it came back as another instance, without its memory"));
        }
        listener.told(id, name, commit ? Outcome.COMMIT : Outcome.ROLLBACK);
        Message message = commit ? new Message.Commit(id) : new Message.Rollback(id);
        Registration addressee = target.as(participant.instance());
        return Ports.call(() -> switch (sending) {
                    case FIRST -> participants.send(addressee, message);
                    case AGAIN -> participants.sendAlone(addressee, message);
                })
                .exceptionally(Coordinator::failed);
    }

    /** A fault on our side of the wire: nobody knows what was carried out. */
    private static Participants.Reply failed(Throwable failure) {
        return new Participants.Reply(
                Participants.Reply.Kind.SILENT,
                "the call to it failed: " + failure.getClass().getSimpleName());
    }

    // Refusals

    public static Refusal unknown(TransactionId id) {
        return new Refusal(Kind.UNKNOWN_TRANSACTION, "no such transaction, or ended and forgotten", id, null);
    }

    private static Refusal wrongState(Transaction t, @Nullable String resourceManager) {
        return new Refusal(
                Kind.WRONG_STATE,
                "the transaction is %s%s"
                        .formatted(t.state().shown(), t.reason() == null ? "" : " (" + t.reason() + ")"),
                t.id(),
                resourceManager);
    }

    private Refusal refusal(Transaction t, String name, Effect.RefuseWrite refuse) {
        return switch (refuse.refusal()) {
            case WRONG_STATE -> wrongState(t, name);
            case TOO_MANY_WRITES ->
                new Refusal(
                        Kind.LIMIT_EXCEEDED,
                        "no more than %d writes in a transaction".formatted(machine.writesMax()),
                        t.id(),
                        name);
            case TOO_MANY_PARTICIPANTS ->
                new Refusal(
                        Kind.LIMIT_EXCEEDED,
                        "no more than %d resource managers in a transaction".formatted(machine.participantsMax()),
                        t.id(),
                        name);
        };
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.protocol.Origin;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Begins transactions, all in the own log of this process. Recognizes requests that are repeated with their key. */
final class BeginRequests {

    private final CoordinatorSettings settings;
    private final Time time;
    private final Supplier<TransactionId> ids;
    private final RecordLog log;
    private final TransactionListener listeners;
    private final TransactionStore store;
    private final TransactionDriver driver;
    private final Writes writes;
    private final LongAdder refusedByLog;
    private volatile boolean stopping;

    BeginRequests(
            CoordinatorSettings settings,
            Time time,
            Supplier<TransactionId> ids,
            RecordLog log,
            TransactionListener listeners,
            TransactionStore store,
            TransactionDriver driver,
            Writes writes,
            LongAdder refusedByLog) {
        this.settings = settings;
        this.time = time;
        this.ids = ids;
        this.log = log;
        this.listeners = listeners;
        this.store = store;
        this.driver = driver;
        this.writes = writes;
        this.refusedByLog = refusedByLog;
    }

    /** Refuses all further requests. */
    void stop() {
        stopping = true;
    }

    boolean isStopping() {
        return stopping;
    }

    /**
     * Begins a transaction and sends its writes. Completes once the writes are answered.
     *
     * @param prepareFollows see {@link Writes#writeAll}
     */
    CompletionStage<Answer<TransactionId>> begin(
            Origin origin, @Nullable Duration timeout, List<ClientWrite> clientWrites, boolean prepareFollows) {
        Origin.Request request = origin.request();
        if (request == null) {
            return beginAndWrite(origin, timeout, clientWrites, prepareFollows);
        }
        IdempotencyKeys keys = store.keys();
        var binding = new IdempotencyKeys.Binding(request.fingerprint(), new CompletableFuture<>());
        IdempotencyKeys.Binding earlier = keys.bindIfAbsent(origin.principal(), request, binding);
        if (earlier != null && !earlier.fingerprint().equals(binding.fingerprint())) {
            return Answer.refusedStage(Refusal.of(Kind.KEY_REUSED, "this Idempotency-Key was used with another body"));
        }
        if (earlier == null) {
            Stages.call(() -> beginAndWrite(origin, timeout, clientWrites, prepareFollows))
                    .whenComplete((begun, failure) -> {
                        if (!(begun instanceof Answer.Given<TransactionId>)) {
                            keys.release(origin.principal(), request, binding);
                        }
                        if (failure == null) {
                            binding.begun().complete(begun);
                        } else {
                            binding.begun().completeExceptionally(failure);
                        }
                    });
        }
        return (earlier == null ? binding : earlier).begun();
    }

    private CompletionStage<Answer<TransactionId>> beginAndWrite(
            Origin origin, @Nullable Duration timeout, List<ClientWrite> clientWrites, boolean prepareFollows) {
        Answer<TransactionEntry> begun = begin(origin, timeout);
        if (begun instanceof Answer.Refused<TransactionEntry>(Refusal refusal)) {
            return Answer.refusedStage(refusal);
        }
        TransactionEntry entry = ((Answer.Given<TransactionEntry>) begun).value();
        return writes.writeAll(entry, clientWrites, prepareFollows).thenApply(_ -> Answer.of(entry.id()));
    }

    private Answer<TransactionEntry> begin(Origin origin, @Nullable Duration timeout) {
        if (stopping) {
            return Answer.refused(Refusal.of(Kind.SHUTTING_DOWN, "this coordinator is shutting down"));
        }
        String refusalReason = log.refusalReason();
        if (refusalReason != null) {
            refusedByLog.increment();
            return Answer.refused(Refusal.of(Kind.LOG_REFUSING, refusalReason));
        }
        Refusal tooMany = store.inFlight().refuseParticipants(null, 0);
        if (tooMany == null) {
            tooMany = store.inFlight().reserve(origin.principal());
        }
        if (tooMany != null) {
            return Answer.refused(tooMany);
        }
        Duration allowed = timeout == null ? settings.transactionTimeout() : timeout;
        Instant now = time.now();
        Transaction transaction = Transaction.begin(ids.get(), origin, now, now.plus(allowed));
        TransactionEntry entry = new TransactionEntry(transaction, log, time.nanos());
        store.add(entry);
        listeners.applied(AppliedEvent.initial(transaction));
        entry.setTimer(time.after(allowed, () -> driver.apply(entry, new CoordinatorEvent.Expired())));
        if (stopping) {
            driver.apply(
                    entry, new CoordinatorEvent.ShutdownStarted()); // drain may have run before the entry was added
        }
        return Answer.of(entry);
    }
}

package dtc.runtime.cluster;

import dtc.log.DecisionLog;
import dtc.log.LogRecord;
import dtc.log.fenced.FencedDecisionLog;
import dtc.log.fenced.FencedStore;
import dtc.log.fenced.Held;
import dtc.log.fenced.NumberState;
import dtc.log.fenced.Owner;
import dtc.log.fenced.SealResult;
import dtc.protocol.TransactionId;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One of several coordinators that share a store. It begins transactions under its own number. It takes over the
 * numbers of processes that are presumed dead: it seals a number first, then reads its log, and hands the transactions
 * to its {@link Coordinator}. A number whose transactions have all ended is deleted.
 *
 * <p>If another process takes over the own number, this process must end, and start anew with another number. If it
 * takes over another number, only the transactions of that number are abandoned.
 */
public final class Replica {

    /** Receives events for operators and for the process. */
    public interface Listener {
        void notice(String message);

        /**
         * This process has taken over a number and read its log.
         *
         * @param open the number of transactions that have not ended
         */
        void tookOver(int number, int open);

        /** Another process has taken over the own number. This process must end. */
        void fenced();
    }

    /** A number that was taken over, with its log. */
    private record TakenOver(Held held, FencedDecisionLog log) {}

    private final FencedStore store;
    private final Held self;
    private final FencedDecisionLog.Settings settings;
    private final Time time;
    private final UnaryOperator<DecisionLog> adapter;
    private final Listener listener;

    private volatile @Nullable FencedDecisionLog own;
    private volatile @Nullable Coordinator coordinator;
    private final AtomicBoolean fenced = new AtomicBoolean();

    /** The numbers that were taken over and read. */
    private final Map<Integer, TakenOver> takenOver = new ConcurrentHashMap<>();
    /** The numbers that are being sealed or read, and those that this process cannot read. */
    private final Set<Integer> acquiring = ConcurrentHashMap.newKeySet();

    private final Set<Integer> finishing = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean sweeping = new AtomicBoolean();

    private Replica(
            FencedStore store,
            Held self,
            FencedDecisionLog.Settings settings,
            Time time,
            UnaryOperator<DecisionLog> adapter,
            Listener listener) {
        this.store = store;
        this.self = self;
        this.settings = settings;
        this.time = time;
        this.adapter = adapter;
        this.listener = listener;
    }

    /**
     * Takes a new number.
     *
     * @param address where other replicas reach this process
     * @param adapter adapts each log for use by the coordinator
     */
    public static CompletionStage<Replica> start(
            FencedStore store,
            String address,
            FencedDecisionLog.Settings settings,
            Time time,
            UnaryOperator<DecisionLog> adapter,
            Listener listener) {
        return store.create(address).thenCompose(self -> {
            Replica replica = new Replica(store, self, settings, time, adapter, listener);
            return replica.open(self, _ -> {}).thenCompose(log -> {
                if (log.isEmpty()) { // another process considered this one dead already
                    return start(store, address, settings, time, adapter, listener);
                }
                replica.own = log.get();
                return CompletableFuture.completedStage(replica);
            });
        });
    }

    /** The number of this process. */
    public int number() {
        return self.number();
    }

    /** The log of the own number, for the coordinator of this process. */
    public DecisionLog log() {
        return adapter.apply(own());
    }

    private FencedDecisionLog own() {
        return Objects.requireNonNull(own);
    }

    /** From now on, numbers are taken over for this coordinator, which was created with the {@link #log}. */
    public void serve(Coordinator serving) {
        coordinator = serving;
    }

    private Coordinator coordinator() {
        return Objects.requireNonNull(coordinator, "there is no coordinator yet");
    }

    /** The numbers that this process holds and has read. */
    public Set<Integer> numbers() {
        Set<Integer> numbers = new HashSet<>(takenOver.keySet());
        numbers.add(self.number());
        return numbers;
    }

    // Taking over

    /**
     * Checks that this process holds its numbers still, takes over those whose holder is dead, and deletes those that
     * are done. Call it about once a second.
     */
    public void sweep(FailureDetector detector) {
        own().check();
        takenOver.values().forEach(number -> number.log().check());
        finishDone();
        if (sweeping.compareAndSet(false, true)) {
            store.owners()
                    .thenCompose(owners -> detector.dead(addresses(owners))
                            .thenAccept(dead -> FencedStore.abandoned(
                                            owners, number -> !dead.contains(number), self.number(), numbers())
                                    .forEach(this::takeOver)))
                    .whenComplete((_, _) -> sweeping.set(false));
        }
    }

    /** The addresses of the processes that hold numbers, without this one. */
    private Map<Integer, String> addresses(Map<Integer, Owner> owners) {
        Map<Integer, String> addresses = new TreeMap<>();
        owners.values().forEach(owner -> addresses.put(owner.holder(), owner.address()));
        addresses.remove(self.number());
        return addresses;
    }

    /** @param owner the owner as read before, who is presumed dead */
    private void takeOver(int number, Owner owner) {
        // If this process has lost a number and does not know it yet, it notices that at its next check.
        if (fenced.get() || takenOver.containsKey(number) || !acquiring.add(number)) {
            return;
        }
        store.seal(number, owner, self).thenAccept(result -> {
            switch (result) {
                case SealResult.Sealed(Held held) -> read(held);
                case SealResult.Changed() -> acquiring.remove(number);
                case SealResult.Fenced() -> lost(self);
                case SealResult.UnknownFormat() ->
                    listener.notice(String.format(
                            Locale.ROOT,
                            "the transactions of number %d are left to a newer version, which can read their log",
                            number));
            }
        });
    }

    /** Reads the log of a number that is sealed, so that its former holder cannot append to it any more. */
    private void read(Held held) {
        int number = held.number();
        open(held, record -> coordinator().takeovers().deliverEarly(number, record))
                .whenComplete((log, failure) -> {
                    if (failure != null) {
                        listener.notice(String.format(
                                Locale.ROOT,
                                "the log of number %d cannot be read: %s",
                                number,
                                Stages.unwrap(failure).getMessage()));
                    } else if (log.isEmpty()) {
                        coordinator().takeovers().abandon(number);
                        acquiring.remove(number);
                    } else {
                        takenOver.put(number, new TakenOver(held, log.get()));
                        acquiring.remove(number);
                        int open = coordinator().takeovers().complete(number, adapter.apply(log.get()));
                        listener.tookOver(number, open);
                    }
                });
    }

    private CompletionStage<Optional<FencedDecisionLog>> open(Held held, Consumer<LogRecord> early) {
        return FencedDecisionLog.open(store, held, settings, time::after, time::nanos, new LogListener(held), early);
    }

    /** Receives the events of the log of one number, from when this process acquired it. */
    private final class LogListener implements FencedDecisionLog.Listener {
        private final Held held;

        private LogListener(Held held) {
            this.held = held;
        }

        @Override
        public void notice(String message) {
            listener.notice(message);
        }

        @Override
        public void fenced(int number) {
            // Not at once, because the caller may hold the lock of a transaction.
            time.after(Duration.ZERO, () -> lost(held));
        }
    }

    /** Another process has taken over a number. */
    private void lost(Held held) {
        if (held.equals(self)) {
            if (fenced.compareAndSet(false, true)) {
                abandon(self.number());
                listener.fenced();
            }
            return;
        }
        TakenOver number = takenOver.get(held.number());
        if (number != null && number.held().equals(held) && takenOver.remove(held.number(), number)) {
            abandon(held.number());
            listener.notice(String.format(Locale.ROOT, "another process has taken over number %d", held.number()));
        }
    }

    private void abandon(int number) {
        Coordinator serving = coordinator;
        if (serving != null) {
            serving.takeovers().abandon(number);
        }
    }

    /** Deletes the numbers whose transactions have finished and whose retention is over. */
    private void finishDone() {
        takenOver.forEach((number, one) -> {
            if (coordinator().takeovers().isFinished(number) && finishing.add(number)) {
                store.finish(one.held()).whenComplete((holding, failure) -> {
                    finishing.remove(number);
                    if (failure == null && takenOver.remove(number, one)) {
                        abandon(number);
                    }
                });
            }
        });
    }

    // Answering

    /**
     * Returns where a transaction is. Only what is {@link Location#HERE} may be answered by the coordinator of this
     * process, and the answer must be given at once.
     */
    public CompletionStage<Location> locate(TransactionId id) {
        if (coordinator().holds(id)) {
            return CompletableFuture.completedStage(Location.HERE);
        }
        if (id.tag() != store.identity().tag()) {
            return CompletableFuture.completedStage(Location.UNKNOWN);
        }
        return store.find(id.epoch()).thenApply(state -> switch (state) {
            case NumberState.Issued _ -> coordinator().holds(id) ? Location.HERE : Location.ELSEWHERE;
            case NumberState.Done() -> Location.DONE;
            case NumberState.NeverIssued() -> Location.UNKNOWN;
        });
    }

    /** Stores what is pending. Completes when it is stored; never completes if this fails. */
    public CompletionStage<Void> close() {
        CompletableFuture<?>[] closed = Stream.concat(
                        Stream.of(own()), takenOver.values().stream().map(TakenOver::log))
                .map(log -> log.close().toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(closed);
    }
}

package dtc.log.fenced;

import dtc.log.AppendResult;
import dtc.log.LogRecord;
import dtc.log.LogRecord.Kind;
import dtc.log.fenced.Owner.Formats;
import dtc.log.fenced.UnreliableStore.Faults;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Three processes take over the log of one number from each other, while the network to the store has faults, and
 * processes are paused and killed. Each seed is one run. {@link LogLedger} checks what the processes see.
 */
public final class LogExploration {

    private static final int PROCESSES = 3;
    private static final int IDS = 6;
    private static final long ACTIONS_UNTIL = 20_000;
    private static final long END = 60_000;
    /** The number whose log is taken over. */
    private static final int NUMBER = 1;

    private static final FencedDecisionLog.Settings SETTINGS =
            new FencedDecisionLog.Settings(50, 300, Duration.ofSeconds(1), 0.8);

    private final Random random;
    private final UnreliableStore store;
    private final LogLedger ledger = new LogLedger();
    private final List<Coordinator> coordinators = new ArrayList<>();
    private final int pausesPerMille;
    private final int killsPerMille;
    private int seals;

    /** What happened in all runs. */
    static final class Totals {
        private final Map<String, Integer> counts = new HashMap<>();

        void add(String what, int count) {
            counts.merge(what, count, Integer::sum);
        }

        int count(String what) {
            return counts.getOrDefault(what, 0);
        }

        @Override
        public String toString() {
            return counts.toString();
        }
    }

    private LogExploration(long seed) {
        this.random = new Random(seed * 0x9e3779b97f4a7c15L);
        // Each run has some kinds of faults only, so that rare combinations occur.
        this.store = new UnreliableStore(
                random, new Faults(chance(60), chance(100), chance(60), chance(60), chance(150), chance(60)));
        this.pausesPerMille = chance(60);
        this.killsPerMille = chance(60);
    }

    private int chance(int perMille) {
        return random.nextBoolean() ? random.nextInt(perMille) : 0;
    }

    /**
     * Runs a known seed, and then the seeds from 1 on. Public for class loaders with a planted bug.
     *
     * @return the first seed that violates a rule, and the rule; empty if there is none
     */
    public static Map<Long, String> first(long known, int seeds) {
        for (long seed = 0; seed <= seeds; seed++) {
            long played = seed == 0 ? known : seed;
            String violation = run(played, new Totals());
            if (violation != null) {
                return Map.of(played, violation);
            }
        }
        return Map.of();
    }

    /** Runs a seed. Returns the rule that was violated; null if there is none. */
    static @Nullable String run(long seed, Totals totals) {
        LogExploration exploration = new LogExploration(seed);
        exploration.run();
        totals.add("seals", exploration.seals);
        totals.add("stored", exploration.ledger.stored());
        totals.add("fenced", exploration.ledger.fenced());
        totals.add("refused", exploration.ledger.refused());
        totals.add("deleted", exploration.store.deleted());
        totals.add("lost requests", exploration.store.counts.lostRequests);
        totals.add("lost answers", exploration.store.counts.lostAnswers);
        totals.add("errors", exploration.store.counts.errors);
        totals.add("late", exploration.store.counts.late);
        totals.add("repeated", exploration.store.counts.repeated);
        return exploration.ledger.violation();
    }

    private void run() {
        for (int i = 0; i < PROCESSES; i++) {
            coordinators.add(new Coordinator());
        }
        coordinators.getFirst().createLog();
        store.runUntil(100);
        store.startFaults();
        coordinators.forEach(Coordinator::start);
        for (long at = 200; at < ACTIONS_UNTIL; at += 1 + random.nextInt(100)) {
            store.at(at - store.millis(), this::act);
        }
        store.runUntil(ACTIONS_UNTIL);
        store.endFaults();
        store.runUntil(ACTIONS_UNTIL + 20_000);
        ledger.checkAnswered();
        // A new process finds all that was stored.
        Coordinator last = new Coordinator();
        last.start();
        store.runUntil(ACTIONS_UNTIL + 21_000);
        last.takeOver();
        store.runUntil(END);
        if (last.log == null) {
            ledger.violated("the log can be taken over", "at the end");
        }
    }

    private void act() {
        if (random.nextInt(1_000) < pausesPerMille) {
            coordinators.get(random.nextInt(PROCESSES)).client.pause(random.nextLong(4_000));
        }
        if (random.nextInt(1_000) < killsPerMille) {
            int killed = random.nextInt(PROCESSES);
            coordinators.get(killed).client.end();
            Coordinator next = new Coordinator();
            coordinators.set(killed, next);
            next.start();
        }
        Coordinator coordinator = coordinators.get(random.nextInt(PROCESSES));
        coordinator.client.run(0, () -> {
            if (coordinator.log != null) {
                coordinator.append();
            } else if (random.nextInt(10) == 0) {
                coordinator.takeOver();
            }
        });
    }

    /** A process. */
    private final class Coordinator {
        private final UnreliableStore.Client client = store.new Client();
        private final FencedStore process = new FencedStore(
                client,
                "c",
                random,
                client,
                message -> ledger.violated("the store is consistent", message),
                Formats.SUPPORTED);
        private @Nullable Held self;
        private boolean takingOver;
        /** The log of the number, while this process holds it as far as it knows. */
        private @Nullable FencedDecisionLog log;
        /** Increases with each acquisition of the number by any process. */
        private long term;

        void start() {
            if (self == null) {
                process.create("host:1").thenAccept(held -> self = held);
            }
        }

        /** Creates the number whose log is taken over, beside the one of the process. */
        void createLog() {
            process.create("host:1").thenAccept(this::open);
        }

        void takeOver() {
            Held own = self;
            if (own == null || takingOver) {
                return;
            }
            takingOver = true;
            process.find(NUMBER).thenAccept(state -> {
                if (state instanceof NumberState.Issued(Owner owner)) {
                    process.seal(NUMBER, owner, own).thenAccept(this::sealed);
                } else {
                    ledger.violated("the number is not done", state.toString());
                }
            });
        }

        private void sealed(SealResult result) {
            switch (result) {
                case SealResult.Sealed(Held held) -> open(held);
                case SealResult.Changed() -> takingOver = false;
                case SealResult.Fenced(), SealResult.UnknownFormat() ->
                    ledger.violated("the number of a process is not sealed here", result.toString());
            }
        }

        private void open(Held held) {
            seals++;
            term = ledger.nextTerm();
            FencedDecisionLog.open(
                            process,
                            held,
                            SETTINGS,
                            client,
                            client::nanos,
                            new FencedDecisionLog.Listener() {
                                @Override
                                public void notice(String message) {}

                                @Override
                                public void fenced(int number) {
                                    log = null;
                                }
                            },
                            _ -> {})
                    .whenComplete(this::opened);
        }

        private void opened(Optional<FencedDecisionLog> opened, @Nullable Throwable failure) {
            takingOver = false;
            if (failure != null) {
                ledger.violated("the log can be read", failure.toString());
            } else if (opened.isPresent()) {
                Map<TransactionId, Integer> view = new HashMap<>();
                opened.get()
                        .replay(record -> view.put(record.id(), record.bytes().getInt()));
                ledger.viewed(term, view, client.rangeMillis());
                log = opened.get();
            }
        }

        void append() {
            FencedDecisionLog to = log;
            if (to == null) {
                return;
            }
            TransactionId id = TransactionId.of(1_000 + random.nextInt(IDS), 0, 1, 1, 0);
            int kind = random.nextInt(12);
            LogLedger.Version version = ledger.append(term, id, client);
            LogRecord record = new LogRecord(
                    id,
                    ByteBuffer.allocate(4 + random.nextInt(40))
                            .putInt(version.number())
                            .rewind(),
                    Kind.OPEN);
            if (kind == 0) {
                version.isForgotten();
                to.forget(id);
            } else if (kind < 4) {
                version.isLazy();
                to.appendLazily(record);
            } else {
                CompletionStage<AppendResult> result = to.append(record);
                result.thenAccept(appended -> ledger.appended(version, appended, store.millis()));
            }
            if (random.nextInt(5) == 0) {
                to.check();
            }
        }
    }
}

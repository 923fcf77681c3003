package dtc.log.fenced;

import dtc.log.fenced.Attempt.NoAnswer;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A store behind a network that loses, delays and repeats requests and answers. One thread and a simulated clock; all
 * choices are made by a seed. The store itself is linearizable.
 */
final class UnreliableStore {

    private static final long DEADLINE = 500;
    private static final long LATE_MAX = 8_000;

    private final MemoryKeyValueStore memory = new MemoryKeyValueStore();
    private final Random random;
    private final Faults faults;
    private final NavigableSet<Event> events =
            new TreeSet<>(Comparator.comparingLong(Event::atMillis).thenComparingLong(Event::number));
    private long millis;
    private long eventNumbers;
    private boolean faulty;

    /** Executes a request in the store. */
    private interface Execution<R> {
        Attempt<R> run();
    }

    private record Event(long atMillis, long number, Runnable action) {}

    /** How many of a thousand requests have a fault. */
    record Faults(int lostRequest, int lostAnswer, int error, int late, int repeated, int slow) {
        static final Faults NONE = new Faults(0, 0, 0, 0, 0, 0);
    }

    /** How often each fault was used. */
    static final class Counts {
        int lostRequests;
        int lostAnswers;
        int errors;
        int late;
        int repeated;
    }

    final Counts counts = new Counts();

    UnreliableStore(Random random, Faults faults) {
        this.random = random;
        this.faults = faults;
    }

    long millis() {
        return millis;
    }

    /** How many batches of the log of number 1 were deleted. */
    int deleted() {
        List<String> batches = memory.batches(1);
        return batches.isEmpty() ? 0 : Integer.parseInt(batches.getLast().replaceAll(".*/", "")) - batches.size();
    }

    void startFaults() {
        faulty = true;
    }

    void endFaults() {
        faulty = false;
    }

    void at(long delayMillis, Runnable action) {
        events.add(new Event(millis + delayMillis, eventNumbers++, action));
    }

    /** Runs events until this time. */
    void runUntil(long untilMillis) {
        while (!events.isEmpty() && events.first().atMillis() <= untilMillis) {
            Event event = events.removeFirst();
            millis = event.atMillis();
            event.action().run();
        }
        millis = untilMillis;
    }

    private boolean happens(int perMille) {
        return faulty && random.nextInt(1_000) < perMille;
    }

    /** The connection of one process, and its timers. */
    final class Client implements KeyValueStore, Timers {
        private boolean ended;
        private long pausedUntil;
        /** When the store executed the last read of a range whose answer this process has received. */
        private long rangeMillis;

        void end() {
            ended = true;
        }

        boolean isEnded() {
            return ended;
        }

        /** The process stands still for some time. Its requests and their answers are on the way. */
        void pause(long forMillis) {
            pausedUntil = Math.max(pausedUntil, millis + forMillis);
        }

        long rangeMillis() {
            return rangeMillis;
        }

        /** Runs an action in the process. */
        void run(long delayMillis, Runnable action) {
            at(delayMillis, () -> {
                if (ended) {
                    return;
                }
                if (pausedUntil > millis) {
                    run(pausedUntil - millis, action);
                } else {
                    action.run();
                }
            });
        }

        @Override
        public void after(Duration delay, Runnable action) {
            run(delay.toMillis(), action);
        }

        long nanos() {
            return millis * 1_000_000;
        }

        @Override
        public CompletionStage<Attempt<Txn.Result>> commit(Txn txn) {
            return send(() -> memory.execute(txn));
        }

        @Override
        public CompletionStage<Attempt<List<Entry>>> range(String from, String to, int limit) {
            long[] executedMillis = {0};
            return send(() -> {
                        executedMillis[0] = millis;
                        return memory.read(from, to, limit);
                    })
                    .thenApply(attempt -> {
                        if (attempt instanceof Attempt.Answered) {
                            rangeMillis = executedMillis[0];
                        }
                        return attempt;
                    });
        }

        @Override
        public CompletionStage<OptionalDouble> usage() {
            return memory.usage();
        }

        private <R> CompletionStage<Attempt<R>> send(Execution<R> execution) {
            CompletableFuture<Attempt<R>> result = new CompletableFuture<>();
            run(DEADLINE, () -> result.complete(new NoAnswer<>("no answer in time")));
            boolean late = happens(faults.late);
            long delay = late ? random.nextLong(LATE_MAX) : 1 + random.nextInt(happens(faults.slow) ? 700 : 3);
            if (happens(faults.repeated)) {
                counts.repeated++;
                at(delay + random.nextLong(LATE_MAX), execution::run);
            }
            if (happens(faults.error)) {
                counts.errors++;
                boolean executed = random.nextBoolean();
                at(delay, () -> {
                    if (executed) {
                        execution.run();
                    }
                    run(1, () -> result.complete(new NoAnswer<>("status RESOURCE_EXHAUSTED")));
                });
            } else if (happens(faults.lostRequest)) {
                counts.lostRequests++;
            } else {
                counts.late += late ? 1 : 0;
                boolean lost = happens(faults.lostAnswer);
                counts.lostAnswers += lost ? 1 : 0;
                at(delay, () -> {
                    Attempt<R> answer = execution.run();
                    if (!lost) {
                        run(1 + random.nextInt(3), () -> result.complete(answer));
                    }
                });
            }
            return result;
        }
    }
}

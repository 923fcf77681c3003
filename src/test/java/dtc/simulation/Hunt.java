package dtc.simulation;

import java.util.Collections;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Plays one seed after another until a promise is broken. */
public final class Hunt {

    private Hunt() {}

    /** What a seed led to. */
    record Found(long seed, World.Violation violation) {}

    /**
     * Plays the seeds from 1 to {@code seeds} on all cores, until one breaks a promise. Public for class loaders that
     * hold a planted bug.
     *
     * @return the lowest seed that breaks a promise, and which one; empty where none does
     */
    public static Map<Long, String> first(int seeds) throws InterruptedException, ExecutionException {
        AtomicLong next = new AtomicLong(1);
        ConcurrentNavigableMap<Long, String> found = new ConcurrentSkipListMap<>();
        // Seeds are taken in order, and each that is taken is played: so the lowest one does not depend on chance.
        Callable<Void> player = () -> {
            while (found.isEmpty()) {
                long seed = next.getAndIncrement();
                if (seed > seeds) {
                    break;
                }
                Found broken = play(seed, new Totals());
                if (broken != null) {
                    found.put(seed, broken.violation().toString());
                }
            }
            return null;
        };
        int cores = Runtime.getRuntime().availableProcessors();
        try (ExecutorService players = Executors.newFixedThreadPool(cores)) {
            for (Future<Void> played : players.invokeAll(Collections.nCopies(cores, player))) {
                played.get();
            }
        }
        Map.Entry<Long, String> lowest = found.firstEntry();
        return lowest == null ? Map.of() : Map.of(lowest.getKey(), lowest.getValue());
    }

    static @Nullable Found play(long seed, Totals totals) {
        World world = Generator.of(seed).world();
        World.Result result = world.run();
        totals.add(result, world.coverage);
        return result.violation() == null ? null : new Found(seed, result.violation());
    }

    /** How much was tried. */
    static final class Totals {
        private final Coverage coverage = new Coverage();
        private long runs;
        private long events;
        private long millis;

        void add(World.Result result, Coverage of) {
            runs++;
            events += result.events();
            millis += result.millis();
            coverage.add(of);
        }

        Coverage coverage() {
            return coverage;
        }

        long runs() {
            return runs;
        }

        long events() {
            return events;
        }

        long millis() {
            return millis;
        }
    }
}

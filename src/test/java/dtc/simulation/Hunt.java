package dtc.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Plays one seed after another until a promise is broken. */
public final class Hunt {

    private Hunt() {}

    /** What a seed led to. */
    record Found(long seed, World.Violation violation) {}

    /** The smallest seed that broke a promise, or null, and how much was tried. */
    record Result(@Nullable Found found, Totals totals) {}

    /**
     * Plays a seed that broke a promise before. If it breaks none any more, plays the seeds from 1 to {@code seeds},
     * until one does. Public for class loaders that hold a planted bug.
     *
     * @return a seed that breaks a promise, and which one; empty if there is none
     */
    public static Map<Long, String> first(long known, int seeds) throws InterruptedException, ExecutionException {
        return first(Generator::of, known, seeds);
    }

    /** Like {@link #first(long, int)}, with other scenarios. */
    static Map<Long, String> first(LongFunction<Generator.Plan> plans, long known, int seeds)
            throws InterruptedException, ExecutionException {
        Found found = play(plans, known, new Totals());
        if (found == null) {
            found = play(plans, 1, seeds, spareThreads()).found();
        }
        return found == null ? Map.of() : Map.of(found.seed(), found.violation().toString());
    }

    /** One core is left to tests of the application, which run at the same time and have votes that time out. */
    static int spareThreads() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
    }

    private static @Nullable Found play(LongFunction<Generator.Plan> plans, long seed, Totals totals) {
        World world = plans.apply(seed).world();
        World.Result result = world.run();
        totals.add(result, world.coverage);
        return result.violation() == null ? null : new Found(seed, result.violation());
    }

    /**
     * Plays {@code count} seeds from {@code first} on several threads. Seeds are handed out in order, and those below a
     * seed that breaks a promise are still played, so that the result does not depend on the threads.
     */
    static Result play(long first, long count, int threads) throws InterruptedException, ExecutionException {
        return play(Generator::of, first, count, threads);
    }

    /** Like {@link #play(long, long, int)}, with other scenarios. */
    static Result play(LongFunction<Generator.Plan> plans, long first, long count, int threads)
            throws InterruptedException, ExecutionException {
        AtomicLong next = new AtomicLong();
        AtomicLong end = new AtomicLong(count);
        List<Future<Result>> parts = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                parts.add(executor.submit(() -> playUntil(plans, first, next, end)));
            }
        }
        Found smallest = null;
        Totals totals = new Totals();
        for (Future<Result> part : parts) {
            Found found = part.get().found();
            if (found != null && (smallest == null || found.seed() < smallest.seed())) {
                smallest = found;
            }
            totals.add(part.get().totals());
        }
        return new Result(smallest, totals);
    }

    private static Result playUntil(LongFunction<Generator.Plan> plans, long first, AtomicLong next, AtomicLong end) {
        Totals totals = new Totals();
        for (long index = next.getAndIncrement(); index < end.get(); index = next.getAndIncrement()) {
            Found found = play(plans, first + index, totals);
            if (found != null) {
                end.accumulateAndGet(index, Math::min);
                return new Result(found, totals);
            }
        }
        return new Result(null, totals);
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

        void add(Totals other) {
            runs += other.runs;
            events += other.events;
            millis += other.millis;
            coverage.add(other.coverage);
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

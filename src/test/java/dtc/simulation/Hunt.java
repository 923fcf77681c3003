package dtc.simulation;

import org.jspecify.annotations.Nullable;

/** Plays one seed after another until a promise is broken. */
public final class Hunt {

    private Hunt() {}

    /** What a seed led to. */
    record Found(long seed, World.Violation violation) {}

    /**
     * For a class loader that holds a planted bug.
     *
     * @return the first seed from 1 to {@code seeds} that finds a broken promise, and which; empty where none does
     */
    public static String first(int seeds) {
        for (long seed = 1; seed <= seeds; seed++) {
            Found found = play(seed, new Totals());
            if (found != null) {
                return "seed %d: %s".formatted(seed, found.violation());
            }
        }
        return "";
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

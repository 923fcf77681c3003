package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.testing.NoApplication;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

/**
 * Plays {@code -Dsimulation.seeds=N} seeds on all cores (a fixed number on all but one if it is not set), from a random
 * one or from {@code -Dsimulation.first=F}; or only {@code -Dsimulation.seed=S}. A seed that breaks a promise is shrunk
 * to a short scenario, which is printed.
 */
@NoApplication
class FreshSeedsTest {

    private static final Logger LOG = Logger.getLogger(FreshSeedsTest.class);

    private static final long SEEDS = 5_000;
    /** From this number of seeds on, every fault must have occurred after every transition. */
    private static final long SEEDS_FOR_FULL_COVERAGE = 2_000_000;
    /** Between the possible random first seeds, so that the ranges of two runs hardly ever overlap. */
    private static final long SEEDS_APART = 1_000_000_000;

    @Test
    void fresh_seeds_keep_all_promises() throws Exception {
        Long only = Long.getLong("simulation.seed");
        if (only != null) {
            check(Hunt.play(only, 1, 1));
            return;
        }
        long seeds = Long.getLong("simulation.seeds", SEEDS);
        long first = Long.getLong("simulation.first", new SecureRandom().nextInt() * SEEDS_APART);
        int threads = Long.getLong("simulation.seeds") == null
                ? Hunt.spareThreads()
                : Runtime.getRuntime().availableProcessors();
        long began = System.nanoTime();
        Hunt.Result result = Hunt.play(first, seeds, threads);
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        check(result);
        report(first, result.totals(), took, threads);
        SortedSet<String> missing = result.totals().coverage().missing();
        assertTrue(seeds < SEEDS_FOR_FULL_COVERAGE || missing.isEmpty(), () -> "did not occur: " + missing);
    }

    private static void check(Hunt.Result result) {
        Hunt.Found found = result.found();
        if (found != null) {
            long seed = found.seed();
            Scenario shortest =
                    Shrinker.shrink(Shrinker.written(seed), found.violation().check());
            World replay = new World(shortest, Noise.NONE, true);
            replay.run();
            fail(String.format(
                    Locale.ROOT,
                    "seed %d: %s%n%nAs a scenario, for src/test/resources/scenarios:%n%n%s%n%s",
                    seed,
                    found.violation(),
                    shortest.text(),
                    String.join("\n", replay.trace())));
        }
    }

    private static void report(long first, Hunt.Totals totals, Duration took, int threads) {
        Coverage coverage = totals.coverage();
        SortedSet<String> missing = coverage.missing();
        LOG.infof("transitions: %s", new TreeMap<>(coverage.transitions()));
        LOG.infof("faults: %s", new TreeMap<>(coverage.faults()));
        LOG.infof(
                "pairs of a transition and a fault: %d of %d; did not occur: %s",
                coverage.pairs() - missing.size(), coverage.pairs(), missing);
        LOG.infof(
                "%d seeds, %d to %d: %d events, %d simulated hours, %.1f s, %.0f seeds/s on %d threads",
                totals.runs(),
                first,
                first + totals.runs() - 1,
                totals.events(),
                Duration.ofMillis(totals.millis()).toHours(),
                took.toMillis() / 1e3,
                totals.runs() * 1e3 / took.toMillis(),
                threads);
    }
}

package dtc.simulation;

import static org.junit.jupiter.api.Assertions.fail;

import dtc.testing.NoApplication;
import java.util.Locale;
import java.util.TreeMap;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

/**
 * Several coordinators that share a store: plays {@code -Dsimulation.cluster.seeds=N} seeds from
 * {@code -Dsimulation.first=F}; or only {@code -Dsimulation.seed=S}. A seed that breaks a promise is shrunk to a short
 * scenario, which is printed.
 */
@NoApplication
class ClusterSeedsTest {

    private static final Logger LOG = Logger.getLogger(ClusterSeedsTest.class);

    private static final long SEEDS = 1_000;

    @Test
    void coordinators_that_share_a_store_keep_all_promises() throws Exception {
        Long only = Long.getLong("simulation.seed");
        long first = only != null ? only : Long.getLong("simulation.first", 1);
        long seeds = only != null ? 1 : Long.getLong("simulation.cluster.seeds", SEEDS);
        Hunt.Result result = Hunt.play(ClusterGenerator::of, first, seeds, Hunt.spareThreads());
        Hunt.Found found = result.found();
        if (found != null) {
            Scenario shortest = Shrinker.shrink(
                    Shrinker.written(ClusterGenerator.of(found.seed())),
                    found.violation().check());
            World replay = new World(shortest, Noise.NONE, true);
            replay.run();
            fail(String.format(
                    Locale.ROOT,
                    "seed %d: %s%n%nAs a scenario, for src/test/resources/scenarios:%n%n%s%n%s",
                    found.seed(),
                    found.violation(),
                    shortest.text(),
                    String.join("\n", replay.trace())));
        }
        Hunt.Totals totals = result.totals();
        LOG.infof(
                "%d seeds, %d events; transitions: %s; faults: %s",
                totals.runs(),
                totals.events(),
                new TreeMap<>(totals.coverage().transitions()),
                new TreeMap<>(totals.coverage().faults()));
    }
}

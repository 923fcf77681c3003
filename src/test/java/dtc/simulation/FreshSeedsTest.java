package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

/**
 * Seeds that nobody has tried before, for a minute, or for {@code -Dsimulation.minutes=N}; or only
 * {@code -Dsimulation.seed=S}. What is found is made as short as it can be, and printed as a scenario.
 */
class FreshSeedsTest {

    private static final Logger LOG = Logger.getLogger(FreshSeedsTest.class);

    private static final Duration BRIEF = Duration.ofMinutes(1);
    /** A run of this length must have seen each fault after each transition. */
    private static final Duration LONG = Duration.ofMinutes(10);

    @Test
    void keep_all_promises() {
        String only = System.getProperty("simulation.seed", "");
        if (!only.isEmpty()) {
            play(Long.parseLong(only), new Hunt.Totals());
            return;
        }
        String minutes = System.getProperty("simulation.minutes", "");
        Duration allowed = minutes.isEmpty() ? BRIEF : Duration.ofMinutes(Long.parseLong(minutes));
        long first = new SecureRandom().nextInt() * 1_000_000_000L;
        long began = System.nanoTime();
        Hunt.Totals totals = new Hunt.Totals();
        for (long seed = first; System.nanoTime() - began < allowed.toNanos(); seed++) {
            play(seed, totals);
        }
        report(first, totals, Duration.ofNanos(System.nanoTime() - began));
        if (allowed.compareTo(LONG) >= 0) {
            List<String> never = never(totals.coverage());
            assertTrue(never.isEmpty(), () -> "never tried: " + never);
        }
    }

    private static void play(long seed, Hunt.Totals totals) {
        Hunt.Found found = Hunt.play(seed, totals);
        if (found != null) {
            Scenario shortest =
                    Shrinker.shrink(Shrinker.written(seed), found.violation().check());
            World replay = new World(shortest, Noise.NONE, true);
            replay.run();
            fail("seed %d: %s%n%nAs a scenario, for src/test/resources/scenarios:%n%n%s%n%s"
                    .formatted(seed, found.violation(), shortest.text(), String.join("\n", replay.trace())));
        }
    }

    private static void report(long first, Hunt.Totals totals, Duration took) {
        Coverage coverage = totals.coverage();
        int all = transitions(coverage).size() * coverage.faults().size();
        LOG.infof("transitions: %s", coverage.transitions());
        LOG.infof("never tried: %s", never(coverage));
        LOG.infof(
                "%d seeds from %d in %d s: %d events in %d simulated hours; faults %s; %d of %d pairs of transition and fault",
                totals.runs(),
                first,
                took.toSeconds(),
                totals.events(),
                Duration.ofMillis(totals.millis()).toHours(),
                coverage.faults(),
                coverage.pairs().size(),
                all);
    }

    /** Those after which a transaction goes on, so that a fault may still strike it. */
    private static SortedSet<String> transitions(Coverage coverage) {
        TreeSet<String> transitions = new TreeSet<>();
        for (String pair : coverage.pairs().keySet()) {
            transitions.add(pair.substring(0, pair.indexOf(Coverage.TIMES)));
        }
        return transitions;
    }

    private static List<String> never(Coverage coverage) {
        List<String> never = new ArrayList<>();
        Map<String, Long> pairs = coverage.pairs();
        for (String transition : transitions(coverage)) {
            for (String fault : coverage.faults().keySet()) {
                String pair = transition + Coverage.TIMES + fault;
                if (!pairs.containsKey(pair)) {
                    never.add(pair);
                }
            }
        }
        return never;
    }
}

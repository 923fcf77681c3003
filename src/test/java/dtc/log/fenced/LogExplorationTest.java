package dtc.log.fenced;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.NoApplication;
import java.util.List;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

/** See {@link LogExploration}. */
@NoApplication
class LogExplorationTest {

    private static final Logger LOG = Logger.getLogger(LogExplorationTest.class);

    private static final int SEEDS = 300;

    @Test
    void the_log_keeps_its_rules_with_all_seeds() {
        LogExploration.Totals totals = new LogExploration.Totals();
        for (long seed = 1; seed <= SEEDS; seed++) {
            String violation = LogExploration.run(seed, totals);
            assertNull(violation, "seed " + seed);
        }
        LOG.infof("%d seeds: %s", SEEDS, totals);
        for (String what : List.of(
                "seals",
                "stored",
                "fenced",
                "refused",
                "deleted",
                "lost requests",
                "lost answers",
                "errors",
                "late",
                "repeated")) {
            assertTrue(totals.count(what) > SEEDS, () -> what + " are rare: " + totals);
        }
    }
}

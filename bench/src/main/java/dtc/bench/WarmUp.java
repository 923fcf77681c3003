package dtc.bench;

import dtc.bench.load.ClosedLoopResult;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.Transaction;
import java.util.logging.Logger;

/**
 * Runs transactions until a system no longer gets faster.
 *
 * @param atLeast the minimum number of transactions
 * @param untilFlat whether to continue after that until batches no longer improve
 */
record WarmUp(long atLeast, boolean untilFlat) {

    private static final Logger LOG = Logger.getLogger("bench");

    private static final int CLIENTS = 64;
    private static final int BATCHES = 3;
    private static final int BATCHES_MAX = 20;

    /** A batch that is faster by less than this factor counts as no faster. */
    private static final double GAIN = 1.03;

    private static final int BATCHES_WITHOUT_GAIN = 2;

    void run(LoadGenerator load, String title, Transaction transaction) {
        long batch = Math.max(1, atLeast / BATCHES);
        double best = 0;
        int withoutGain = 0;
        for (int number = 1; number <= BATCHES_MAX; number++) {
            ClosedLoopResult closed = load.run(transaction, CLIENTS, batch);
            withoutGain = closed.endedPerSecond() > best * GAIN ? 0 : withoutGain + 1;
            best = Math.max(best, closed.endedPerSecond());
            LOG.info("warm-up of %s: %d done, %.0f/s, %d failed %s"
                    .formatted(title, number * batch, closed.endedPerSecond(), closed.failed(), closed.firstFailure()));
            if (number >= BATCHES && (!untilFlat || withoutGain >= BATCHES_WITHOUT_GAIN)) {
                return;
            }
        }
    }
}

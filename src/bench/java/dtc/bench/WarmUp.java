package dtc.bench;

import dtc.bench.load.Load;
import dtc.bench.load.Tally;
import dtc.bench.load.Transaction;
import java.util.logging.Logger;

/**
 * Runs transactions until a system is as fast as it becomes: so many at least, and then until batches no longer
 * improve.
 *
 * @param atLeast transactions
 * @param untilFlat whether it goes on after that
 */
record WarmUp(long atLeast, boolean untilFlat) {

    private static final Logger LOG = Logger.getLogger("bench");

    private static final int CLIENTS = 64;
    private static final int BATCHES = 3;
    private static final int BATCHES_MAX = 20;

    /** A batch that is better by less than this counts as no better. */
    private static final double GAIN = 1.03;

    private static final int BATCHES_WITHOUT_GAIN = 2;

    void run(Load load, String title, Transaction transaction) {
        long batch = Math.max(1, atLeast / BATCHES);
        double best = 0;
        int withoutGain = 0;
        for (int number = 1; number <= BATCHES_MAX; number++) {
            Tally tally = load.count(transaction, CLIENTS, batch);
            withoutGain = tally.endedPerSecond() > best * GAIN ? 0 : withoutGain + 1;
            best = Math.max(best, tally.endedPerSecond());
            LOG.info("warm-up of %s: %d done, %.0f/s, %d failed %s"
                    .formatted(title, number * batch, tally.endedPerSecond(), tally.failed(), tally.complaint()));
            if (number >= BATCHES && (!untilFlat || withoutGain >= BATCHES_WITHOUT_GAIN)) {
                return;
            }
        }
    }
}

package dtc.bench;

import dtc.bench.load.ClosedLoopResult;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.Transaction;
import dtc.bench.system.JavaProcess;
import dtc.bench.system.MeasuredSystem;
import java.util.Locale;
import java.util.logging.Logger;

/**
 * Runs transactions until a system no longer gets cheaper: until batches no longer need less of the coordinator's CPU
 * time, which depends less than throughput on what else the machine does.
 *
 * @param atLeast the minimum number of transactions
 * @param untilFlat whether to continue after that until batches no longer improve
 */
record WarmUp(long atLeast, boolean untilFlat) {

    private static final Logger LOG = Logger.getLogger("bench");

    private static final int CLIENTS = 64;
    private static final int BATCHES = 3;
    private static final int BATCHES_MAX = 20;

    /** A batch that is cheaper by less than this factor counts as no cheaper. */
    private static final double GAIN = 1.03;

    private static final int BATCHES_WITHOUT_GAIN = 2;

    void run(LoadGenerator load, String title, MeasuredSystem system, Transaction transaction) {
        long batch = Math.max(1, atLeast / BATCHES);
        JavaProcess coordinator = system.processes().firstEntry().getValue();
        double best = Double.MAX_VALUE;
        int withoutGain = 0;
        for (int number = 1; number <= BATCHES_MAX; number++) {
            double before = coordinator.cpuSeconds();
            ClosedLoopResult result = load.run(transaction, CLIENTS, batch);
            double micros = (coordinator.cpuSeconds() - before) * 1e6 / Math.max(1, result.ended());
            withoutGain = micros < best / GAIN ? 0 : withoutGain + 1;
            best = Math.min(best, micros);
            LOG.info(String.format(
                    Locale.ROOT,
                    "warm-up of %s: %d done, %.0f/s, coordinator %.0f µs, %d failed %s",
                    title,
                    number * batch,
                    result.endedPerSecond(),
                    micros,
                    result.failed(),
                    result.firstFailure()));
            if (number >= BATCHES && (!untilFlat || withoutGain >= BATCHES_WITHOUT_GAIN)) {
                return;
            }
        }
    }
}

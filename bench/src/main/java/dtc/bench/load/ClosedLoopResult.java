package dtc.bench.load;

/**
 * The result of a closed loop.
 *
 * @param seconds from the begin of the first transaction to the end of the last one
 * @param firstFailure empty if none failed
 */
public record ClosedLoopResult(long committed, long rolledBack, long failed, double seconds, String firstFailure) {

    /** Transactions that ended as the protocol promises. */
    public long ended() {
        return committed + rolledBack;
    }

    /** The result of both loops, one after the other. */
    public ClosedLoopResult plus(ClosedLoopResult other) {
        return new ClosedLoopResult(
                committed + other.committed,
                rolledBack + other.rolledBack,
                failed + other.failed,
                seconds + other.seconds,
                firstFailure.isEmpty() ? other.firstFailure : firstFailure);
    }

    public double endedPerSecond() {
        return ended() / seconds;
    }
}

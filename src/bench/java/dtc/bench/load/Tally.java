package dtc.bench.load;

/**
 * What came of a closed loop.
 *
 * @param seconds from the first transaction's begin to the last one's end
 * @param complaint what the first failure said; empty where there was none
 */
public record Tally(long committed, long rolledBack, long failed, double seconds, String complaint) {

    /** How many ended as their protocol has it. */
    public long ended() {
        return committed + rolledBack;
    }

    public double endedPerSecond() {
        return ended() / seconds;
    }
}

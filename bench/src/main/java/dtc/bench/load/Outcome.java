package dtc.bench.load;

/** How a transaction ended, according to the answer to its client. */
public enum Outcome {
    COMMITTED,
    ROLLED_BACK
}

package dtc.bench.load;

/** How a transaction ended, as its client was told. */
public enum Ending {
    COMMITTED,
    ROLLED_BACK
}

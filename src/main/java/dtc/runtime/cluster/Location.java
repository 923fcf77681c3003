package dtc.runtime.cluster;

/** Where a transaction is, as far as its id tells. */
public enum Location {
    /** This process holds its number, and has read its log. */
    HERE,
    /** Another process holds its number, or this one has not read the log yet. */
    ELSEWHERE,
    /** All transactions of its number have finished, and their retention is over. It did not commit undelivered. */
    DONE,
    /** This cluster has not issued the id. Its record may be in another store. */
    UNKNOWN
}

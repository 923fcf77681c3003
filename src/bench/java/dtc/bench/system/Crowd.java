package dtc.bench.system;

/** What is there besides the transactions that are measured. */
public enum Crowd {
    NOBODY,
    /** Other transactions, open for as long. */
    OPEN_TRANSACTIONS,
    /** Other resource managers, a tenth as many, which renew their leases. */
    RESOURCE_MANAGERS,
    /** Open pages of the console, a two hundredth as many. */
    OPEN_PAGES
}

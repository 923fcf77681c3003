package dtc.bench.system;

/** What else the system does while transactions are measured. */
public enum Background {
    NONE,
    /** Other transactions are open. */
    OPEN_TRANSACTIONS,
    /** Other resource managers are registered and renew their leases. */
    RESOURCE_MANAGERS,
    /** Pages of the console are open. */
    OPEN_PAGES
}

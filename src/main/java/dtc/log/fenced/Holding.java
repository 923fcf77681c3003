package dtc.log.fenced;

/** Whether a process held a number while the store executed a request for it. */
public enum Holding {
    /** The process held the number, and the request is done. */
    HELD,
    /** Another process has sealed the number. Nothing was changed. */
    FENCED
}

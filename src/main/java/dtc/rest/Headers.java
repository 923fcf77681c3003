package dtc.rest;

/** Headers beyond those of HTTP itself. A resource manager may ignore those on the coordinator's messages. */
final class Headers {

    /** The instance that the message is for. */
    static final String INSTANCE = "DTC-Instance";
    /** The number of the write among those of its transaction to its resource manager, from 1. */
    static final String WRITE_SEQUENCE = "DTC-Write-Sequence";

    /** A client's name for a request that it may send again. */
    static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    /** What a client would rather have (RFC 7240), and what of it was heeded. */
    static final String PREFER = "Prefer";

    static final String PREFERENCE_APPLIED = "Preference-Applied";
    static final String RESPOND_ASYNC = "respond-async";

    private Headers() {}
}

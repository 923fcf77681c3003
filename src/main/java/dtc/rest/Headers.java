package dtc.rest;

/** Headers that are not part of HTTP itself. A resource manager may ignore those of the coordinator's messages. */
final class Headers {

    /** The instance that the message is sent to. */
    static final String INSTANCE = "DTC-Instance";
    /** The sequence number of a write, from 1, for each transaction and resource manager. */
    static final String WRITE_SEQUENCE = "DTC-Write-Sequence";

    /** The idempotency key of a request that the client may retry. */
    static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    /** The preferences of a client (RFC 7240), and those that were applied. */
    static final String PREFER = "Prefer";

    static final String PREFERENCE_APPLIED = "Preference-Applied";
    static final String RESPOND_ASYNC = "respond-async";

    private Headers() {}
}

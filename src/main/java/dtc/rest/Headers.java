package dtc.rest;

/** Headers that are not part of HTTP itself. A resource manager may ignore the ones in the coordinator's messages. */
final class Headers {

    /** The id of the resource manager to which the message is addressed. */
    static final String RESOURCE_MANAGER = "DTC-Resource-Manager";
    /** The instance to which the message is addressed. */
    static final String INSTANCE = "DTC-Instance";
    /** The sequence number of a write, from 1, for each transaction and resource manager. */
    static final String WRITE_SEQUENCE = "DTC-Write-Sequence";
    /** On prepare and one-phase commit: the number of writes of the transaction to the resource manager. */
    static final String WRITE_COUNT = "DTC-Write-Count";

    /**
     * On a registration: the newest transaction whose outcome the resource manager has forgotten; new ids are newer. A
     * header, because earlier coordinators refuse unknown properties.
     */
    static final String NEWEST_FORGOTTEN = "DTC-Newest-Forgotten";

    /** The idempotency key of a request that the client may retry. */
    static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    /** The preferences of a client (RFC 7240), and those that were applied. */
    static final String PREFER = "Prefer";

    static final String PREFERENCE_APPLIED = "Preference-Applied";
    static final String RESPOND_ASYNC = "respond-async";

    /** The trace of a request (W3C Trace Context). */
    static final String TRACEPARENT = "traceparent";

    static final String TRACESTATE = "tracestate";

    private Headers() {}
}

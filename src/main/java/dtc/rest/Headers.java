package dtc.rest;

/** Headers of ours on the coordinator's messages; a resource manager may ignore them. */
final class Headers {

    /** The instance that the message is for. */
    static final String INSTANCE = "DTC-Instance";
    /** The number of the write among those of its transaction to its resource manager, from 1. */
    static final String WRITE_SEQUENCE = "DTC-Write-Sequence";

    private Headers() {}
}

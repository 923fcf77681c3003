package dtc.app;

/** Default limits in proportion to the heap, for what clients determine the number or the size of. */
final class HeapDefaults {

    private static final long REQUEST_BYTES_MIN = 2 << 20;

    /** What a transaction in flight needs for each participant: its state, a message and the buffers of a request. */
    private static final long PARTICIPANT_BYTES = 16 << 10;

    /** What a connection needs, with small requests and responses. */
    private static final long CONNECTION_BYTES = 16 << 10;

    private HeapDefaults() {}

    private static long heapBytes() {
        return Runtime.getRuntime().maxMemory();
    }

    static long retainedBytesMax() {
        return heapBytes() / 4;
    }

    /** A body is several times in memory: as received, as objects, and in the messages to resource managers. */
    static long requestBytesMax() {
        return Math.max(REQUEST_BYTES_MIN, heapBytes() / 32);
    }

    static int participantsInFlightMax() {
        return (int) Math.min(Integer.MAX_VALUE, heapBytes() / PARTICIPANT_BYTES);
    }

    static long connectionsMax() {
        return heapBytes() / CONNECTION_BYTES;
    }
}

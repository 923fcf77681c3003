package dtc.app;

/**
 * Default limits in proportion to the heap, for what clients determine the number or the size of. The sum of what they
 * allow, in the worst case, is 9/10 of the available heap if that is 44 MiB (a heap of 64 MiB), and 3/4 if it is
 * larger.
 */
final class HeapDefaults {

    /** What a process needs without clients, and its pools of buffers. */
    private static final long IDLE_BYTES = 20 << 20;

    /** What a connection takes with a request that is received slowly: 12 KiB. */
    private static final long BYTES_PER_CONNECTION = 32 << 10;

    private static final long CONNECTIONS_MIN = 2_048;

    /**
     * What a participant in flight takes, with a message that is sent to it: 8 KiB. It also takes a moment of a
     * timeline for each message.
     */
    private static final long BYTES_PER_PARTICIPANT = 64 << 10;

    /** One body of the largest size. */
    private static final long REQUEST_BYTES_MIN = (1 << 20) + (128 << 10);

    private HeapDefaults() {}

    private static long availableBytes() {
        long heap = Runtime.getRuntime().maxMemory();
        return Math.max(heap - IDLE_BYTES, heap / 4);
    }

    static long connectionsMax() {
        return Math.max(CONNECTIONS_MIN, availableBytes() / BYTES_PER_CONNECTION);
    }

    static int participantsInFlightMax() {
        return (int) Math.min(Integer.MAX_VALUE, availableBytes() / BYTES_PER_PARTICIPANT);
    }

    /** A body is four times in memory: as received, as objects, and in the messages to resource managers. */
    static long requestBytesMax() {
        return Math.max(REQUEST_BYTES_MIN, availableBytes() / 32);
    }

    /** For finished transactions, and the same for unresolved heuristic outcomes, which are rare. */
    static long retainedBytesMax() {
        return availableBytes() / 16;
    }

    /** For each of the three kinds of timelines. */
    static long timelineBytesMax() {
        return availableBytes() / 96;
    }
}

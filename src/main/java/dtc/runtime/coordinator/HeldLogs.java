package dtc.runtime.coordinator;

import dtc.log.LogIdentity;
import dtc.protocol.Refusal;
import dtc.protocol.TransactionId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The logs that this process holds and has read: its own, and those of numbers that it has taken over. It may answer
 * for the transactions of these logs only.
 */
final class HeldLogs {

    private final RecordLog own;
    /** Whether another process has taken over the own log. */
    private volatile boolean ownLost;
    /** The logs that were taken over, by number. */
    private final Map<Integer, RecordLog> takenOver = new ConcurrentHashMap<>();

    HeldLogs(RecordLog own) {
        this.own = own;
    }

    /** The log of the transactions that this process begins. */
    RecordLog own() {
        return own;
    }

    void add(int number, RecordLog log) {
        takenOver.put(number, log);
    }

    /** Stops to answer for a number. Returns its log; null if it is not held. */
    @Nullable
    RecordLog remove(int number) {
        LogIdentity identity = own.identity();
        if (identity != null && identity.epoch() == number) {
            ownLost = true;
            return own;
        }
        return takenOver.remove(number);
    }

    @Nullable
    RecordLog find(int number) {
        return takenOver.get(number);
    }

    /** Whether abort is presumed for an id without a record. */
    boolean presumesAbort(TransactionId id) {
        if (!ownLost && own.presumesAbort(id)) {
            return true;
        }
        RecordLog other = own.isFenced() ? takenOver.get(id.epoch()) : null;
        return other != null && other.presumesAbort(id);
    }

    /** Whether another process may hold the number of an id. */
    boolean mayBeElsewhere(TransactionId id) {
        LogIdentity identity = own.identity();
        return own.isFenced() && identity != null && identity.tag() == id.tag() && !presumesAbort(id);
    }

    /** The refusal of a call about an id that has no transaction in memory. */
    Refusal absent(TransactionId id) {
        return mayBeElsewhere(id) ? Refusals.elsewhere(id) : Refusals.unknown(id);
    }
}

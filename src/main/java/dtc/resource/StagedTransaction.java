package dtc.resource;

import java.util.LinkedHashMap;
import java.util.Map;

/** A transaction that has not ended at the resource manager. */
final class StagedTransaction {

    enum Phase {
        STAGED,
        /** Received prepare; waiting for keys. */
        WAITING_TO_VOTE,
        /** Received a one-phase commit; waiting for keys. */
        WAITING_TO_COMMIT,
        /** Voted COMMIT; in doubt. */
        PREPARED
    }

    /** The keys that it writes or checks. It locks all of them. */
    final Map<String, StagedKey> keys = new LinkedHashMap<>();

    Phase phase = Phase.STAGED;
    final WriteNumbers writeNumbers = new WriteNumbers();

    /** Number of characters of its staged keys, values and conditions. */
    long chars;

    /**
     * The number of characters by which its commit increases the entries; 0 if it does not. Reserved while PREPARED.
     */
    long growth;

    boolean isWaiting() {
        return phase == Phase.WAITING_TO_VOTE || phase == Phase.WAITING_TO_COMMIT;
    }
}

package dtc.resource;

import dtc.protocol.JsonText;
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

    /** A staged write. */
    record Write(int sequence, JsonText value) {}

    final Map<String, Write> writes = new LinkedHashMap<>();
    Phase phase = Phase.STAGED;
    final WriteNumbers writeNumbers = new WriteNumbers();
    /**
     * The number of characters by which its commit increases the entries; 0 if it does not. Reserved while PREPARED.
     */
    long growth;

    boolean isWaiting() {
        return phase == Phase.WAITING_TO_VOTE || phase == Phase.WAITING_TO_COMMIT;
    }
}

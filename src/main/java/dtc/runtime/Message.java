package dtc.runtime;

import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import java.util.List;

/** What the coordinator says to a resource manager. */
public sealed interface Message {

    TransactionId id();

    /** Stage this. {@code sequence} numbers the writes of one transaction to one resource manager, from 1. */
    record Write(TransactionId id, int sequence, String key, JsonText value) implements Message {}

    /**
     * Vote; first stage {@code writes}, which travel along where the resource manager takes that
     * ({@link Registration#PREPARE_WITH_WRITES}).
     */
    record Prepare(TransactionId id, List<Write> writes) implements Message {}

    record Commit(TransactionId id) implements Message {}

    record Rollback(TransactionId id) implements Message {}
}

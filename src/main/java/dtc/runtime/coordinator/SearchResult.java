package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.TransactionId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a search, newest first.
 *
 * @param next where the next search starts, exclusive; null if there are no older transactions
 */
public record SearchResult(
        List<Transaction> items, @Nullable TransactionId next) {}

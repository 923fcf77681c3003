package dtc.log.memory;

import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stores records in memory. A restart loses them, and the coordinator then presumes abort even for committed
 * transactions.
 */
public final class MemoryDecisionLog implements DecisionLog {

    /** The newest record of each transaction, in append order. Guarded by this. */
    private final Map<TransactionId, LogRecord> records = new LinkedHashMap<>();

    @Override
    public void replay(Consumer<LogRecord> consumer) {
        List<LogRecord> all;
        synchronized (this) {
            all = List.copyOf(records.values());
        }
        all.forEach(consumer);
    }

    @Override
    public CompletionStage<AppendResult> append(LogRecord record) {
        put(record);
        return CompletableFuture.completedFuture(new AppendResult.Stored());
    }

    @Override
    public void appendLazily(LogRecord record) {
        put(record);
    }

    private synchronized void put(LogRecord newest) {
        records.remove(newest.id());
        records.put(newest.id(), newest);
    }

    @Override
    public synchronized void forget(TransactionId id) {
        records.remove(id);
    }

    @Override
    public @Nullable String refusalReason() {
        return null;
    }

    @Override
    public @Nullable LogIdentity identity() {
        return null;
    }
}

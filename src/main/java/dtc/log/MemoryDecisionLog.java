package dtc.log;

import dtc.protocol.TransactionId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Remembers as long as the process lives. A restarted coordinator presumes abort for what it had committed. */
public final class MemoryDecisionLog implements DecisionLog {

    /** Guarded by this. In the order of the newest record of each. */
    private final Map<TransactionId, TransactionRecord> records = new LinkedHashMap<>();

    @Override
    public void replay(Consumer<TransactionRecord> each) {
        List<TransactionRecord> all;
        synchronized (this) {
            all = List.copyOf(records.values());
        }
        all.forEach(each);
    }

    @Override
    public CompletionStage<Void> decide(TransactionRecord decision) {
        put(decision);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void end(TransactionRecord ended) {
        put(ended);
    }

    private synchronized void put(TransactionRecord newest) {
        records.remove(newest.id());
        records.put(newest.id(), newest);
    }

    @Override
    public synchronized void forget(TransactionId id) {
        records.remove(id);
    }

    @Override
    public @Nullable String refusing() {
        return null;
    }
}

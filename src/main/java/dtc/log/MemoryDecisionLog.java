package dtc.log;

import dtc.protocol.TransactionId;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps decisions as long as the process lives. A restarted coordinator presumes abort for what it had committed. */
public final class MemoryDecisionLog implements DecisionLog {

    private final Map<TransactionId, Decision> decisions = new ConcurrentHashMap<>();

    @Override
    public CompletionStage<Void> decide(Decision decision) {
        decisions.put(decision.id(), decision);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void end(TransactionId id) {
        decisions.remove(id);
    }

    /** How many decisions have not ended. */
    public int size() {
        return decisions.size();
    }
}

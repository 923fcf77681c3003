package dtc.log;

import dtc.protocol.TransactionId;
import java.util.concurrent.CompletionStage;

/** The coordinator's memory of its decisions. */
public interface DecisionLog {

    /**
     * Records a decision.
     *
     * @return completes once the decision is durable; fails where it surely never will be
     */
    CompletionStage<Void> decide(Decision decision);

    /** Notes that everybody has acknowledged, so that the decision may be dropped. Lazy: may be lost in a crash. */
    void end(TransactionId id);
}

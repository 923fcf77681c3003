package dtc.runtime.participant;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/** A resource manager's messages to its coordinator. A stage fails if there is no answer or an unexpected one. */
public interface CoordinatorLink {

    /** Registers, or renews the lease. Completes with the duration of the lease. */
    CompletionStage<Duration> register(String id, UUID instance, Set<String> features);

    /** Deregisters. */
    CompletionStage<Void> leave(String id, UUID instance);

    CompletionStage<Outcome> outcome(TransactionId id);
}

package dtc.runtime.participant;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A resource manager's messages to its coordinator. A stage fails if there is no answer or an unexpected one. */
public interface CoordinatorLink {

    /**
     * Registers, or renews the lease. Completes with the duration of the lease.
     *
     * @param newestEvicted see {@link HostedParticipant.Identity}
     */
    CompletionStage<Duration> register(
            String id, UUID instance, Set<String> features, @Nullable TransactionId newestEvicted);

    CompletionStage<Void> deregister(String id, UUID instance);

    CompletionStage<Outcome> outcome(TransactionId id);
}

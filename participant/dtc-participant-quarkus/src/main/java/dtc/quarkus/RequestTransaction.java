package dtc.quarkus;

import dtc.client.TransactionContext;
import dtc.participant.DtcParticipant;
import dtc.participant.Work;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.RequestScoped;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The transaction that a request belongs to. Not a field of the thread: if an exception of an endpoint is not mapped,
 * Quarkus calls no response filter, and the thread would keep it.
 */
@RequestScoped
public class RequestTransaction {

    private @Nullable String id;
    private @Nullable Work work;

    /**
     * Begins the work of the request.
     *
     * @param participant null if the process is only a client. It sends the id with its own calls
     */
    void begin(String transaction, @Nullable DtcParticipant participant) {
        id = TransactionContext.requireId(transaction);
        work = participant == null ? null : participant.begin(transaction);
    }

    @Nullable
    String id() {
        return id;
    }

    @Nullable
    Work work() {
        return work;
    }

    /** Calls the coordinator, which blocks, so it does not run on this thread. */
    @PreDestroy
    void end() {
        Work unfinished = work;
        if (unfinished != null && !unfinished.hasEnded()) {
            var unused = CompletableFuture.runAsync(unfinished::close);
        }
    }
}

package dtc.quarkus;

import dtc.client.TransactionContext;
import dtc.participant.Work;
import io.quarkus.arc.Arc;
import jakarta.enterprise.context.ApplicationScoped;
import org.jspecify.annotations.Nullable;

/** The transaction of a client on this thread, or of the current request. */
@ApplicationScoped
public class CurrentTransaction {

    private final RequestTransaction request;

    CurrentTransaction(RequestTransaction request) {
        this.request = request;
    }

    /** Returns the id, or null. */
    public @Nullable String id() {
        String id = TransactionContext.current();
        return id == null && isRequest() ? request.id() : id;
    }

    @Nullable
    Work work() {
        return isRequest() ? request.work() : null;
    }

    private static boolean isRequest() {
        return Arc.container().requestContext().isActive();
    }
}

package dtc.quarkus;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.client.TransactionContext;
import dtc.participant.DtcParticipant;
import dtc.participant.ParticipationException;
import dtc.participant.Work;
import dtc.participant.http.MessageResponse;
import jakarta.ws.rs.BadRequestException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.ext.Provider;
import java.util.Objects;

/**
 * Lets requests with the header {@code DTC-Transaction} work in the transaction. For blocking endpoints: the
 * transaction belongs to the thread.
 */
@Provider
public class TransactionServerFilter implements ContainerRequestFilter, ContainerResponseFilter {

    private static final String SCOPE = TransactionContext.Scope.class.getName();
    private static final int ERROR = 400;
    private static final int SERVER_ERROR = 500;

    private final DtcBeans beans;

    TransactionServerFilter(DtcBeans beans) {
        this.beans = beans;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        String transaction = request.getHeaderString(TransactionContext.HEADER);
        if (transaction == null) {
            return;
        }
        DtcParticipant participant = beans.participant();
        try {
            // A process that is only a client sends the header with its own calls.
            request.setProperty(
                    SCOPE, participant == null ? TransactionContext.enter(transaction) : participant.open(transaction));
        } catch (IllegalArgumentException e) {
            throw new BadRequestException(e.getMessage(), e);
        }
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        Object scope = request.getProperty(SCOPE);
        if (scope instanceof TransactionContext.Scope only) {
            only.close();
        } else if (scope instanceof Work work) {
            complete(work, response);
        }
    }

    private static void complete(Work work, ContainerResponseContext response) {
        try (work) {
            int status = response.getStatus();
            if (status >= SERVER_ERROR || (status >= ERROR && work.hasWork())) {
                work.fail("a request to a participant was answered " + status);
            } else {
                work.complete();
            }
        } catch (ParticipationException e) {
            replace(response, MessageResponse.problem(e.status(), Objects.toString(e.getMessage()), null));
        }
    }

    private static void replace(ContainerResponseContext response, MessageResponse problem) {
        response.setStatus(problem.status());
        response.setEntity(
                problem.body().getBytes(UTF_8), null, MediaType.valueOf(Objects.requireNonNull(problem.contentType())));
    }
}

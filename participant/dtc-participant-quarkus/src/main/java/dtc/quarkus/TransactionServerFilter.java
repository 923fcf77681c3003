package dtc.quarkus;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.client.TransactionContext;
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
 * Lets requests with the header {@code DTC-Transaction} work in the transaction, and stores the work before the
 * response is sent. For blocking endpoints.
 */
@Provider
public class TransactionServerFilter implements ContainerRequestFilter, ContainerResponseFilter {

    private static final int ERROR = 400;
    private static final int SERVER_ERROR = 500;

    private final DtcBeans beans;
    private final RequestTransaction current;

    TransactionServerFilter(DtcBeans beans, RequestTransaction current) {
        this.beans = beans;
        this.current = current;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        String transaction = request.getHeaderString(TransactionContext.HEADER);
        if (transaction == null) {
            return;
        }
        try {
            current.begin(transaction, beans.participant());
        } catch (IllegalArgumentException e) {
            throw new BadRequestException(e.getMessage(), e);
        }
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        Work work = current.work();
        if (work != null) {
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

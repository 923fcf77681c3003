package dtc.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.client.TransactionContext;
import dtc.participant.DtcParticipant;
import dtc.participant.ParticipationException;
import dtc.participant.Work;
import dtc.participant.http.MessageResponse;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;

/**
 * Lets requests with the header {@code DTC-Transaction} work in the transaction. Their responses are buffered, because
 * the work is stored before a success is answered. Not for asynchronous requests: the transaction belongs to the
 * thread.
 */
final class TransactionServletFilter extends OncePerRequestFilter {

    private static final int BAD_REQUEST = 400;
    private static final int SERVER_ERROR = 500;

    private final @Nullable DtcParticipant participant;

    /** @param participant null for a process that is only a client. It sends the header with its own calls */
    TransactionServletFilter(@Nullable DtcParticipant participant) {
        this.participant = participant;
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return request.getHeader(TransactionContext.HEADER) == null;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        String transaction = request.getHeader(TransactionContext.HEADER);
        ContentCachingResponseWrapper buffered = new ContentCachingResponseWrapper(response);
        try {
            if (participant == null) {
                forward(transaction, request, buffered, chain);
            } else {
                work(participant, transaction, request, buffered, chain);
            }
        } catch (ParticipationException e) {
            replace(buffered, MessageResponse.problem(e.status(), Objects.toString(e.getMessage()), null));
        } catch (ServletException e) {
            if (!(e.getRootCause() instanceof ParticipationException cause)) {
                throw e;
            }
            replace(buffered, MessageResponse.problem(cause.status(), Objects.toString(cause.getMessage()), null));
        } catch (IllegalArgumentException e) {
            replace(buffered, MessageResponse.problem(BAD_REQUEST, Objects.toString(e.getMessage()), null));
        }
        buffered.copyBodyToResponse();
    }

    private static void forward(
            String transaction, HttpServletRequest request, HttpServletResponse buffered, FilterChain chain)
            throws ServletException, IOException {
        TransactionContext.Scope scope = TransactionContext.enter(transaction);
        try {
            chain.doFilter(request, buffered);
        } finally {
            scope.close();
        }
    }

    private static void work(
            DtcParticipant participant,
            String transaction,
            HttpServletRequest request,
            HttpServletResponse buffered,
            FilterChain chain)
            throws ServletException, IOException {
        try (Work work = participant.open(transaction)) {
            chain.doFilter(request, buffered);
            int status = buffered.getStatus();
            if (status >= SERVER_ERROR || (status >= BAD_REQUEST && work.hasWork())) {
                work.fail("a request to a participant was answered " + status);
            } else {
                work.complete();
            }
        }
    }

    private static void replace(HttpServletResponse response, MessageResponse problem) throws IOException {
        response.reset();
        response.setStatus(problem.status());
        response.setContentType(problem.contentType());
        response.getOutputStream().write(problem.body().getBytes(UTF_8));
    }
}

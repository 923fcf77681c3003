package dtc.quarkus;

import dtc.participant.ParticipationException;
import dtc.participant.http.MessageResponse;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.util.Objects;

/** Tells the caller why the service cannot work in the transaction. */
@Provider
public class ParticipationExceptionMapper implements ExceptionMapper<ParticipationException> {

    @Override
    public Response toResponse(ParticipationException e) {
        return MessageResource.toResponse(MessageResponse.problem(e.status(), Objects.toString(e.getMessage()), null));
    }
}

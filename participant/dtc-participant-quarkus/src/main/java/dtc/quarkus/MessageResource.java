package dtc.quarkus;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.participant.DtcParticipant;
import dtc.participant.http.MessageRequest;
import dtc.participant.http.MessageResponse;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/** Receives the messages of the coordinator. {@code dtc.participant.url} ends with this path. */
@Path("/dtc")
@Consumes(MediaType.WILDCARD)
@Produces(MediaType.WILDCARD)
public class MessageResource {

    private final DtcBeans beans;

    MessageResource(DtcBeans beans) {
        this.beans = beans;
    }

    @GET
    @Path("{path:.+}")
    public Response get(@PathParam("path") String path, @Context HttpHeaders headers) {
        return handle("GET", path, headers, null);
    }

    @POST
    @Path("{path:.+}")
    public Response post(@PathParam("path") String path, @Context HttpHeaders headers, byte @Nullable [] body) {
        return handle("POST", path, headers, body);
    }

    private Response handle(String method, String path, HttpHeaders headers, byte @Nullable [] body) {
        DtcParticipant participant = beans.participant();
        if (participant == null) {
            throw new NotFoundException();
        }
        return toResponse(participant.handle(
                new MessageRequest(method, "/" + path, headers::getHeaderString, body == null ? new byte[0] : body)));
    }

    static Response toResponse(MessageResponse message) {
        Response.ResponseBuilder response = Response.status(message.status());
        if (message.contentType() != null) {
            response.type(message.contentType()).entity(message.body().getBytes(UTF_8));
        }
        return response.build();
    }
}

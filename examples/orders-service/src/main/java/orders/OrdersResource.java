package orders;

import dtc.participant.DtcParticipant;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/** The endpoint of the service. */
@Path("/orders")
public class OrdersResource {

    private final DtcParticipant participant;

    OrdersResource(DtcParticipant participant) {
        this.participant = participant;
    }

    /** In a transaction the order is placed at its commit, otherwise at once. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response place(String order) {
        participant.perform("place-order", order);
        return Response.accepted().build();
    }
}

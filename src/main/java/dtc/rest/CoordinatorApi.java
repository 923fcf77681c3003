package dtc.rest;

import dtc.protocol.Messages.RegistrationRequest;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/** The calls of a resource manager to its coordinator. */
@Consumes(MediaType.APPLICATION_JSON)
@Path("/")
public interface CoordinatorApi {

    @PUT
    @Path("resource-managers/{id}")
    Uni<Response> register(
            @PathParam("id") String id,
            @HeaderParam(Headers.NEWEST_FORGOTTEN) @Nullable String newestEvicted,
            RegistrationRequest request);

    @DELETE
    @Path("resource-managers/{id}")
    Uni<Response> deregister(@PathParam("id") String id, @QueryParam("instance") String instance);

    @GET
    @Path("transactions/{id}/outcome")
    Uni<Response> outcome(@PathParam("id") String id);
}

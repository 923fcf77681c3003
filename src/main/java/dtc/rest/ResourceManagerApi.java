package dtc.rest;

import dtc.protocol.Messages.StageRequest;
import io.quarkus.rest.client.reactive.Url;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/** The coordinator's calls to a resource manager under its registered URL. */
@Path("/transactions/{id}")
@Consumes(MediaType.APPLICATION_JSON)
public interface ResourceManagerApi {

    @POST
    @Path("/writes")
    Uni<Response> write(
            @Url String url,
            @PathParam("id") String id,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.WRITE_SEQUENCE) int sequence,
            StageRequest request);

    @POST
    @Path("/prepare")
    Uni<Response> prepare(@Url String url, @PathParam("id") String id, @HeaderParam(Headers.INSTANCE) String instance);

    @POST
    @Path("/commit")
    Uni<Response> commit(@Url String url, @PathParam("id") String id, @HeaderParam(Headers.INSTANCE) String instance);

    @POST
    @Path("/rollback")
    Uni<Response> rollback(@Url String url, @PathParam("id") String id, @HeaderParam(Headers.INSTANCE) String instance);
}

package dtc.rest;

import io.quarkus.rest.client.reactive.Url;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/**
 * The requests of the coordinator to a resource manager, relative to its registered URL. Bodies are passed as bytes,
 * because Quarkus inspects the annotations of the method at each call if a parameter is an object.
 */
@Path("/")
@Consumes(MediaType.APPLICATION_JSON)
public interface ResourceManagerApi {

    @POST
    @Path("/transactions/{id}/writes")
    Uni<Response> write(
            @Url String url,
            @PathParam("id") String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) String resourceManager,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.TRACEPARENT) @Nullable String traceparent,
            @HeaderParam(Headers.TRACESTATE) @Nullable String tracestate,
            @HeaderParam(Headers.WRITE_SEQUENCE) int sequence,
            byte[] body);

    @POST
    @Path("/transactions/{id}/prepare")
    Uni<Response> prepare(
            @Url String url,
            @PathParam("id") String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) String resourceManager,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.TRACEPARENT) @Nullable String traceparent,
            @HeaderParam(Headers.TRACESTATE) @Nullable String tracestate,
            @HeaderParam(Headers.WRITE_COUNT) int writeCount,
            byte @Nullable [] body);

    @POST
    @Path("/transactions/{id}/commit")
    Uni<Response> commit(
            @Url String url,
            @PathParam("id") String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) String resourceManager,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.TRACEPARENT) @Nullable String traceparent,
            @HeaderParam(Headers.TRACESTATE) @Nullable String tracestate);

    @POST
    @Path("/transactions/{id}/commit")
    Uni<Response> commitOnePhase(
            @Url String url,
            @PathParam("id") String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) String resourceManager,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.TRACEPARENT) @Nullable String traceparent,
            @HeaderParam(Headers.TRACESTATE) @Nullable String tracestate,
            @HeaderParam(Headers.WRITE_COUNT) int writeCount);

    @POST
    @Path("/transactions/{id}/rollback")
    Uni<Response> rollback(
            @Url String url,
            @PathParam("id") String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) String resourceManager,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.TRACEPARENT) @Nullable String traceparent,
            @HeaderParam(Headers.TRACESTATE) @Nullable String tracestate);

    @POST
    @Path("/batch")
    Uni<Response> batch(
            @Url String url,
            @HeaderParam(Headers.RESOURCE_MANAGER) String resourceManager,
            @HeaderParam(Headers.INSTANCE) String instance,
            @HeaderParam(Headers.TRACEPARENT) @Nullable String traceparent,
            @HeaderParam(Headers.TRACESTATE) @Nullable String tracestate,
            byte[] body);
}

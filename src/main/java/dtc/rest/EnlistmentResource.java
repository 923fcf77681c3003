package dtc.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Messages.EnlistmentDocument;
import dtc.protocol.Messages.EnlistmentRequest;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.Coordinator;
import dtc.security.ApiAccess;
import dtc.security.Caller;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.NonBlocking;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestPath;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP interface for services that do work in a transaction and enlist themselves. {@code @Path} on the class
 * contains the full path, because Quarkus REST searches only the class with the longest matching path.
 */
@Path("/transactions/{id}/participants/{rm}")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
@RegisterForReflection(targets = EnlistmentRequest.class)
public class EnlistmentResource {

    private final Coordinator coordinator;
    private final RequestValidator.Limits limits;
    private final ObjectMapper mapper;
    private final ApiAccess access;

    EnlistmentResource(Coordinator coordinator, RequestValidator.Limits limits, ObjectMapper mapper, ApiAccess access) {
        this.coordinator = coordinator;
        this.limits = limits;
        this.mapper = mapper;
        this.access = access;
    }

    @PUT
    @Consumes(MediaType.WILDCARD)
    public EnlistmentDocument enlist(
            @RestPath String id,
            @RestPath String rm,
            @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable MediaType type,
            @Context RoutingContext context,
            byte @Nullable [] body)
            throws IOException {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = validator.validateTransactionId("id", id);
        Caller caller = access.caller(context);
        TransactionAccess.requireOwnerOrParticipant(coordinator, transaction, caller, _ -> caller.owns(rm));
        EnlistmentRequest enlistment = OptionalBody.read(mapper, type, body, EnlistmentRequest.class);
        String name = validator.validateName("rm", rm);
        UUID instance = enlistment == null || enlistment.instance() == null
                ? null
                : validator.validateUuid("instance", enlistment.instance());
        UUID request = enlistment == null || enlistment.request() == null
                ? null
                : validator.validateUuid("request", enlistment.request());
        validator.throwIfInvalid();
        Coordinator.Enlistment enlisted =
                Problems.valueOrThrow(coordinator.enlist(transaction, name, instance, request));
        return new EnlistmentDocument(name, enlisted.sequence(), enlisted.expiresAt());
    }
}

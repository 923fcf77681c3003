package dtc.rest;

import dtc.protocol.Messages.GiveUpRequest;
import dtc.protocol.Messages.TransactionDocument;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.security.ApiAccess;
import dtc.security.Caller;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP interface for operators to give up a participant that will never acknowledge an outcome. {@code @Path} on
 * the class contains the full path, because Quarkus REST searches only the class with the longest matching path.
 */
@Path("/transactions/{id}/participants/{rm}/give-up")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
@RegisterForReflection(targets = GiveUpRequest.class)
public class GiveUpResource {

    private final Coordinator coordinator;
    private final Time time;
    private final RequestValidator.Limits limits;
    private final ApiAccess access;

    GiveUpResource(Coordinator coordinator, Time time, RequestValidator.Limits limits, ApiAccess access) {
        this.coordinator = coordinator;
        this.time = time;
        this.limits = limits;
        this.access = access;
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Uni<TransactionDocument> giveUp(
            @RestPath String id,
            @RestPath String rm,
            @Context RoutingContext context,
            @Nullable GiveUpRequest request) {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = validator.validateTransactionId("id", id);
        String name = validator.validateName("rm", rm);
        Resolution resolution = createResolution(validator, access.caller(context), time.now(), request);
        return Problems.toUni(() -> coordinator.undelivered().giveUp(transaction, name, resolution))
                .map(TransactionResource::toDocument);
    }

    @DELETE
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> discard(@RestPath String id, @RestPath String rm) {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = validator.validateTransactionId("id", id);
        String name = validator.validateName("rm", rm);
        validator.throwIfInvalid();
        return Problems.toUni(() -> coordinator.undelivered().discard(transaction, name))
                .map(_ -> RestResponse.noContent());
    }

    /**
     * Creates the resolution that an operator requests.
     *
     * @throws ProblemException if the request is invalid
     */
    static Resolution createResolution(
            RequestValidator validator, Caller caller, Instant now, @Nullable GiveUpRequest request) {
        String reason = validator.validateReason(request == null ? null : request.reason());
        validator.throwIfInvalid();
        return new Resolution(caller.principal() == null ? "an operator" : caller.principal(), now, reason);
    }
}

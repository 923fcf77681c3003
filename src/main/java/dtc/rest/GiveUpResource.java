package dtc.rest;

import dtc.protocol.Messages.GiveUpRequest;
import dtc.protocol.Messages.TransactionDocument;
import dtc.protocol.Messages.TransactionsCount;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.security.ApiAccess;
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
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The HTTP interface for operators to give up participants that will never acknowledge an outcome. */
@Path("/")
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
    @Path("transactions/{id}/participants/{rm}/give-up")
    @Consumes(MediaType.APPLICATION_JSON)
    public Uni<TransactionDocument> giveUp(
            @RestPath String id,
            @RestPath String rm,
            @Context RoutingContext context,
            @Nullable GiveUpRequest request) {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = validator.transactionId("id", id);
        String name = validator.name("rm", rm);
        Resolution resolution = resolution(validator, context, request);
        return toUni(() -> coordinator.undelivered().giveUp(transaction, name, resolution))
                .map(TransactionResource::document);
    }

    @DELETE
    @Path("transactions/{id}/participants/{rm}/give-up")
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> discard(@RestPath String id, @RestPath String rm) {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = validator.transactionId("id", id);
        String name = validator.name("rm", rm);
        validator.throwIfInvalid();
        return toUni(() -> coordinator.undelivered().discard(transaction, name)).map(_ -> RestResponse.noContent());
    }

    @POST
    @Path("resource-managers/{id}/give-up")
    @Consumes(MediaType.APPLICATION_JSON)
    public Uni<TransactionsCount> giveUpAll(
            @RestPath String id, @Context RoutingContext context, @Nullable GiveUpRequest request) {
        RequestValidator validator = new RequestValidator(limits);
        String name = validator.name("id", id);
        Resolution resolution = resolution(validator, context, request);
        return toUni(() -> coordinator.undelivered().giveUpAll(name, resolution))
                .map(TransactionsCount::new);
    }

    @DELETE
    @Path("resource-managers/{id}/give-up")
    public Uni<TransactionsCount> discardAll(@RestPath String id) {
        RequestValidator validator = new RequestValidator(limits);
        String name = validator.name("id", id);
        validator.throwIfInvalid();
        return toUni(() -> coordinator.undelivered().discardAll(name)).map(TransactionsCount::new);
    }

    private Resolution resolution(RequestValidator validator, RoutingContext context, @Nullable GiveUpRequest request) {
        String reason = validator.reason(request == null ? null : request.reason());
        validator.throwIfInvalid();
        String principal = access.caller(context).principal();
        return new Resolution(principal == null ? "an operator" : principal, time.now(), reason);
    }

    private static <T> Uni<T> toUni(Supplier<CompletionStage<Answer<T>>> call) {
        return Uni.createFrom().completionStage(call).map(Problems::valueOrThrow);
    }
}

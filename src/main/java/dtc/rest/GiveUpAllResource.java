package dtc.rest;

import dtc.protocol.Messages.GiveUpRequest;
import dtc.protocol.Messages.TransactionsCount;
import dtc.protocol.Resolution;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.security.ApiAccess;
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
import org.jboss.resteasy.reactive.RestPath;
import org.jspecify.annotations.Nullable;

/** The HTTP interface for operators to give up a resource manager in all transactions. See {@link GiveUpResource}. */
@Path("/resource-managers/{id}/give-up")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
public class GiveUpAllResource {

    private final Coordinator coordinator;
    private final Time time;
    private final RequestValidator.Limits limits;
    private final ApiAccess access;

    GiveUpAllResource(Coordinator coordinator, Time time, RequestValidator.Limits limits, ApiAccess access) {
        this.coordinator = coordinator;
        this.time = time;
        this.limits = limits;
        this.access = access;
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Uni<TransactionsCount> giveUpAll(
            @RestPath String id, @Context RoutingContext context, @Nullable GiveUpRequest request) {
        RequestValidator validator = new RequestValidator(limits);
        String name = validator.validateName("id", id);
        Resolution resolution = GiveUpResource.createResolution(validator, access.caller(context), time.now(), request);
        return Problems.toUni(() -> coordinator.undelivered().giveUpAll(name, resolution))
                .map(TransactionsCount::new);
    }

    @DELETE
    public Uni<TransactionsCount> discardAll(@RestPath String id) {
        RequestValidator validator = new RequestValidator(limits);
        String name = validator.validateName("id", id);
        validator.throwIfInvalid();
        return Problems.toUni(() -> coordinator.undelivered().discardAll(name)).map(TransactionsCount::new);
    }
}

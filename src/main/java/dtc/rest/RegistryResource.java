package dtc.rest;

import dtc.protocol.Messages.RegistrationDocument;
import dtc.protocol.Messages.RegistrationList;
import dtc.protocol.Messages.RegistrationRequest;
import dtc.protocol.Refusal;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.coordinator.UnregisteredResourceManagers;
import dtc.security.ApiAccess;
import dtc.security.Caller;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.util.Set;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The HTTP interface for registrations of resource managers. */
@Path("/resource-managers")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
public class RegistryResource {

    private static final int FEATURES_MAX = 16;
    private static final int FEATURE_CHARS_MAX = 64;

    private final Coordinator coordinator;
    private final Registry registry;
    private final UnregisteredResourceManagers unregistered;
    private final TransactionIds ids;
    private final RequestValidator.Limits limits;
    private final ApiAccess access;

    RegistryResource(
            Coordinator coordinator,
            Registry registry,
            UnregisteredResourceManagers unregistered,
            TransactionIds ids,
            RequestValidator.Limits limits,
            ApiAccess access) {
        this.coordinator = coordinator;
        this.registry = registry;
        this.unregistered = unregistered;
        this.ids = ids;
        this.limits = limits;
        this.access = access;
    }

    @PUT
    @Path("/{id}")
    @Consumes(MediaType.APPLICATION_JSON)
    public Uni<RestResponse<RegistrationDocument>> register(
            @RestPath String id,
            @HeaderParam(Headers.NEWEST_FORGOTTEN) @Nullable String forgotten,
            @Context RoutingContext call,
            @Nullable RegistrationRequest request) {
        Caller caller = access.caller(call);
        if (!caller.owns(id) && RequestValidator.isName(id)) {
            unregistered.refused(
                    id,
                    "it presented the token of %s, which is not an owner of this id (dtc.security.rm-owners)"
                            .formatted(caller.principal()));
        }
        requireOwner(id, call);
        RequestValidator validator = new RequestValidator(limits);
        String name = validator.validateName("id", id);
        String url = validator.validateUrl(request == null ? null : request.url());
        UUID instance = validator.validateInstance(request == null ? null : request.instance());
        TransactionId newestEvicted =
                forgotten == null ? null : validator.validateTransactionId(Headers.NEWEST_FORGOTTEN, forgotten);
        validator.throwIfInvalid();
        Set<String> features = request == null || request.features() == null
                ? Set.of()
                : Set.copyOf(request.features().stream()
                        .filter(f -> f != null && f.length() <= FEATURE_CHARS_MAX)
                        .limit(FEATURES_MAX)
                        .toList());
        if (newestEvicted != null) {
            ids.continueAfter(newestEvicted);
        }
        return Uni.createFrom()
                .completionStage(() -> coordinator.registrations().register(name, url, instance, features))
                .invoke(answer -> {
                    if (answer instanceof Answer.Refused<?>(Refusal refusal)) {
                        unregistered.refused(name, refusal.detail());
                    }
                })
                .map(Problems::valueOrThrow)
                .map(registered -> RestResponse.ResponseBuilder.create(
                                registered.isNew() ? RestResponse.Status.CREATED : RestResponse.Status.OK,
                                toDocument(registered.registration()))
                        .build());
    }

    @DELETE
    @Path("/{id}")
    @Produces(MediaType.WILDCARD)
    public RestResponse<Void> deregister(
            @RestPath String id, @Context RoutingContext context, @QueryParam("instance") @Nullable String instance) {
        requireOwner(id, context);
        RequestValidator validator = new RequestValidator(limits);
        UUID expected = instance == null ? null : validator.validateInstance(instance);
        validator.throwIfInvalid();
        registry.deregister(id, expected);
        return RestResponse.noContent();
    }

    @GET
    public RegistrationList list() {
        return new RegistrationList(
                registry.all().stream().map(this::toDocument).toList());
    }

    @GET
    @Path("/{id}")
    public RegistrationDocument get(@RestPath String id) {
        Registration registration = registry.find(id);
        if (registration == null) {
            throw Problems.notFound("no such resource manager");
        }
        return toDocument(registration);
    }

    /** Refuses callers that do not own the id. Called before any other check. */
    private void requireOwner(String id, RoutingContext call) {
        Caller caller = access.caller(call);
        if (!caller.owns(id)) {
            String detail = "the caller %s may not register this resource manager".formatted(caller.principal());
            throw Problems.create("NOT_YOURS", 403, detail);
        }
    }

    private RegistrationDocument toDocument(Registration r) {
        return new RegistrationDocument(
                r.id(),
                r.url(),
                r.instance().toString(),
                r.features(),
                registry.isLive(r),
                registry.lease().toMillis(),
                r.registeredAt(),
                r.renewedAt());
    }
}

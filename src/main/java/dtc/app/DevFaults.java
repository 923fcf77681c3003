package dtc.app;

import dtc.rest.Problems;
import dtc.runtime.participant.HostedResourceManagers;
import io.quarkus.arc.profile.IfBuildProfile;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/**
 * Injects faults into a hosted resource manager for manual tests. Included in dev mode and tests only: in a packaged
 * application neither the path nor the filter exists.
 */
@Singleton
@IfBuildProfile(anyOf = {"dev", "test"})
@Path("/dev/resource-managers")
public class DevFaults {

    /** The faults: hang at prepare, abort at prepare, and hang at commit. */
    private static final Set<String> FAULTS = Set.of("hang", "abort", "hang-commit");

    private static final Pattern MESSAGE = Pattern.compile("/rm/([^/]+)/(?:transactions/[^/]+/(prepare|commit)|batch)");
    private static final Duration HANG = Duration.ofMinutes(1);

    private final Map<String, String> faults = new ConcurrentHashMap<>();

    /** Resolved for each call, because filters are created before the runtime configuration is available. */
    private final Instance<HostedResourceManagers> hosted;

    DevFaults(Instance<HostedResourceManagers> hosted) {
        this.hosted = hosted;
    }

    /** Returns the faults by resource manager. */
    @GET
    @NonBlocking
    public Map<String, String> all() {
        return new TreeMap<>(faults);
    }

    /** Sets the fault of a resource manager. {@code kind} is hang, abort or hang-commit; absent to remove the fault. */
    @PUT
    @Path("/{id}/fault")
    @NonBlocking
    public void set(@RestPath String id, @QueryParam("kind") @Nullable String kind) {
        if (hosted.get().find(id) == null) {
            throw Problems.notFound("this process does not host this resource manager");
        }
        if (kind == null) {
            faults.remove(id);
        } else if (FAULTS.contains(kind)) {
            faults.put(id, kind);
        } else {
            throw Problems.invalidParameter("kind", "must be one of " + FAULTS + ", or absent");
        }
    }

    @ServerRequestFilter
    @Nullable
    Uni<Response> filter(ContainerRequestContext request) {
        var message = MESSAGE.matcher(request.getUriInfo().getPath());
        String fault = message.matches() ? faults.get(message.group(1)) : null;
        if (fault != null && message.group(2) == null) {
            return Uni.createFrom().item(Response.status(503).build()); // causes each message to be sent separately
        }
        if (fault == null || message.group(2).equals("commit") != fault.equals("hang-commit")) {
            return Uni.createFrom().nullItem();
        }
        return fault.equals("abort")
                ? Uni.createFrom()
                        .item(Response.ok("{\"vote\":\"ABORT\",\"reason\":\"injected fault\"}")
                                .type("application/json")
                                .build())
                : Uni.createFrom()
                        .item(Response.status(503).build())
                        .onItem()
                        .delayIt()
                        .by(HANG);
    }
}

package dtc.app;

import dtc.runtime.HostedResourceManagers;
import io.quarkus.arc.profile.IfBuildProfile;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.BadRequestException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/**
 * Makes an embedded resource manager misbehave at prepare, to try what happens. Built into dev mode and tests only: in
 * a packaged application neither the path nor the filter exists.
 */
@Singleton
@IfBuildProfile(anyOf = {"dev", "test"})
@Path("/dev/resource-managers")
public class DevFaults {

    private static final Set<String> FAULTS = Set.of("hang", "abort");
    private static final Pattern PREPARE = Pattern.compile("/rm/([^/]+)/transactions/[^/]+/prepare");
    private static final Duration HANG = Duration.ofMinutes(1);

    private final Map<String, String> faults = new ConcurrentHashMap<>();

    /** Looked up per call: filters are made before the configuration of the run is there. */
    private final Instance<HostedResourceManagers> hosted;

    DevFaults(Instance<HostedResourceManagers> hosted) {
        this.hosted = hosted;
    }

    /** {@code kind} is hang, abort, or absent for none. */
    @PUT
    @Path("/{id}/fault")
    @NonBlocking
    public void set(@RestPath String id, @QueryParam("kind") @Nullable String kind) {
        if (hosted.get().find(id) == null) {
            throw new NotFoundException("no such resource manager here");
        }
        if (kind == null) {
            faults.remove(id);
        } else if (FAULTS.contains(kind)) {
            faults.put(id, kind);
        } else {
            throw new BadRequestException("kind is one of " + FAULTS + ", or absent");
        }
    }

    @ServerRequestFilter
    @Nullable
    Uni<Response> filter(ContainerRequestContext request) {
        var prepare = PREPARE.matcher(request.getUriInfo().getPath());
        String fault = prepare.matches() ? faults.get(prepare.group(1)) : null;
        if (fault == null) {
            return Uni.createFrom().nullItem();
        }
        return fault.equals("hang")
                ? Uni.createFrom()
                        .item(Response.status(503).build())
                        .onItem()
                        .delayIt()
                        .by(HANG)
                : Uni.createFrom()
                        .item(Response.ok("{\"vote\":\"ABORT\",\"reason\":\"told to\"}")
                                .type("application/json")
                                .build());
    }
}

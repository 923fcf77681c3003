package dtc.app;

import dtc.rest.Edge;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Where this process does not coordinate, the coordinator's paths are not there. */
@Singleton
final class RoleFilter {

    private final boolean coordinates;

    RoleFilter(DtcConfig config) {
        this.coordinates = config.coordinator().enabled();
    }

    @ServerRequestFilter
    void filter(ContainerRequestContext request) {
        String path = request.getUriInfo().getPath();
        if (!coordinates && (isBelow(path, "/transactions") || isBelow(path, "/resource-managers"))) {
            throw Edge.notHere();
        }
    }

    private static boolean isBelow(String path, String root) {
        return path.equals(root) || path.startsWith(root + "/");
    }
}

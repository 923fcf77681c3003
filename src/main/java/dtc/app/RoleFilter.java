package dtc.app;

import dtc.rest.Edge;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Where this process does not coordinate, the coordinator's paths are not there. */
@Singleton
final class RoleFilter {

    /** Looked up per call: filters are made before the configuration of the run is there. */
    private final Instance<DtcConfig> config;

    RoleFilter(Instance<DtcConfig> config) {
        this.config = config;
    }

    @ServerRequestFilter
    void filter(ContainerRequestContext request) {
        String path = request.getUriInfo().getPath();
        if ((path.equals("/")
                        || isBelow(path, "/console")
                        || isBelow(path, "/transactions")
                        || isBelow(path, "/resource-managers"))
                && !config.get().coordinator().enabled()) {
            throw Edge.notHere();
        }
    }

    private static boolean isBelow(String path, String root) {
        return path.equals(root) || path.startsWith(root + "/");
    }
}

package dtc.app;

import dtc.rest.Edge;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/** Where this process does not coordinate, the coordinator's paths are not there. */
@Singleton
final class RoleFilter {

    /** Looked up at the first call: filters are made before the configuration of the run is there. */
    private final Instance<DtcConfig> config;

    private volatile @Nullable Boolean coordinates;

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
                && !coordinates()) {
            throw Edge.notHere();
        }
    }

    private boolean coordinates() {
        Boolean known = coordinates;
        if (known == null) {
            known = config.get().coordinator().enabled();
            coordinates = known;
        }
        return known;
    }

    private static boolean isBelow(String path, String root) {
        return path.equals(root) || path.startsWith(root + "/");
    }
}

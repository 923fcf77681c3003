package dtc.app;

import dtc.rest.Problems;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerRequestContext;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/** Responds 404 on the coordinator's paths if this process is not a coordinator. */
@Singleton
final class RoleFilter {

    /** Read at the first request: filters are created before the runtime configuration is available. */
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
            throw Problems.notFound("this process is not a coordinator");
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

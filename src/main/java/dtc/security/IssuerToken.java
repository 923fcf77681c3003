package dtc.security;

import io.quarkus.oidc.common.OidcEndpoint;
import io.quarkus.oidc.common.OidcRequestFilter;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import org.jspecify.annotations.Nullable;

/**
 * Adds this process's token to requests for the discovery document and the keys of the issuer. Some issuers require it,
 * for example Kubernetes.
 */
@OidcEndpoint({OidcEndpoint.Type.DISCOVERY, OidcEndpoint.Type.JWKS})
public final class IssuerToken implements OidcRequestFilter {

    private final Vertx vertx;
    private final @Nullable String file;

    /**
     * Creates the filter.
     *
     * @param file the token file; null if the issuer requires no token
     */
    public IssuerToken(Vertx vertx, @Nullable String file) {
        this.vertx = vertx;
        this.file = file;
    }

    /**
     * Adds the token. The file is read for each request, because the token may have been renewed and requests are rare.
     */
    @Override
    public Uni<Void> filter(OidcRequestFilterContext context) {
        String path = file;
        if (path == null) {
            return Uni.createFrom().voidItem();
        }
        return Uni.createFrom()
                .completionStage(() -> vertx.fileSystem().readFile(path).toCompletionStage())
                .invoke(content -> context.request()
                        .bearerTokenAuthentication(content.toString().strip()))
                .replaceWithVoid();
    }
}

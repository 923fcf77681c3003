package dtc.security;

import io.quarkus.oidc.common.OidcEndpoint;
import io.quarkus.oidc.common.OidcRequestFilter;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import org.jspecify.annotations.Nullable;

/**
 * Shows a token of ours to the issuer of tokens, where it tells its keys only to those that have one, as Kubernetes
 * may.
 */
@OidcEndpoint({OidcEndpoint.Type.DISCOVERY, OidcEndpoint.Type.JWKS})
public final class IssuerToken implements OidcRequestFilter {

    private final Vertx vertx;
    private final @Nullable String file;

    /** @param file null where the issuer asks for none */
    public IssuerToken(Vertx vertx, @Nullable String file) {
        this.vertx = vertx;
        this.file = file;
    }

    /** Seldom called, so the file is read each time: what is in it may have been renewed. */
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

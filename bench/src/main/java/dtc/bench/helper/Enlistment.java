package dtc.bench.helper;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import jakarta.inject.Singleton;

/** Enlists a participant with a coordinator by one call of the raw HTTP client, which is the cheapest way. */
@Singleton
final class Enlistment {

    private static final int CONNECTIONS_MAX = 512;

    /** Less than the timeout of the coordinators, so that none closes a connection as it is used again. */
    private static final int KEEP_SECONDS = 15;

    private final HttpClient client;

    Enlistment(Vertx vertx) {
        client = vertx.createHttpClient(
                new HttpClientOptions().setMaxPoolSize(CONNECTIONS_MAX).setKeepAliveTimeout(KEEP_SECONDS));
    }

    /** Fails unless the coordinator answers with the expected status. */
    Uni<Void> send(HttpMethod method, String url, String links, int expected) {
        return Uni.createFrom()
                .completionStage(() -> client.request(new RequestOptions()
                                .setMethod(method)
                                .setAbsoluteURI(url)
                                .putHeader("Content-Type", "text/plain")
                                .putHeader("Link", links))
                        .compose(request -> request.send())
                        .compose(response -> response.body().map(body -> {
                            if (response.statusCode() != expected) {
                                throw new IllegalStateException("enlistment: " + response.statusCode() + " " + body);
                            }
                            return body;
                        }))
                        .<Void>mapEmpty()
                        .toCompletionStage());
    }
}

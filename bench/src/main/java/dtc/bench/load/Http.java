package dtc.bench.load;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.Locale;
import java.util.Map;

/** HTTP/1.1 to 127.0.0.1 over persistent connections, from one event loop. */
public final class Http {

    public static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    private static final int CONNECTIONS_MAX = 1024;
    private static final int SILENCE_SECONDS_MAX = 60;

    /** Less than the timeout of any server, so that none closes a connection as it is used again. */
    private static final int KEEP_SECONDS = 15;

    private final HttpClient client;

    Http(Vertx vertx) {
        client = vertx.createHttpClient(new HttpClientOptions()
                .setMaxPoolSize(CONNECTIONS_MAX)
                .setReadIdleTimeout(SILENCE_SECONDS_MAX)
                .setKeepAliveTimeout(KEEP_SECONDS));
    }

    /** An answer with its body. */
    public record Answer(int status, MultiMap headers, Buffer body) {

        public Answer expect(int expected) {
            if (status != expected) {
                throw new UnexpectedAnswer(String.format(Locale.ROOT, "%d instead of %d: %s", status, expected, body));
            }
            return this;
        }

        /** Fails if there is none. */
        public String location() {
            String location = headers.get("Location");
            if (location == null) {
                throw new UnexpectedAnswer("no Location: " + body);
            }
            return location;
        }
    }

    /** An answer that the protocol does not promise. */
    public static final class UnexpectedAnswer extends RuntimeException {
        public UnexpectedAnswer(String message) {
            // These are counted; collecting their stack traces would cost CPU time.
            super(message, null, false, false);
        }
    }

    public Future<Answer> send(HttpMethod method, int port, String path, Map<String, String> headers, String body) {
        RequestOptions options = new RequestOptions()
                .setMethod(method)
                .setHost("127.0.0.1")
                .setPort(port)
                .setURI(path);
        headers.forEach(options::putHeader);
        return client.request(options)
                .compose(request -> body.isEmpty() ? request.send() : request.send(Buffer.buffer(body)))
                .compose(response ->
                        response.body().map(content -> new Answer(response.statusCode(), response.headers(), content)));
    }
}

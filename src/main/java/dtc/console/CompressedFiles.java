package dtc.console;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Map;
import java.util.zip.CRC32;

/** Sends the scripts and styles of the console compressed. Clients that do not accept this get the files themselves. */
@Singleton
final class CompressedFiles {

    /** Before the handler of the files, which Quarkus adds. */
    private static final int ORDER = 100;

    private static final Map<String, String> TYPES = Map.of(
            "/console/console.css", "text/css;charset=utf-8",
            "/console/console.js", "text/javascript;charset=utf-8",
            "/console/try.js", "text/javascript;charset=utf-8");

    /** The path with the version of the library. The library contains a compressed copy of the file. */
    private static final String HTMX = "/_static/htmx\\.org/[^/]+/dist/htmx\\.min\\.js";

    void install(@Observes Router router) throws IOException {
        for (Map.Entry<String, String> file : TYPES.entrySet()) {
            byte[] content = read(file.getKey());
            CRC32 checksum = new CRC32();
            checksum.update(content);
            String etag = HexFormat.of().toHexDigits((int) checksum.getValue());
            Buffer compressed = Buffer.buffer(Gzip.compress(content));
            router.get(file.getKey()).order(ORDER).handler(call -> send(call, file.getValue(), etag, compressed));
        }
        router.getWithRegex(HTMX).order(ORDER).handler(CompressedFiles::rerouteHtmx);
        router.getWithRegex(HTMX + "\\.gz").order(ORDER).handler(CompressedFiles::setHtmxHeaders);
    }

    private static byte[] read(String path) throws IOException {
        String name = "META-INF/resources" + path;
        try (InputStream file = Thread.currentThread().getContextClassLoader().getResourceAsStream(name)) {
            if (file == null) {
                throw new FileNotFoundException(name);
            }
            return file.readAllBytes();
        }
    }

    private static void send(RoutingContext call, String type, String etag, Buffer compressed) {
        if (!Gzip.isAccepted(call)) {
            call.next();
            return;
        }
        call.etag(etag);
        if (call.isFresh()) {
            call.response().setStatusCode(304).end();
            return;
        }
        call.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CONTENT_ENCODING, Gzip.NAME)
                .end(compressed);
    }

    private static void rerouteHtmx(RoutingContext call) {
        if (Gzip.isAccepted(call)) {
            call.reroute(call.normalizedPath() + ".gz");
        } else {
            call.next();
        }
    }

    private static void setHtmxHeaders(RoutingContext call) {
        call.addHeadersEndHandler(_ -> {
            if (call.response().getStatusCode() == 200) {
                call.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, "text/javascript;charset=utf-8")
                        .putHeader(HttpHeaders.CONTENT_ENCODING, Gzip.NAME);
            }
        });
        call.next();
    }
}

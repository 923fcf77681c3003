package dtc.security;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** Answers whatever it is asked, never twice on one connection, and tells what it was asked. */
final class Listener implements AutoCloseable {

    private final HttpServer server;
    private final List<Map<String, List<String>>> calls = new CopyOnWriteArrayList<>();
    private final List<Certificate> certificates = new CopyOnWriteArrayList<>();
    private volatile @Nullable String redirect;

    /** @param port 0 for any that is free */
    Listener(String address, int port) throws IOException {
        this(HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral(address), port), 0));
    }

    /** Over TLS, with the certificate of the context; asks callers for theirs. */
    Listener(SSLContext tls) throws IOException {
        this(overTls(tls));
    }

    private static HttpServer overTls(SSLContext tls) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters asking = tls.getDefaultSSLParameters();
                asking.setNeedClientAuth(true);
                parameters.setSSLParameters(asking);
            }
        });
        return server;
    }

    private Listener(HttpServer server) {
        this.server = server;
        server.createContext("/", exchange -> {
            try (exchange) {
                exchange.getRequestBody().readAllBytes();
                calls.add(Map.copyOf(exchange.getRequestHeaders()));
                if (exchange instanceof HttpsExchange secured) {
                    certificates.add(secured.getSSLSession().getPeerCertificates()[0]);
                }
                exchange.getResponseHeaders().add("Connection", "close");
                String elsewhere = redirect;
                if (elsewhere != null) {
                    exchange.getResponseHeaders().add("Location", elsewhere);
                }
                exchange.sendResponseHeaders(elsewhere == null ? 204 : 307, -1);
            }
        });
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    void redirectTo(String url) {
        redirect = url;
    }

    int calls() {
        return calls.size();
    }

    List<String> seen(String header) {
        return calls.stream()
                .map(call -> call.get(header))
                .filter(Objects::nonNull)
                .map(List::getFirst)
                .toList();
    }

    /** What its callers showed, over TLS. */
    List<Certificate> certificates() {
        return List.copyOf(certificates);
    }

    void forget() {
        calls.clear();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}

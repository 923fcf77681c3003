package dtc.security;

import dtc.runtime.HostRules;
import io.quarkus.tls.TlsConfiguration;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import java.net.ConnectException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * How this process calls others: with a certificate and a token of its own, never with those of its callers.
 *
 * @param hosts what a connection may lead to; null where the address is the operator's own choice
 */
public record Outbound(
        @Nullable TlsConfiguration tls,
        @Nullable TokenFile token,
        @Nullable HostRules hosts) {

    /**
     * To be called when the connection is there and nothing is sent yet. A name may lead elsewhere than when it was
     * allowed, so what counts is the address at the other end.
     */
    public void prepare(HttpClientRequest request) {
        if (hosts != null && !allows(hosts, request)) {
            request.reset(0, new ConnectException("the address is not allowed"));
            request.connection().close(); // fails the request with the cause above
            return;
        }
        if (token != null) {
            request.putHeader(HttpHeaders.AUTHORIZATION, token.authorization());
        }
    }

    private static boolean allows(HostRules hosts, HttpClientRequest request) {
        String address = request.connection().remoteAddress().hostAddress();
        return address != null && hosts.allow(InetAddress.ofLiteral(address));
    }
}

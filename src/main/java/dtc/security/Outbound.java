package dtc.security;

import io.quarkus.tls.TlsConfiguration;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import java.net.ConnectException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * How this process authenticates to others: with its own certificate and token, never with those of its callers.
 *
 * @param hosts the addresses that it may connect to; null if the operator configured the address
 */
public record Outbound(
        @Nullable TlsConfiguration tls,
        @Nullable TokenFile token,
        @Nullable HostRules hosts) {

    /**
     * Prepares a request. Call it once the connection is open and before anything is sent. A name may have another
     * address than when it was checked, so the address of the connection is checked too.
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

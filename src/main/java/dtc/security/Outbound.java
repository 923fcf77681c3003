package dtc.security;

import io.quarkus.tls.TlsConfiguration;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import java.net.ConnectException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * The authentication of outgoing requests. It uses the certificate and token of this process, never those of a caller.
 *
 * @param hosts the addresses that may be connected to; null if the operator configured the address
 */
public record Outbound(
        @Nullable TlsConfiguration tls,
        @Nullable TokenFile token,
        @Nullable HostRules hosts) {

    /**
     * Prepares a request. Must be called after the connection is open and before anything is sent. The address of the
     * connection is checked too, because a name may resolve to another address than when it was checked.
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

package dtc.security;

import io.vertx.core.http.HttpServerRequest;
import jakarta.json.JsonArray;
import jakarta.json.JsonString;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.eclipse.microprofile.jwt.JsonWebToken;
import org.jspecify.annotations.Nullable;

/** Tells from a checked token, and from the certificate of the connection, who calls. */
public final class Callers {

    /**
     * What can be configured.
     *
     * @param roles of subjects whose tokens hold no roles
     * @param owned resource managers of subjects whose tokens do not tell; whoever has some is
     *     {@link Role#RESOURCE_MANAGER}
     * @param ownedClaim the claim of a token that names the resource managers it owns; null for none
     * @param coordinatorSubject whose token the coordinator's is; null where the certificate tells
     * @param coordinatorCertificate a DNS name that the coordinator's certificate has; null where the token tells
     */
    public record Settings(
            Map<String, Set<Role>> roles,
            Map<String, Set<String>> owned,
            @Nullable String ownedClaim,
            @Nullable String coordinatorSubject,
            @Nullable String coordinatorCertificate) {}

    /** Of an alternative name of a certificate (RFC 5280). */
    private static final int DNS_NAME = 2;

    private final Settings settings;

    public Callers(Settings settings) {
        this.settings = settings;
    }

    /** @param claimed what the token says its roles are */
    Caller of(JsonWebToken token, Set<String> claimed) {
        String subject = token.getSubject();
        if (subject == null) {
            return Caller.NOBODY;
        }
        Set<String> owned = new HashSet<>(settings.owned().getOrDefault(subject, Set.of()));
        Set<Role> roles = Role.named(claimed);
        roles.addAll(settings.roles().getOrDefault(subject, Set.of()));
        if (!owned.isEmpty()) {
            roles.add(Role.RESOURCE_MANAGER);
        }
        owned.add(subject);
        if (settings.ownedClaim() != null) {
            owned.addAll(texts(token.getClaim(settings.ownedClaim())));
        }
        return new Caller(subject, roles, owned);
    }

    private static List<String> texts(@Nullable Object claim) {
        return switch (claim) {
            case String text -> List.of(text);
            case JsonString text -> List.of(text.getString());
            case JsonArray array ->
                array.stream().flatMap(one -> texts(one).stream()).toList();
            case Collection<?> some -> some.stream().map(String::valueOf).toList();
            case null, default -> List.of();
        };
    }

    /** Whether this call is the coordinator's: it must show all that is configured, and something is. */
    boolean isCoordinator(Caller caller, HttpServerRequest request) {
        String subject = settings.coordinatorSubject();
        String certificate = settings.coordinatorCertificate();
        return (subject != null || certificate != null)
                && (subject == null || subject.equals(caller.principal()))
                && (certificate == null || hasCertificate(request.sslSession(), certificate));
    }

    /** The server checked the certificate itself already, when the connection was made. */
    private static boolean hasCertificate(@Nullable SSLSession session, String dnsName) {
        try {
            if (session == null || !(session.getPeerCertificates()[0] instanceof X509Certificate certificate)) {
                return false;
            }
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names != null && names.contains(List.of(DNS_NAME, dnsName));
        } catch (SSLPeerUnverifiedException | CertificateParsingException _) {
            return false;
        }
    }
}

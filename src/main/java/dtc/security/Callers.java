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

/** Identifies the caller by its verified token and by the certificate of the connection. */
public final class Callers {

    /**
     * The configuration.
     *
     * @param roles additional roles, by subject
     * @param owned additional resource managers, by subject; a subject with an entry also gets
     *     {@link Role#RESOURCE_MANAGER}
     * @param ownerPrefix a subject that begins with this owns the resource manager named by the rest, and gets
     *     {@link Role#RESOURCE_MANAGER}; null for none
     * @param ownedClaim the token claim that contains the ids of owned resource managers; null for none
     * @param coordinatorSubject the subject of the coordinator's token; null if only the certificate is checked
     * @param coordinatorCertificate a DNS name in the coordinator's certificate; null if only the token is checked
     */
    public record Settings(
            Map<String, Set<Role>> roles,
            Map<String, Set<String>> owned,
            @Nullable String ownerPrefix,
            @Nullable String ownedClaim,
            @Nullable String coordinatorSubject,
            @Nullable String coordinatorCertificate) {}

    /** The type of a DNS name in the subject alternative names of a certificate (RFC 5280). */
    private static final int DNS_NAME = 2;

    private final Settings settings;

    public Callers(Settings settings) {
        this.settings = settings;
    }

    /**
     * Returns the caller that a token identifies.
     *
     * @param claimed the roles in the token
     */
    Caller of(JsonWebToken token, Set<String> claimed) {
        String subject = token.getSubject();
        if (subject == null || subject.isBlank()) {
            return Caller.ANONYMOUS;
        }
        Set<String> owned = new HashSet<>(settings.owned().getOrDefault(subject, Set.of()));
        String prefix = settings.ownerPrefix();
        if (prefix != null && subject.startsWith(prefix) && subject.length() > prefix.length()) {
            owned.add(subject.substring(prefix.length()));
        }
        Set<Role> roles = Role.named(claimed);
        roles.addAll(settings.roles().getOrDefault(subject, Set.of()));
        if (!owned.isEmpty()) {
            roles.add(Role.RESOURCE_MANAGER);
        }
        owned.add(subject);
        if (settings.ownedClaim() != null) {
            owned.addAll(strings(token.getClaim(settings.ownedClaim())));
        }
        return new Caller(subject, roles, owned);
    }

    private static List<String> strings(@Nullable Object claim) {
        return switch (claim) {
            case String text -> List.of(text);
            case JsonString text -> List.of(text.getString());
            case JsonArray array ->
                array.stream().flatMap(item -> strings(item).stream()).toList();
            case Collection<?> values -> values.stream().map(String::valueOf).toList();
            case null, default -> List.of();
        };
    }

    /**
     * Whether the caller is the coordinator. All configured criteria must match, and at least one must be configured.
     */
    boolean isCoordinator(Caller caller, HttpServerRequest request) {
        String subject = settings.coordinatorSubject();
        String certificate = settings.coordinatorCertificate();
        return (subject != null || certificate != null)
                && (subject == null || subject.equals(caller.principal()))
                && (certificate == null || hasCertificate(request.sslSession(), certificate));
    }

    /**
     * Whether the client certificate contains the DNS name. The server has already verified the certificate in the TLS
     * handshake.
     */
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

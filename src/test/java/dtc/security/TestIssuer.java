package dtc.security;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.smallrye.jwt.build.Jwt;
import io.smallrye.jwt.build.JwtClaimsBuilder;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * An issuer of tokens with a discovery document and keys over HTTP. Like that of a Kubernetes cluster, it shows both
 * only to those that have a token themselves.
 */
final class TestIssuer implements AutoCloseable {

    static final String AUDIENCE = "dtc";
    static final String TOKEN_FOR_KEYS = "token-for-keys";

    private static final String KEY_ID = "key-1";

    private final HttpServer server;
    private final KeyPair keys = newKeys();
    private final KeyPair otherKeys = newKeys();
    private final AtomicInteger keysAsked = new AtomicInteger();

    TestIssuer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        server.createContext(
                "/.well-known/openid-configuration", exchange -> answer(exchange, """
                {"issuer":"%s","jwks_uri":"%s/keys"}""".formatted(url(), url())));
        server.createContext("/keys", exchange -> {
            keysAsked.incrementAndGet();
            answer(exchange, keySet());
        });
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** How often its keys were asked for. */
    int keysAsked() {
        return keysAsked.get();
    }

    /** A good token, of the roles. */
    String token(String subject, Role... roles) {
        return sign(claims(subject, AUDIENCE, Duration.ofHours(1), roles), keys);
    }

    /** A good token whose claim of groups is a string. */
    String tokenWithGroup(String subject, String group) {
        return sign(claims(subject, AUDIENCE, Duration.ofHours(1)).claim("groups", group), keys);
    }

    /** A good token that names the resource managers it owns. */
    String tokenOwning(String subject, Set<String> owned) {
        return sign(
                claims(subject, AUDIENCE, Duration.ofHours(1), Role.RESOURCE_MANAGER)
                        .claim("owned", owned),
                keys);
    }

    String expired(String subject, Role... roles) {
        return sign(claims(subject, AUDIENCE, Duration.ofHours(-1), roles), keys);
    }

    String forAnotherAudience(String subject, Role... roles) {
        return sign(claims(subject, "another", Duration.ofHours(1), roles), keys);
    }

    /** Says that it is signed with the issuer's key, and is not. */
    String forged(String subject, Role... roles) {
        return sign(claims(subject, AUDIENCE, Duration.ofHours(1), roles), otherKeys);
    }

    private JwtClaimsBuilder claims(String subject, String audience, Duration lifetime, Role... roles) {
        Instant now = Instant.now();
        JwtClaimsBuilder claims = Jwt.claims()
                .issuer(url())
                .subject(subject)
                .audience(audience)
                .issuedAt(now.minus(Duration.ofHours(2)))
                .expiresAt(now.plus(lifetime))
                .claim("jti", UUID.randomUUID().toString());
        return roles.length == 0
                ? claims
                : claims.groups(Set.of(roles).stream().map(Role::toString).collect(Collectors.toSet()));
    }

    private static String sign(JwtClaimsBuilder claims, KeyPair keys) {
        return claims.jws().keyId(KEY_ID).sign(keys.getPrivate());
    }

    private String keySet() {
        RSAPublicKey key = (RSAPublicKey) keys.getPublic();
        return """
                {"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"%s","n":"%s","e":"%s"}]}""".formatted(KEY_ID, base64(key.getModulus()), base64(key.getPublicExponent()));
    }

    private static String base64(BigInteger number) {
        byte[] bytes = number.toByteArray();
        int sign = bytes[0] == 0 ? 1 : 0;
        return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOfRange(bytes, sign, bytes.length));
    }

    private static void answer(HttpExchange exchange, String body) throws IOException {
        try (exchange) {
            String shown = exchange.getRequestHeaders().getFirst("Authorization");
            if (!Objects.equals(shown, "Bearer " + TOKEN_FOR_KEYS)) {
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has RSA", e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}

package dtc.security;

import io.smallrye.certs.CertificateGenerator;
import io.smallrye.certs.CertificateRequest;
import io.smallrye.certs.CertificateUtils;
import io.smallrye.certs.Format;
import io.smallrye.certs.ca.CaGenerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** An authority, and the certificates that it gave out, as PEM files. */
public final class TestCertificates {

    private static final char[] PASSWORD = "secret".toCharArray();

    private final Path directory;
    private final X509Certificate authority;
    private final PrivateKey authorityKey;

    public TestCertificates(Path directory) throws Exception {
        this.directory = directory;
        Path store = directory.resolve("ca.p12");
        authority = new CaGenerator(
                        authorityFile().toFile(), keyFile("ca").toFile(), store.toFile(), new String(PASSWORD))
                .generate("test authority", "dtc", "test", "Town", "State", "XX");
        KeyStore made = KeyStore.getInstance(store.toFile(), PASSWORD);
        authorityKey = (PrivateKey) made.getKey(CaGenerator.KEYSTORE_KEY_ENTRY, PASSWORD);
    }

    public Path authorityFile() {
        return directory.resolve("ca.crt");
    }

    public Path certificateFile(String name) {
        return directory.resolve(name + ".crt");
    }

    public Path keyFile(String name) {
        return directory.resolve(name + ".key");
    }

    /** Writes a certificate of the name, for {@code <name>.test} and this machine, in place of the former one. */
    public TestCertificates issue(String name) throws Exception {
        return issue(name, Duration.ofDays(1));
    }

    /** @param validity from now on; a certificate with a negative validity has expired */
    TestCertificates issue(String name, Duration validity) throws Exception {
        new CertificateGenerator(directory, true)
                .generate(new CertificateRequest()
                        .withName(name)
                        .withCN(name)
                        .withFormat(Format.PEM)
                        .withDuration(validity)
                        .withSubjectAlternativeName("DNS:" + name + ".test")
                        .withSubjectAlternativeName("DNS:localhost")
                        .withSubjectAlternativeName("IP:127.0.0.1")
                        .signedWith(authority, authorityKey));
        return this;
    }

    /**
     * Trusts this authority, and shows the certificate of the name, given out by {@code by}; none where that is null.
     */
    SSLContext context(@Nullable TestCertificates by, String name) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", authority);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        if (by != null) {
            own.setKeyEntry(name, key(by.keyFile(name)), PASSWORD, new Certificate[] {
                CertificateUtils.loadCertificate(by.certificateFile(name).toFile())
            });
        }
        keys.init(own, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static PrivateKey key(Path pem) throws Exception {
        String base64 = Files.readString(pem).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
    }
}

package dtc.store.postgresql;

import dtc.protocol.PlainText;
import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoreException.Kind;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.pgclient.SslMode;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Connects to the database, and converts its failures to messages for operators. */
final class Connector {

    /**
     * Shorter than the second that the coordinator waits for a vote, and shorter than the timeout in
     * {@link PostgresResourceStore}.
     */
    private static final int STATEMENT_TIMEOUT_MILLIS = 700;

    /** An append of a large transaction takes longer. If it failed each time, the commit would never be stored. */
    private static final int APPEND_TIMEOUT_MILLIS = 20_000;

    private static final int LOCK_TIMEOUT_MILLIS = 500;

    /** Rolls back the transaction of an opening if its process has stopped. */
    private static final int IDLE_IN_TRANSACTION_MILLIS = 5_000;

    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

    private static final long HANDSHAKE_TIMEOUT_MILLIS = 10_000;

    /** Closes connections without traffic, which may be half open. */
    private static final int IDLE_TIMEOUT_SECONDS = 300;

    private static final int MESSAGE_CHARS_MAX = 300;
    private static final String STATEMENT_TIMEOUT = "statement_timeout";

    private final Vertx vertx;
    private final PostgresSettings settings;
    private final @Nullable TrustOptions trust;
    private final @Nullable KeyCertOptions certificate;
    private final String applicationName;

    Connector(
            Vertx vertx,
            PostgresSettings settings,
            @Nullable TrustOptions trust,
            @Nullable KeyCertOptions certificate,
            String applicationName) {
        this.vertx = vertx;
        this.settings = settings;
        this.trust = trust;
        this.certificate = certificate;
        this.applicationName = applicationName;
    }

    /** Reads the password file, if there is one, and returns the options of a connection. */
    Future<PgConnectOptions> options() {
        Path file = settings.passwordFile();
        if (file == null) {
            return Future.succeededFuture(options(null));
        }
        return vertx.fileSystem()
                .readFile(file.toString())
                .map(content -> options(content.toString().strip()))
                .recover(failure -> Future.failedFuture(new StoreException(
                        Kind.UNUSABLE,
                        "no password can be read from %s (%s): check dtc.rm.store.password-file (DTC_RM_STORE_PASSWORD_FILE)"
                                .formatted(file, failure.getClass().getSimpleName()))));
    }

    private PgConnectOptions options(@Nullable String password) {
        Map<String, String> properties = new HashMap<>(PgConnectOptions.DEFAULT_PROPERTIES);
        properties.put("application_name", applicationName);
        properties.put(STATEMENT_TIMEOUT, Integer.toString(STATEMENT_TIMEOUT_MILLIS));
        properties.put("lock_timeout", Integer.toString(LOCK_TIMEOUT_MILLIS));
        properties.put("idle_in_transaction_session_timeout", Integer.toString(IDLE_IN_TRANSACTION_MILLIS));
        // Fencing requires that a statement sees what was committed while it waited for a lock.
        properties.put("default_transaction_isolation", "read committed");
        // A plan that was made while a table was empty is kept for up to a minute while it grows.
        properties.put("enable_seqscan", "off");
        PgConnectOptions options = new PgConnectOptions()
                .setHost(settings.host())
                .setPort(settings.port())
                .setDatabase(settings.database())
                .setUser(settings.username())
                .setProperties(properties)
                .setCachePreparedStatements(true)
                .setSslMode(SslMode.of(settings.sslMode()))
                .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
                .setIdleTimeout(IDLE_TIMEOUT_SECONDS)
                .setIdleTimeoutUnit(TimeUnit.SECONDS);
        options.setTcpKeepAlive(true);
        if (password != null) {
            options.setPassword(password);
        }
        if (trust != null) {
            options.setTrustOptions(trust);
        }
        if (certificate != null) {
            options.setKeyCertOptions(certificate);
        }
        switch (options.getSslMode()) {
            case VERIFY_FULL -> options.setHostnameVerificationAlgorithm("HTTPS");
            case REQUIRE, PREFER, ALLOW -> options.setTrustAll(true);
            case VERIFY_CA, DISABLE -> {}
        }
        return options;
    }

    /** Opens a connection. Fails if the server accepts it and then does not answer. */
    Future<PgConnection> connect(PgConnectOptions options) {
        Future<PgConnection> connected = PgConnection.connect(vertx, options);
        return connected
                .timeout(HANDSHAKE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
                .onFailure(_ -> connected.onSuccess(PgConnection::close));
    }

    Pool appends(PgConnectOptions options) {
        return pool(
                new PgConnectOptions(options).addProperty(STATEMENT_TIMEOUT, Integer.toString(APPEND_TIMEOUT_MILLIS)),
                1);
    }

    /** Without a timeout for waiting callers: it would fire after the pool was closed, and log an error. */
    Pool pool(PgConnectOptions options, int size) {
        return PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(size).setConnectionTimeout(0))
                .connectingTo(options)
                .using(vertx)
                .build();
    }

    /** Converts a failure to one whose message says what an operator can do. */
    StoreException toStoreException(Throwable failure) {
        if (failure instanceof StoreException known) {
            return known;
        }
        String reason = PlainText.singleLine(
                failure.getMessage() == null ? failure.toString() : failure.getMessage(), MESSAGE_CHARS_MAX);
        if (!(failure instanceof PgException refused)) {
            if (!settings.sslMode().equals("disable") && (failure instanceof SSLException || reason.contains("SSL"))) {
                return new StoreException(
                        Kind.UNUSABLE,
                        "no TLS connection to the database at %s (%s): check its certificate, the trust store of"
                                        .formatted(settings.address(), reason)
                                + " dtc.rm.store.tls-configuration-name (DTC_RM_STORE_TLS_CONFIGURATION_NAME), and sslmode in "
                                + settings.urlKey());
            }
            return new StoreException(
                    Kind.UNAVAILABLE,
                    "the database at %s does not answer (%s): check %s, and that the server is running"
                            .formatted(settings.address(), reason, settings.urlKey()));
        }
        String state = String.valueOf(refused.getSqlState());
        String message = PlainText.singleLine(String.valueOf(refused.getErrorMessage()), MESSAGE_CHARS_MAX);
        return switch (state) {
            case "28P01", "28000" ->
                unusable(
                        message,
                        "check dtc.rm.store.username (DTC_RM_STORE_USERNAME) and dtc.rm.store.password-file"
                                + " (DTC_RM_STORE_PASSWORD_FILE)");
            case "3D000" -> unusable(message, "create the database, or change the name in " + settings.urlKey());
            case "42501" ->
                unusable(
                        message,
                        "grant the user %s of dtc.rm.store.username (DTC_RM_STORE_USERNAME) the right to create the tables"
                                        .formatted(settings.username())
                                + " in the schema " + settings.schema()
                                + ", or create them and grant SELECT, INSERT, UPDATE, DELETE on them");
            case "3F000" -> unusable(message, "change dtc.rm.store.schema (DTC_RM_STORE_SCHEMA)");
            default ->
                new StoreException(
                        state.startsWith("57P") || state.startsWith("08") ? Kind.UNAVAILABLE : Kind.REFUSED,
                        "the database at %s of %s answers: %s (%s)"
                                .formatted(settings.address(), settings.urlKey(), message, state));
        };
    }

    private StoreException unusable(String message, String remedy) {
        return new StoreException(
                Kind.UNUSABLE, "the database at %s answers: %s. %s".formatted(settings.address(), message, remedy));
    }
}

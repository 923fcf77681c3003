package dtc.store.postgresql;

import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoreException.Kind;
import io.vertx.core.Future;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.HashSet;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Checks the server, and creates the tables unless they exist. Each failure says what to change. */
final class Schema {

    private static final Logger LOG = Logger.getLogger(Schema.class);

    private final PostgresSettings settings;
    private final Statements sql;
    private boolean warned;

    Schema(PostgresSettings settings, Statements sql) {
        this.settings = settings;
        this.sql = sql;
    }

    /** Checks the settings of the server, and changes those of later connections if necessary. */
    Future<@Nullable Void> prepareServer(PgConnection connection, PgConnectOptions options) {
        return connection.query(sql.server()).execute().<@Nullable Void>compose(rows -> {
            Row server = rows.iterator().next();
            if (server.getBoolean("in_recovery")) {
                return Future.failedFuture(new StoreException(
                        Kind.UNAVAILABLE,
                        "the server of %s is a standby: set %s to the primary"
                                .formatted(settings.address(), settings.urlKey())));
            }
            if (!server.getString("server_encoding").equals("UTF8")) {
                return Future.failedFuture(new StoreException(
                        Kind.UNUSABLE,
                        "the encoding of the database of %s is %s: create it with ENCODING 'UTF8'"
                                .formatted(settings.urlKey(), server.getString("server_encoding"))));
            }
            if (server.getString("fsync").equals("off") && !warned) {
                warned = true;
                LOG.warnf(
                        "the server of %s has fsync=off: a failure of its machine loses committed transactions",
                        settings.urlKey());
            }
            if (server.getString("synchronous_commit").equals("off")) {
                options.addProperty("synchronous_commit", "on");
                return connection.query("SET synchronous_commit = on").execute().mapEmpty();
            }
            return Future.succeededFuture();
        });
    }

    Future<@Nullable Void> migrate(PgConnection connection) {
        return connection
                .query(sql.lockMigration())
                .execute()
                .compose(_ -> connection.query(sql.schemaExists()).execute())
                .compose(rows ->
                        rows.iterator().next().getBoolean("found") ? checkVersion(connection) : create(connection));
    }

    private Future<@Nullable Void> checkVersion(PgConnection connection) {
        return connection.query(sql.schemaVersion()).execute().<@Nullable Void>compose(rows -> {
            Integer version = rows.iterator().next().getInteger("version");
            return version != null && version == Statements.SCHEMA_VERSION
                    ? Future.succeededFuture()
                    : Future.failedFuture(new StoreException(
                            Kind.UNUSABLE,
                            "the tables in the schema " + settings.schema() + " of " + settings.urlKey()
                                    + " have version "
                                    + version + ", and this release of DTC knows version "
                                    + Statements.SCHEMA_VERSION + ":"
                                    + " use a newer release, or set dtc.rm.store.schema (DTC_RM_STORE_SCHEMA)"));
        });
    }

    private Future<@Nullable Void> create(PgConnection connection) {
        Future<@Nullable Void> done = connection
                .query("SELECT 1 FROM pg_namespace WHERE nspname = '" + settings.schema() + "'")
                .execute()
                .compose(rows -> rows.size() > 0 ? Future.succeededFuture() : execute(connection, sql.createSchema()));
        for (String statement : sql.create()) {
            done = done.compose(_ -> execute(connection, statement));
        }
        return done;
    }

    private static Future<@Nullable Void> execute(PgConnection connection, String statement) {
        return connection.query(statement).execute().mapEmpty();
    }

    Future<@Nullable Void> checkRights(PgConnection connection) {
        String[] tables = Statements.TABLES.stream().map(sql::qualified).toArray(String[]::new);
        return connection
                .preparedQuery(sql.missingRights())
                .execute(Tuple.tuple().addArrayOfString(tables))
                .<@Nullable Void>compose(rows -> {
                    Set<String> missing = new HashSet<>();
                    rows.forEach(row -> missing.add(row.getString("missing").replace("\"", "")));
                    return missing.isEmpty()
                            ? Future.succeededFuture()
                            : Future.failedFuture(new StoreException(
                                    Kind.UNUSABLE,
                                    "the user %s of dtc.rm.store.username (DTC_RM_STORE_USERNAME) has no right to %s:"
                                                    .formatted(settings.username(), String.join(", ", missing))
                                            + " GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
                                            + settings.schema() + " TO " + settings.username()));
                });
    }
}

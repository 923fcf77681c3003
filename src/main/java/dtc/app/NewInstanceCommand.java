package dtc.app;

import dtc.rest.RequestValidator;
import dtc.store.postgresql.PostgresResourceStore;
import dtc.store.postgresql.PostgresSettings;
import io.vertx.core.Vertx;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;

/**
 * The command {@code rm new-instance}: after the database of a resource manager was restored from a backup, gives the
 * resource manager a new instance, so that no coordinator takes it for the one that had later data.
 */
final class NewInstanceCommand {

    static final String NAME = "new-instance";

    private static final String USAGE = """
            usage: rm new-instance <resource manager>
                   Its database is configured by the environment variables DTC_RM_STORE_URL or DTC_RM_STORES__<ID>__URL,
                   DTC_RM_STORE_USERNAME, DTC_RM_STORE_PASSWORD_FILE, and DTC_RM_STORE_SCHEMA.""";

    private static final int DONE = 0;
    private static final int FAILED = 1;
    /** The exit code for wrong arguments. */
    private static final int ERROR = 2;

    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;

    NewInstanceCommand(Map<String, String> environment, PrintStream out, PrintStream err) {
        this.environment = environment;
        this.out = out;
        this.err = err;
    }

    /** Runs the command with the arguments after {@code rm}, and returns its exit code. */
    int run(List<String> args) {
        if (args.size() != 2 || !RequestValidator.isName(args.get(1))) {
            err.println(USAGE);
            return ERROR;
        }
        String id = args.get(1);
        String own = environment.get(Stores.ownVariable(id));
        String url = own != null ? own : environment.get("DTC_RM_STORE_URL");
        if (url == null) {
            err.println(USAGE);
            return ERROR;
        }
        PostgresSettings settings;
        try {
            String passwordFile = environment.get("DTC_RM_STORE_PASSWORD_FILE");
            settings = PostgresSettings.of(
                    own != null ? Stores.ownVariable(id) : "DTC_RM_STORE_URL",
                    url,
                    environment.get("DTC_RM_STORE_USERNAME"),
                    passwordFile == null ? null : Path.of(passwordFile),
                    environment.getOrDefault("DTC_RM_STORE_SCHEMA", "public"),
                    "prefer",
                    1);
        } catch (IllegalArgumentException e) {
            err.println(e.getMessage());
            return ERROR;
        }
        return run(id, settings);
    }

    private int run(String id, PostgresSettings settings) {
        Vertx vertx = Vertx.vertx();
        try {
            long prepared = new PostgresResourceStore(vertx, id, settings, 1, null, null)
                    .renewInstance()
                    .toCompletableFuture()
                    .join();
            out.printf(
                    Locale.ROOT,
                    "%s has a new instance. A process that serves it must be restarted. Transactions in doubt: %d%s%n",
                    id,
                    prepared,
                    prepared == 0
                            ? ""
                            : ". Once it runs again, list them (GET /rm/%s/transactions), and end each with rm resolve"
                                    .formatted(id));
            return DONE;
        } catch (CompletionException e) {
            err.println(e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
            return FAILED;
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }
}

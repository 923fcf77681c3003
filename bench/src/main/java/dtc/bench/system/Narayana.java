package dtc.bench.system;

import dtc.bench.load.Http;
import dtc.bench.load.Outcome;
import dtc.bench.load.Transaction;
import dtc.bench.peer.LraServer;
import dtc.bench.peer.RestAtServer;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Narayana with either of its protocols over HTTP. In both, clients begin at the coordinator, write to each
 * participant, which enlists itself, and end at the coordinator.
 */
public final class Narayana implements MeasuredSystem {

    /** As many as the most clients, so that none waits for a thread. */
    private static final int WORKER_THREADS = 256;

    private static final String VOLATILE = "com.arjuna.ats.internal.arjuna.objectstore.VolatileStore";
    private static final Map<String, String> FORM = Map.of("Content-Type", "application/x-www-form-urlencoded");
    private static final Map<String, String> STATUS = Map.of("Content-Type", "application/txstatus");
    private static final Map<String, String> TEXT = Map.of("Content-Type", "text/plain");

    private final SystemName name;
    private final int port;
    private final JavaProcess coordinator;
    private final HelperProcesses helpers;

    private Narayana(SystemName name, int port, JavaProcess coordinator, HelperProcesses helpers) {
        this.name = name;
        this.port = port;
        this.coordinator = coordinator;
        this.helpers = helpers;
    }

    public static Narayana start(ProcessLauncher launcher, Peers peers, SystemName name, HelperProcesses helpers) {
        int port = ProcessLauncher.freePort();
        return new Narayana(name, port, coordinator(launcher, peers, name, port, name.id()), helpers);
    }

    /** Seconds from the start of a coordinator to the first transaction that it begins. */
    public static double startUpSeconds(ProcessLauncher launcher, Peers peers, SystemName name) {
        int port = ProcessLauncher.freePort();
        long begin = System.nanoTime();
        try (JavaProcess process = coordinator(launcher, peers, name, port, "start-up-" + name.id())) {
            process.mustLive();
            return (System.nanoTime() - begin) / 1e9;
        }
    }

    private static JavaProcess coordinator(
            ProcessLauncher launcher, Peers peers, SystemName name, int port, String processName) {
        List<String> arguments = new ArrayList<>();
        // By default, HttpURLConnection keeps only five connections to a participant.
        arguments.add("-Dhttp.maxConnections=256");
        for (String store : List.of("", "communicationStore.", "stateStore.")) {
            String settings = "-DObjectStoreEnvironmentBean." + store;
            arguments.add(settings + "objectStoreDir=" + launcher.directory(processName));
            if (isVolatile(name)) {
                arguments.add(settings + "objectStoreType=" + VOLATILE);
            }
        }
        boolean restAt = isRestAt(name);
        arguments.addAll(List.of(
                "-cp",
                restAt ? peers.restAt() : peers.lra(),
                (restAt ? RestAtServer.class : LraServer.class).getName(),
                Integer.toString(port),
                Integer.toString(WORKER_THREADS)));
        JavaProcess process = launcher.start(processName, arguments);
        launcher.await(
                process,
                restAt
                        ? ProcessLauncher.post(
                                port, "/tx/transaction-manager", "application/x-www-form-urlencoded", "timeout=1000")
                        : ProcessLauncher.post(
                                port, "/lra-coordinator/start?ClientID=bench&TimeLimit=1000", "text/plain", ""),
                answer -> answer.statusCode() == 201);
        return process;
    }

    private static boolean isRestAt(SystemName name) {
        return switch (name) {
            case RESTAT_FILE, RESTAT_VOLATILE -> true;
            case LRA_FILE, LRA_VOLATILE -> false;
            case DTC_MEMORY, DTC_FILE, DTC_UNBATCHED, ECHO -> throw new IllegalArgumentException(name.name());
        };
    }

    private static boolean isVolatile(SystemName name) {
        return name == SystemName.RESTAT_VOLATILE || name == SystemName.LRA_VOLATILE;
    }

    @Override
    public SystemName name() {
        return name;
    }

    @Override
    public Set<Form> forms() {
        return EnumSet.of(Form.INTERACTIVE, Form.ROLLBACK);
    }

    @Override
    public SequencedMap<String, JavaProcess> processes() {
        return helpers.with(coordinator);
    }

    @Override
    public Transaction transaction(Form form, int participants, Keys keys) {
        boolean commits = switch (form) {
            case INTERACTIVE -> true;
            case ROLLBACK -> false;
            case ONE_CALL, ECHO -> throw new IllegalArgumentException(form.name());
        };
        return isRestAt(name)
                ? (http, number) -> restAt(http, participants, keys.of(number), commits)
                : (http, number) -> lra(http, participants, keys.of(number), commits);
    }

    private Future<Outcome> restAt(Http http, int participants, String key, boolean commits) {
        return http.send(HttpMethod.POST, port, "/tx/transaction-manager", FORM, "timeout=60000")
                .compose(begun -> {
                    String transaction = begun.expect(201).location();
                    String status = commits ? "txstatus=TransactionCommitted" : "txstatus=TransactionRolledBack";
                    return writes(http, participants, "/at/", "Enlist", transaction, key)
                            .compose(_ ->
                                    http.send(HttpMethod.PUT, port, path(transaction) + "/terminator", STATUS, status))
                            .map(answer -> ending(answer.expect(200), status, commits));
                });
    }

    private Future<Outcome> lra(Http http, int participants, String key, boolean closes) {
        return http.send(HttpMethod.POST, port, "/lra-coordinator/start?ClientID=bench&TimeLimit=60000", TEXT, "")
                .compose(begun -> {
                    String action = begun.expect(201).location();
                    return writes(http, participants, "/lra/", "Long-Running-Action", action, key)
                            .compose(_ -> http.send(
                                    HttpMethod.PUT, port, path(action) + (closes ? "/close" : "/cancel"), TEXT, ""))
                            .map(answer -> ending(answer.expect(200), closes ? "Closed" : "Cancelled", closes));
                });
    }

    private Future<?> writes(
            Http http, int participants, String folder, String header, String transaction, String key) {
        Map<String, String> headers = Map.of("Content-Type", "application/json", header, transaction);
        String write = "{\"key\":\"" + key + "\",\"value\":{\"amount\":42}}";
        Future<?> writes = Future.succeededFuture();
        for (int number = 0; number < participants; number++) {
            int participant = number;
            writes = writes.compose(_ -> http.send(
                            HttpMethod.POST,
                            helpers.port(participant),
                            folder + "rm-" + participant + "/writes",
                            headers,
                            write)
                    .map(answer -> answer.expect(204)));
        }
        return writes;
    }

    private static Outcome ending(Http.Answer answer, String expected, boolean commits) {
        if (!answer.body().toString().equals(expected)) {
            throw new Http.UnexpectedAnswer("not " + expected + ": " + answer.body());
        }
        return commits ? Outcome.COMMITTED : Outcome.ROLLED_BACK;
    }

    private static String path(String url) {
        return url.substring(url.indexOf('/', "http://".length()));
    }
}

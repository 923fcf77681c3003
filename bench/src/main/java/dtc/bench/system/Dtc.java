package dtc.bench.system;

import dtc.bench.load.Http;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.Outcome;
import dtc.bench.load.Transaction;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** DTC: a coordinator, and two processes that host the resource managers alternately. */
public final class Dtc implements MeasuredSystem, AutoCloseable {

    private static final int RESOURCE_MANAGERS = 32;
    private static final int HOSTS = 2;

    private final SystemName name;
    private final int port;
    private final SequencedMap<String, JavaProcess> processes = new LinkedHashMap<>();

    private Dtc(SystemName name, int port) {
        this.name = name;
        this.port = port;
    }

    public static Dtc start(ProcessLauncher launcher, Application application, SystemName name) {
        return start(launcher, application, name, name.id());
    }

    /** {@code label} begins the names of the processes. */
    public static Dtc start(ProcessLauncher launcher, Application application, SystemName name, String label) {
        Dtc dtc = new Dtc(name, ProcessLauncher.freePort());
        JavaProcess coordinator =
                launcher.start(label + "-coordinator", coordinator(launcher, application, name, dtc.port, label));
        launcher.await(
                coordinator, ProcessLauncher.get(dtc.port, "/q/health/ready"), answer -> answer.statusCode() == 200);
        dtc.processes.put("coordinator", coordinator);
        for (int host = 0; host < HOSTS; host++) {
            int first = host;
            String ids = IntStream.range(0, RESOURCE_MANAGERS)
                    .filter(number -> number % HOSTS == first)
                    .mapToObj(Dtc::resourceManager)
                    .collect(Collectors.joining(","));
            String role = "RM process " + (host + 1);
            dtc.processes.put(
                    role,
                    launcher.start(
                            label + "-rm-" + (host + 1),
                            command(
                                    application,
                                    ProcessLauncher.freePort(),
                                    "-Ddtc.coordinator.enabled=false",
                                    "-Ddtc.rm.ids=" + ids,
                                    "-Ddtc.rm.coordinator-url=http://127.0.0.1:" + dtc.port)));
        }
        launcher.await(
                coordinator,
                ProcessLauncher.get(dtc.port, "/resource-managers"),
                answer -> answer.body().split("\"live\":true", -1).length - 1 == RESOURCE_MANAGERS);
        return dtc;
    }

    /**
     * Starts one process with both roles. Returns seconds from its start to its first committed transaction.
     *
     * @param cache the AOT cache from {@link #train}; null to start without
     */
    public static double startUpSeconds(
            ProcessLauncher launcher, Application application, SystemName name, @Nullable Path cache) {
        long begin = System.nanoTime();
        try (JavaProcess _ =
                commitOne(launcher, application, name, cache == null ? List.of() : List.of("-XX:AOTCache=" + cache))) {
            return (System.nanoTime() - begin) / 1e9;
        }
    }

    /** Creates an AOT cache from a run with one transaction. */
    public static Path train(ProcessLauncher launcher, Application application, SystemName name) {
        Path cache = launcher.directory("aot").resolve("dtc.aot");
        try (JavaProcess trained = commitOne(launcher, application, name, List.of("-XX:AOTCacheOutput=" + cache))) {
            trained.stop();
        }
        if (!Files.exists(cache)) {
            throw new IllegalStateException("the training run created no AOT cache");
        }
        return cache;
    }

    private static JavaProcess commitOne(
            ProcessLauncher launcher, Application application, SystemName name, List<String> jvm) {
        int port = ProcessLauncher.freePort();
        String processName = "start-up-" + name.id();
        List<String> arguments = new ArrayList<>(coordinator(launcher, application, name, port, processName));
        arguments.addFirst("-Ddtc.rm.ids=" + resourceManager(0) + "," + resourceManager(1));
        arguments.addAll(0, jvm);
        JavaProcess process = launcher.start(processName, arguments);
        launcher.await(
                process,
                ProcessLauncher.post(port, "/transactions", "application/json", oneCall(2, "key")),
                answer -> answer.statusCode() == 201 && state(answer.body()).equals("COMMITTED"));
        return process;
    }

    private static List<String> coordinator(
            ProcessLauncher launcher, Application application, SystemName name, int port, String processName) {
        List<String> options = new ArrayList<>(List.of("-Ddtc.registration.allowed-hosts=127.0.0.1"));
        if (name == SystemName.DTC_FILE) {
            options.add("-Ddtc.log.kind=file");
            options.add("-Ddtc.log.directory=" + launcher.directory(processName));
        }
        if (name == SystemName.DTC_UNBATCHED) {
            options.add("-Ddtc.messages.batch-max=1");
        }
        options.addAll(application.coordinatorOptions());
        return command(application, port, options.toArray(String[]::new));
    }

    /** The options of the application come last, so that they win. */
    private static List<String> command(Application application, int port, String... options) {
        List<String> arguments = new ArrayList<>(List.of(options));
        Collections.addAll(arguments, "-Dquarkus.http.host=127.0.0.1", "-Dquarkus.http.port=" + port);
        arguments.addAll(application.options());
        Collections.addAll(arguments, "-jar", application.jar().toString());
        return arguments;
    }

    private static String resourceManager(int number) {
        return "rm-" + number;
    }

    @Override
    public SystemName name() {
        return name;
    }

    @Override
    public Set<Form> forms() {
        return EnumSet.of(Form.ONE_CALL, Form.INTERACTIVE, Form.ROLLBACK);
    }

    @Override
    public SequencedMap<String, JavaProcess> processes() {
        return processes;
    }

    @Override
    public Transaction transaction(Form form, int participants, Keys keys) {
        return switch (form) {
            case ONE_CALL ->
                (http, number) -> http.send(
                                HttpMethod.POST,
                                port,
                                "/transactions",
                                Http.JSON,
                                oneCall(participants, keys.of(number)))
                        .map(answer -> ending(answer.expect(201)));
            case INTERACTIVE -> (http, number) -> interactive(http, participants, keys.of(number), "prepare");
            case ROLLBACK -> (http, number) -> interactive(http, participants, keys.of(number), "rollback");
            case ECHO -> throw new IllegalArgumentException(form.name());
        };
    }

    @Override
    public void close() {
        processes.values().forEach(JavaProcess::close);
    }

    @Override
    public BackgroundLoad startBackground(Background background, LoadGenerator load, boolean quick) {
        return new DtcBackground(port, RESOURCE_MANAGERS).start(background, load, quick);
    }

    private Future<Outcome> interactive(Http http, int participants, String key, String last) {
        return http.send(HttpMethod.POST, port, "/transactions", Http.JSON, "").compose(begun -> {
            String transaction = begun.expect(201).location();
            String path = transaction.substring(transaction.indexOf("/transactions/"));
            Future<?> writes = Future.succeededFuture();
            for (int number = 0; number < participants; number++) {
                String write = write(number, key);
                writes = writes.compose(_ -> http.send(HttpMethod.POST, port, path + "/writes", Http.JSON, write)
                        .map(answer -> answer.expect(204)));
            }
            return writes.compose(_ -> http.send(HttpMethod.POST, port, path + "/" + last, Http.JSON, ""))
                    .map(answer -> ending(answer.expect(200)));
        });
    }

    /** The body of a whole transaction. */
    static String oneCall(int participants, String key) {
        return IntStream.range(0, participants)
                .mapToObj(number -> write(number, key))
                .collect(Collectors.joining(",", "{\"autoCommit\":true,\"writes\":[", "]}"));
    }

    static String write(int number, String key) {
        return "{\"resourceManager\":\"" + resourceManager(number) + "\",\"key\":\"" + key
                + "\",\"value\":{\"amount\":42}}";
    }

    private static Outcome ending(Http.Answer answer) {
        String state = state(answer.body().toString());
        return switch (state) {
            // With -ING the outcome is decided, but not yet acknowledged by all participants.
            case "COMMITTED", "COMMITTING" -> Outcome.COMMITTED;
            case "ROLLED_BACK", "ROLLING_BACK" -> Outcome.ROLLED_BACK;
            default -> throw new Http.UnexpectedAnswer("ended " + state + ": " + answer.body());
        };
    }

    /** The first state in the document is that of the transaction; those of its participants follow. */
    private static String state(String document) {
        String before = "\"state\":\"";
        int begin = document.indexOf(before) + before.length();
        return document.substring(begin, document.indexOf('"', begin));
    }
}

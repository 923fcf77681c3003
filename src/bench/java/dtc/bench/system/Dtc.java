package dtc.bench.system;

import dtc.app.DtcConfig;
import dtc.bench.load.Ending;
import dtc.bench.load.Http;
import dtc.bench.load.Load;
import dtc.bench.load.Transaction;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** DTC as it is shipped: a coordinator, and two processes that host the resource managers in turn. */
public final class Dtc implements Measured {

    private static final int RESOURCE_MANAGERS = 32;
    private static final int HOSTS = 2;

    private final SystemName name;
    private final int port;
    private final SequencedMap<String, JavaProcess> processes = new LinkedHashMap<>();

    private Dtc(SystemName name, int port) {
        this.name = name;
        this.port = port;
    }

    /** Whether this DTC has a durable log. */
    public static boolean hasFileLog() {
        return Arrays.stream(DtcConfig.LogConfig.Kind.values())
                .anyMatch(kind -> kind.name().equals("FILE"));
    }

    /** {@code jar} is the packaged application. */
    public static Dtc start(Workshop workshop, Path jar, SystemName name) {
        Dtc dtc = new Dtc(name, Workshop.freePort());
        JavaProcess coordinator =
                workshop.start(name.id() + "-coordinator", coordinator(workshop, jar, name, dtc.port, name.id()));
        workshop.await(coordinator, Workshop.get(dtc.port, "/q/health/ready"), answer -> answer.statusCode() == 200);
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
                    workshop.start(
                            name.id() + "-rm-" + (host + 1),
                            application(
                                    jar,
                                    Workshop.freePort(),
                                    "-Ddtc.coordinator.enabled=false",
                                    "-Ddtc.rm.ids=" + ids,
                                    "-Ddtc.rm.coordinator-url=http://127.0.0.1:" + dtc.port)));
        }
        workshop.await(
                coordinator,
                Workshop.get(dtc.port, "/resource-managers"),
                answer -> answer.body().split("\"live\":true", -1).length - 1 == RESOURCE_MANAGERS);
        return dtc;
    }

    /**
     * Starts one process with both roles. Returns seconds from its start to its first committed transaction.
     *
     * @param cache what {@link #train} made; null to start without
     */
    public static double startUpSeconds(Workshop workshop, Path jar, SystemName name, @Nullable Path cache) {
        long begin = System.nanoTime();
        try (JavaProcess _ =
                commitOne(workshop, jar, name, cache == null ? List.of() : List.of("-XX:AOTCache=" + cache))) {
            return (System.nanoTime() - begin) / 1e9;
        }
    }

    /** Has the JDK make its AOT cache of one start and one transaction. */
    public static Path train(Workshop workshop, Path jar, SystemName name) {
        Path cache = workshop.directory("aot").resolve("dtc.aot");
        try (JavaProcess trained = commitOne(workshop, jar, name, List.of("-XX:AOTCacheOutput=" + cache))) {
            trained.stop();
        }
        if (!Files.exists(cache)) {
            throw new IllegalStateException("no AOT cache came of the training");
        }
        return cache;
    }

    private static JavaProcess commitOne(Workshop workshop, Path jar, SystemName name, List<String> jvm) {
        int port = Workshop.freePort();
        String processName = "start-up-" + name.id();
        List<String> arguments = new ArrayList<>(coordinator(workshop, jar, name, port, processName));
        arguments.addFirst("-Ddtc.rm.ids=" + resourceManager(0) + "," + resourceManager(1));
        arguments.addAll(0, jvm);
        JavaProcess process = workshop.start(processName, arguments);
        workshop.await(
                process,
                Workshop.post(port, "/transactions", "application/json", oneCall(2, "key")),
                answer -> answer.statusCode() == 201 && state(answer.body()).equals("COMMITTED"));
        return process;
    }

    private static List<String> coordinator(
            Workshop workshop, Path jar, SystemName name, int port, String processName) {
        List<String> settings = new ArrayList<>(List.of("-Ddtc.registration.allowed-hosts=127.0.0.1"));
        if (name == SystemName.DTC_FILE) {
            settings.add("-Ddtc.log.kind=file");
            settings.add("-Ddtc.log.directory=" + workshop.directory(processName));
        }
        if (name == SystemName.DTC_UNBATCHED) {
            settings.add("-Ddtc.messages.batch-max=1");
        }
        return application(jar, port, settings.toArray(String[]::new));
    }

    private static List<String> application(Path jar, int port, String... settings) {
        List<String> arguments = new ArrayList<>(List.of(settings));
        Collections.addAll(
                arguments, "-Dquarkus.http.host=127.0.0.1", "-Dquarkus.http.port=" + port, "-jar", jar.toString());
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
    public Gathering gather(Crowd crowd, Load load, int size) {
        return new DtcCrowds(port, RESOURCE_MANAGERS).gather(crowd, load, size);
    }

    private Future<Ending> interactive(Http http, int participants, String key, String last) {
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

    private static Ending ending(Http.Answer answer) {
        String state = state(answer.body().toString());
        return switch (state) {
            // With -ING the outcome is certain, and some participant has not yet acknowledged it.
            case "COMMITTED", "COMMITTING" -> Ending.COMMITTED;
            case "ROLLED_BACK", "ROLLING_BACK" -> Ending.ROLLED_BACK;
            default -> throw new Http.UnexpectedAnswer("ended " + state + ": " + answer.body());
        };
    }

    /** The state of a transaction document is its first one; those of its participants follow. */
    private static String state(String document) {
        String before = "\"state\":\"";
        int begin = document.indexOf(before) + before.length();
        return document.substring(begin, document.indexOf('"', begin));
    }
}

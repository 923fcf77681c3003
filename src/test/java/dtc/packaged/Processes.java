package dtc.packaged;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.testing.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Several processes of the application as it was packaged, jar or native binary, on loopback ports of their own. For
 * classes named {@code *IT}, which run once the application is packaged.
 *
 * <pre>{@code
 * try (Processes processes = new Processes("crash")) {
 *     Application coordinator = processes.coordinator("coordinator").with("DTC_LOG_KIND", "file").start();
 *     Application orders = processes.resourceManagers("orders", coordinator).start();
 *     orders.awaitReady();
 *     coordinator.kill();              // SIGKILL; also pause() and resume(), and stop() for SIGTERM
 *     coordinator.start().awaitReady(); // the same configuration, at the same address
 * }
 * }</pre>
 *
 * What a process prints is appended to {@code target/packaged/<test>/<name>.log}, or {@code <test>-2} and so on while
 * another test uses that directory. Closing kills whatever still runs.
 */
public final class Processes implements AutoCloseable {

    private static final Duration START_MAX = Duration.ofSeconds(60);

    /** More than the drain timeout, and the leaving that follows it. */
    private static final Duration STOP_MAX = Duration.ofSeconds(30);

    private static final Path TARGET = Path.of("target").toAbsolutePath();

    /** See {@link AotCache}. */
    static final Path AOT_CACHE = TARGET.resolve("test.aot");

    /** Below the range that the system takes outgoing ports from, so that a port is still free for a restart. */
    private static final int PORT_FIRST = 20_000;

    private static final int PORT_LAST = 32_000;

    /** Not taken again by tests that run at the same time, even while no process listens there. */
    private static final Set<Integer> PORTS = ConcurrentHashMap.newKeySet();

    private static final Set<Path> DIRECTORIES_IN_USE = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final List<Application> applications = new ArrayList<>();
    private final Random random = new Random();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    /** @param test names the directory below {@code target/packaged} that keeps what the processes print */
    public Processes(String test) {
        this.directory = IntStream.iterate(1, number -> number + 1)
                .mapToObj(number -> TARGET.resolve("packaged").resolve(number == 1 ? test : test + "-" + number))
                .filter(DIRECTORIES_IN_USE::add)
                .findFirst()
                .orElseThrow();
    }

    /** A coordinator, not yet started, without resource managers; it allows those on loopback to register. */
    public Application coordinator(String name) {
        return application(name).with("DTC_REGISTRATION_ALLOWED_HOSTS", "127.0.0.1");
    }

    /** A process, not yet started, that hosts the resource managers {@code ids} (with commas between). */
    public Application resourceManagers(String ids, Application coordinator) {
        return application(ids)
                .with("DTC_COORDINATOR_ENABLED", "false")
                .with("DTC_RM_IDS", ids)
                .with("DTC_RM_COORDINATOR_URL", coordinator.url());
    }

    private Application application(String name) {
        Application application = new Application(name);
        applications.add(application);
        return application;
    }

    /** For what a test needs beside the processes. */
    public int freePort() {
        while (true) {
            int port = random.nextInt(PORT_FIRST, PORT_LAST);
            try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
                if (PORTS.add(port)) {
                    return port;
                }
            } catch (IOException _) {
                // Taken: another one.
            }
        }
    }

    @Override
    public void close() {
        applications.forEach(Application::kill);
        http.close();
        DIRECTORIES_IN_USE.remove(directory);
    }

    /** One process, which may be started again. Not for use by several threads. */
    public final class Application {
        private static final Pattern LISTENING = Pattern.compile("Listening on: (http\\S+)");
        private static final Pattern MANAGEMENT = Pattern.compile("Management interface listening on http");

        private final String name;
        private final int port = freePort();
        private final Map<String, String> environment = new TreeMap<>();
        private @Nullable Path otherJar;
        private final List<String> jvmOptions = new ArrayList<>();
        private final List<String> arguments = new ArrayList<>();
        private @Nullable String shell;
        private @Nullable Process process;
        private long logStart;

        Application(String name) {
            this.name = name;
            with("QUARKUS_HTTP_HOST", "127.0.0.1");
            with("QUARKUS_HTTP_PORT", Integer.toString(port));
            with("QUARKUS_MANAGEMENT_HOST", "127.0.0.1");
            with("QUARKUS_MANAGEMENT_PORT", Integer.toString(freePort()));
        }

        /** Sets an environment variable, for the next start. */
        public Application with(String variable, String value) {
            environment.put(variable, value);
            return this;
        }

        /** Sets environment variables, for the next start. */
        public Application with(Map<String, String> variables) {
            environment.putAll(variables);
            return this;
        }

        /** Leaves an environment variable out, so that the default holds. */
        public Application without(String variable) {
            environment.remove(variable);
            return this;
        }

        /** Runs this jar instead of the packaged application, from the next start. */
        public Application withJar(Path jar) {
            otherJar = jar;
            return this;
        }

        /** Limits the heap, for example to {@code 64m}, from the next start. */
        public Application withHeap(String max) {
            return withJvmOption("-Xmx" + max);
        }

        /** Adds an option of the JVM, from the next start. A later one overrides those of the build. */
        public Application withJvmOption(String option) {
            jvmOptions.add(option);
            return this;
        }

        /** Adds command-line arguments, from the next start. */
        public Application withArguments(String... more) {
            arguments.addAll(List.of(more));
            return this;
        }

        /** Runs these commands of a shell before the application, in the same process, from the next start. */
        public Application withShell(String commands) {
            shell = commands;
            return this;
        }

        /** Runs the packaged application again, from the next start. */
        public Application withPackagedJar() {
            otherJar = null;
            return this;
        }

        /** {@code http://127.0.0.1:<port>}. */
        public String url() {
            return "http://127.0.0.1:" + port;
        }

        /** Waits until it says where it listens, and returns that. */
        public String awaitUrl() {
            await("listening", () -> LISTENING.matcher(output()).find());
            return LISTENING
                    .matcher(output())
                    .results()
                    .findFirst()
                    .orElseThrow()
                    .group(1);
        }

        /** Waits until it ends, and returns its exit code. */
        public int awaitEnd() {
            Process running = running();
            Waiting.await(name + " ends").atMost(START_MAX).until(() -> !running.isAlive());
            return running.exitValue();
        }

        /** Returns at once: see {@link #awaitReady()}. */
        public Application start() {
            if (isAlive()) {
                throw new IllegalStateException(name + " runs already");
            }
            try {
                Files.createDirectories(directory);
                logStart = Files.exists(log()) ? Files.size(log()) : 0;
                List<String> command = new ArrayList<>(otherJar == null ? command() : jarCommand(otherJar));
                int jar = command.indexOf("-jar");
                command.addAll(jar < 0 ? command.size() : jar, jvmOptions);
                command.addAll(arguments);
                if (shell != null) {
                    command.addAll(0, List.of("sh", "-c", shell + " && exec \"$@\"", "sh"));
                }
                ProcessBuilder builder = new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
                // What configures the tests' own JVM must not reach the processes.
                builder.environment().keySet().removeIf(key -> key.startsWith("QUARKUS_") || key.startsWith("DTC_"));
                builder.environment().putAll(environment);
                process = builder.start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return this;
        }

        /** Waits until the readiness probe answers 200; fails where the process ends instead. */
        public Application awaitReady() {
            await("ready", () -> status(healthUrl() + "/ready") == 200);
            return this;
        }

        /** Waits until it answers HTTP, ready or not; fails where the process ends instead. */
        public Application awaitListening() {
            await("listening", () -> status(healthUrl() + "/live") == 200);
            return this;
        }

        /** SIGTERM: a graceful stop. Returns once it has ended. */
        public void stop() {
            stop(STOP_MAX);
        }

        void stop(Duration max) {
            Process running = running();
            running.destroy();
            try {
                assertTrue(running.waitFor(max), () -> name + " does not stop");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        /** SIGKILL; nothing to do where it does not run. */
        public void kill() {
            if (process != null) {
                process.destroyForcibly().onExit().join();
            }
        }

        /** SIGSTOP: it stands still until {@link #resume()}. */
        public void pause() {
            signal("STOP");
        }

        public void resume() {
            signal("CONT");
        }

        public boolean isAlive() {
            return process != null && process.isAlive();
        }

        /** What it printed since its last start. */
        public String output() {
            try {
                byte[] all = Files.readAllBytes(log());
                return new String(all, (int) logStart, (int) (all.length - logStart), UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void await(String what, Condition condition) {
            Waiting.await(name + " is " + what)
                    .atMost(START_MAX)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> {
                        if (!isAlive()) {
                            fail(name + " ended before it was " + what + ":\n" + output());
                        }
                        return condition.holds();
                    });
        }

        /** On the management port, where the application says that it has one. */
        public String managementUrl() {
            return MANAGEMENT.matcher(output()).find()
                    ? "http://127.0.0.1:" + environment.get("QUARKUS_MANAGEMENT_PORT")
                    : url();
        }

        private String healthUrl() {
            return managementUrl() + "/q/health";
        }

        private int status(String url) throws InterruptedException {
            try {
                return http.send(
                                HttpRequest.newBuilder(URI.create(url))
                                        .timeout(Duration.ofSeconds(2))
                                        .build(),
                                BodyHandlers.discarding())
                        .statusCode();
            } catch (IOException _) {
                return 0;
            }
        }

        private void signal(String signal) {
            try {
                int exit = new ProcessBuilder(
                                "kill", "-" + signal, Long.toString(running().pid()))
                        .inheritIO()
                        .start()
                        .waitFor();
                assertTrue(exit == 0, () -> "kill -" + signal + " of " + name);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        private Process running() {
            if (process == null) {
                throw new IllegalStateException(name + " was not started");
            }
            return process;
        }

        private Path log() {
            return directory.resolve(name + ".log");
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    /** Quarkus notes down what it packaged. */
    private static List<String> command() throws IOException {
        Properties artifact = new Properties();
        try (InputStream in = Files.newInputStream(TARGET.resolve("quarkus-artifact.properties"))) {
            artifact.load(in);
        }
        String path = TARGET.resolve(artifact.getProperty("path")).toString();
        return switch (artifact.getProperty("type")) {
            case "native" -> List.of(path);
            case "jar" -> {
                List<String> command = jarCommand(Path.of(path));
                if (Files.exists(AOT_CACHE)) {
                    command.add(1, "-XX:AOTCache=" + AOT_CACHE); // the JVM ignores a cache that does not fit
                }
                yield command;
            }
            default -> throw new IllegalStateException("cannot start " + artifact);
        };
    }

    /** The build sets the options. */
    private static List<String> jarCommand(Path jar) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(System.getProperty("test.process.args", "-Xmx256m").split(" ")));
        command.add("-jar");
        command.add(jar.toString());
        return command;
    }
}

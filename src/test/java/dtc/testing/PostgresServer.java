package dtc.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server in a directory of its own, on a loopback port, with fsync on. The database {@code dtc} belongs to
 * the user {@code dtc}.
 */
public final class PostgresServer implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String PASSWORD = "secret of the test";
    /** Created when it is used first. */
    private static final class Shared {
        private static final PostgresServer SERVER = create();

        static {
            Runtime.getRuntime().addShutdownHook(new Thread(SERVER::close));
        }
    }

    private final Path directory;
    private final Path passwordFile;
    private final int port;
    private @Nullable Process process;

    private PostgresServer(Path directory, int port) {
        this.directory = directory;
        this.passwordFile = directory.resolve("password");
        this.port = port;
    }

    /** The one that all classes of this JVM share. It ends with the JVM. */
    public static PostgresServer shared() {
        RequiredTool.POSTGRESQL.require();
        return Shared.SERVER;
    }

    /** Creates and starts a server. */
    public static PostgresServer create() {
        RequiredTool.POSTGRESQL.require();
        try {
            Path directory = Files.createTempDirectory(
                    "dtc-postgresql",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
            PostgresServer server = new PostgresServer(directory, freePort());
            Files.writeString(server.passwordFile, PASSWORD + "\n");
            if (isRoot()) {
                run(List.of("chown", "-R", "postgres:postgres", directory.toString()));
            }
            run(server.asServerUser(
                    path("initdb"),
                    "-D",
                    server.data(),
                    "-U",
                    "postgres",
                    "-A",
                    "scram-sha-256",
                    "--pwfile=" + server.passwordFile,
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync"));
            server.start();
            server.sql("CREATE ROLE dtc LOGIN PASSWORD '" + PASSWORD + "'");
            server.sql("CREATE DATABASE dtc OWNER dtc");
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static String path(String command) {
        return RequiredTool.POSTGRESQL.path(command).toString();
    }

    private String data() {
        return directory.resolve("data").toString();
    }

    /** The server refuses to run as root. */
    private List<String> asServerUser(String... command) {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            all.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
        }
        all.addAll(List.of(command));
        return all;
    }

    /** Starts the server, unless it runs, and waits until it answers. */
    public void start(String... options) {
        if (process != null && process.isAlive()) {
            return;
        }
        List<String> command = new ArrayList<>(asServerUser(
                path("postgres"),
                "-D",
                data(),
                "-p",
                Integer.toString(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "shared_buffers=32MB",
                "-c",
                "max_connections=60"));
        for (String option : options) {
            command.addAll(List.of("-c", option));
        }
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            Files.createTempFile("dtc-postgresql", ".log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Waiting.await("the database answers").until(() -> psql("postgres", "postgres", "SELECT 1") != null);
    }

    /** Sets the certificate that the server shows once it is started with {@code ssl=on}. */
    public void setCertificate(Path certificate, Path key) throws IOException {
        install("644", certificate, "server.crt");
        install("600", key, "server.key");
    }

    private void install(String mode, Path file, String name) throws IOException {
        List<String> command = new ArrayList<>(List.of("install", "-m", mode));
        if (isRoot()) {
            command.addAll(List.of("-o", "postgres", "-g", "postgres"));
        }
        command.addAll(List.of(file.toString(), data() + "/" + name));
        run(command);
    }

    /** Limits the size of each file of the server, so that a larger one cannot be written; without a limit if 0. */
    public void limitFiles(long bytes) throws IOException {
        Process running = Objects.requireNonNull(process);
        List<ProcessHandle> all = Stream.concat(Stream.of(running.toHandle()), running.descendants())
                .toList();
        for (ProcessHandle one : all) {
            try {
                // The hard limit stays, so that it can be raised again.
                run(asServerUser(
                        "prlimit",
                        "--pid",
                        Long.toString(one.pid()),
                        "--fsize=" + (bytes == 0 ? "unlimited" : Long.toString(bytes)) + ":"));
            } catch (IOException e) {
                if (one.isAlive()) {
                    throw e; // else it was a session that has ended
                }
            }
        }
    }

    /** Kills all processes of the server. */
    public void kill() {
        Process running = process;
        if (running != null) {
            List<ProcessHandle> all = Stream.concat(Stream.of(running.toHandle()), running.descendants())
                    .toList();
            all.forEach(ProcessHandle::destroyForcibly);
            all.forEach(one -> one.onExit().join());
            process = null;
        }
    }

    public int port() {
        return port;
    }

    public String url() {
        return url("dtc");
    }

    public String url(String database) {
        return "postgresql://127.0.0.1:" + port + "/" + database;
    }

    public String username() {
        return "dtc";
    }

    public Path passwordFile() {
        return passwordFile;
    }

    /** The environment of a process that hosts resource managers in the database {@code dtc}. */
    public Map<String, String> environment() {
        return environment("dtc");
    }

    /** The same in another database. */
    public Map<String, String> environment(String database) {
        return Map.of(
                "DTC_RM_STORE_KIND",
                "postgresql",
                "DTC_RM_STORE_URL",
                url(database),
                "DTC_RM_STORE_USERNAME",
                username(),
                "DTC_RM_STORE_PASSWORD_FILE",
                passwordFile.toString());
    }

    /** Runs a statement as administrator in the database {@code postgres}. */
    public String sql(String statement) {
        return in("postgres", statement);
    }

    /** Runs a statement as administrator. Returns the rows, with | between columns. */
    public String in(String database, String statement) {
        String result = psql("postgres", database, statement);
        if (result == null) {
            throw new IllegalStateException("failed: " + statement);
        }
        return result.strip();
    }

    /** Writes a copy of a database into a file. */
    public void dump(String database, Path file) throws IOException {
        runAsAdministrator("pg_dump", database, file);
    }

    /** Loads such a copy into an empty database. */
    public void restore(String database, Path file) throws IOException {
        runAsAdministrator("psql", database, file);
    }

    private void runAsAdministrator(String command, String database, Path file) throws IOException {
        run(
                List.of(
                        path(command),
                        "-h",
                        "127.0.0.1",
                        "-p",
                        Integer.toString(port),
                        "-U",
                        "postgres",
                        "-d",
                        database,
                        "-f",
                        file.toString()),
                Map.of("PGPASSWORD", PASSWORD));
    }

    private @Nullable String psql(String user, String database, String statement) {
        try {
            ProcessBuilder builder = new ProcessBuilder(
                            path("psql"),
                            "-h",
                            "127.0.0.1",
                            "-p",
                            Integer.toString(port),
                            "-U",
                            user,
                            "-d",
                            database,
                            "-AtqX",
                            "-v",
                            "ON_ERROR_STOP=1",
                            "-c",
                            statement)
                    .redirectErrorStream(true);
            builder.environment().put("PGPASSWORD", PASSWORD);
            builder.environment().put("PGCONNECT_TIMEOUT", "5");
            Process psql = builder.start();
            String output = new String(psql.getInputStream().readAllBytes(), UTF_8);
            return psql.waitFor(TIMEOUT) && psql.exitValue() == 0 ? output : null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void run(List<String> command) throws IOException {
        run(command, Map.of());
    }

    private static void run(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process started = builder.start();
        String output = new String(started.getInputStream().readAllBytes(), UTF_8);
        try {
            if (!started.waitFor(TIMEOUT) || started.exitValue() != 0) {
                throw new IOException(command + ": " + output);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        kill();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException _) {
            // Only a temporary directory is left.
        }
    }
}

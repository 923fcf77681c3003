package dtc.participant.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL server of Debian or of the path, in a directory of its own, on a loopback port. If it is not installed,
 * tests are skipped, or fail with {@code CI=true}.
 */
public final class PostgresServer implements AutoCloseable {

    private static final long TIMEOUT_SECONDS = 60;
    private static final String USER = "postgres";

    /** Created when it is used first. */
    private static final class Shared {
        private static final PostgresServer SERVER =
                start("max_prepared_transactions=50", "max_connections=200", "fsync=off");

        static {
            Runtime.getRuntime().addShutdownHook(new Thread(SERVER::close));
        }
    }

    private final Path directory;
    private final int port;
    private final Process process;
    private final AtomicInteger databases = new AtomicInteger();

    private PostgresServer(Path directory, int port, Process process) {
        this.directory = directory;
        this.port = port;
        this.process = process;
    }

    /** The one that all classes of this JVM share. It ends with the JVM. */
    public static PostgresServer shared() {
        return Shared.SERVER;
    }

    /** Starts a server with settings such as {@code max_prepared_transactions=0}. */
    public static PostgresServer start(String... settings) {
        String initdb = tool("initdb");
        try {
            Path directory = Files.createTempDirectory(
                    "dtc-postgresql",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
            if (isRoot()) {
                run(List.of("chown", USER, directory.toString()));
            }
            String data = directory.resolve("data").toString();
            run(asServerUser(
                    initdb, "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"));
            int port = freePort();
            List<String> command = new ArrayList<>(asServerUser(
                    tool("postgres"),
                    "-D",
                    data,
                    "-p",
                    Integer.toString(port),
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    "unix_socket_directories=",
                    "-c",
                    "shared_buffers=32MB"));
            for (String setting : settings) {
                command.add("-c");
                command.add(setting);
            }
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(
                            Files.createTempFile("dtc-postgresql", ".log").toFile())
                    .start();
            PostgresServer server = new PostgresServer(directory, port, process);
            Waiting.until("the database answers", server::answers);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String tool(String name) {
        List<Path> directories = new ArrayList<>();
        try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
            versions.map(version -> version.resolve("bin")).forEach(directories::add);
        } catch (IOException e) {
            // Not Debian: the path follows.
            directories.clear();
        }
        Stream.of(Objects.requireNonNullElse(System.getenv("PATH"), "").split(":", -1))
                .map(Path::of)
                .forEach(directories::add);
        String found = directories.stream()
                .map(directory -> directory.resolve(name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse(null);
        if (found == null) {
            if (Objects.equals(System.getenv("CI"), "true")) {
                throw new IllegalStateException("install the package postgresql");
            }
            Assumptions.abort("install the package postgresql");
        }
        return Objects.requireNonNull(found);
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    /** The server refuses to run as root. */
    private static List<String> asServerUser(String... command) {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            all.addAll(List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups"));
        }
        all.addAll(List.of(command));
        return all;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new IllegalStateException("the server exited with " + process.exitValue());
        }
        try (Connection connection = DriverManager.getConnection(url("postgres"), USER, "")) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    /** Creates a database, and returns its name. */
    public String createDatabase() {
        String name = "test" + databases.incrementAndGet();
        execute("postgres", "CREATE DATABASE " + name);
        return name;
    }

    public String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    public DataSource dataSource(String database) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url(database));
        dataSource.setUser(USER);
        return dataSource;
    }

    /** Runs statements, each one committed. */
    public void execute(String database, String... statements) {
        try (Connection connection = dataSource(database).getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the first column of the first row as text; null if there is none. */
    public @Nullable String value(String database, String sql) {
        try (Connection connection = dataSource(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void run(List<String> command) throws IOException {
        Process started = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(started.getInputStream().readAllBytes(), UTF_8);
        try {
            if (!started.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || started.exitValue() != 0) {
                throw new IOException(command + ": " + output);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            System.getLogger(PostgresServer.class.getName()).log(System.Logger.Level.DEBUG, "a directory is left", e);
        }
    }
}

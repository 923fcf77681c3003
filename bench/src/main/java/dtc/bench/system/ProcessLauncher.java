package dtc.bench.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Starts JVMs, all with the same options, and waits for them. They are killed when this JVM ends. */
public final class ProcessLauncher implements AutoCloseable {

    private static final Duration START_MAX = Duration.ofSeconds(90);
    private static final Duration POLL = Duration.ofMillis(5);

    private final Path directory;
    private final List<String> options;
    private final List<JavaProcess> processes = new ArrayList<>();
    private boolean closed;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** Deletes {@code directory} first. */
    public ProcessLauncher(Path directory, List<String> options) {
        this.directory = directory;
        this.options = options;
        deleteAll(directory);
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    }

    /** {@code arguments} are those after the JVM's own options. */
    synchronized JavaProcess start(String name, List<String> arguments) {
        if (closed) {
            throw new IllegalStateException("closed");
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(arguments);
        Path output = directory(".").resolve(name + ".log");
        try {
            JavaProcess process = new JavaProcess(
                    name,
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start(),
                    output);
            processes.add(process);
            return process;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Creates a directory for one process. */
    public Path directory(String name) {
        try {
            return Files.createDirectories(directory.resolve(name).normalize());
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** A free port. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Repeats a request while the process is alive until the answer is as expected. */
    void await(JavaProcess process, HttpRequest request, Predicate<HttpResponse<String>> expected) {
        long end = System.nanoTime() + START_MAX.toNanos();
        while (System.nanoTime() < end) {
            process.mustLive();
            try {
                if (expected.test(http.send(request, HttpResponse.BodyHandlers.ofString()))) {
                    return;
                }
            } catch (IOException notYet) {
                // It does not listen yet.
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        throw new IllegalStateException("no expected answer from " + request.uri());
    }

    static HttpRequest get(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .build();
    }

    static HttpRequest post(int port, String path, String contentType, String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Content-Type", contentType)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static void deleteAll(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        processes.forEach(JavaProcess::close);
        processes.clear();
        http.close();
    }
}

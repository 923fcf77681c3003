package dtc.rest;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A stub of a resource manager that answers with arbitrary bytes, and records the connection of each request. */
final class RawResourceManager implements AutoCloseable {

    static final String NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";

    /** Answers a request by writing to the connection. */
    interface Behavior {
        void answer(Request request, Connection connection) throws IOException, InterruptedException;
    }

    /** @param connection the number of the connection, from 1 */
    record Request(String path, Map<String, String> headers, String body, int connection) {
        String message() {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    record Connection(Socket socket) {
        void write(String text) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        void close() throws IOException {
            socket.close();
        }
    }

    private final ServerSocket server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private volatile Behavior behavior;

    RawResourceManager(Behavior behavior) {
        this.behavior = behavior;
        try {
            server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        threads.execute(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    sockets.add(socket);
                    int number = connections.incrementAndGet();
                    threads.execute(() -> serve(socket, number));
                } catch (IOException _) {
                    // closed: the loop ends
                }
            }
        });
    }

    /** Always answers with the same bytes. */
    static Behavior always(String answer) {
        return (_, connection) -> connection.write(answer);
    }

    static String response(int status, String contentType, String body) {
        return String.format(
                Locale.ROOT,
                "HTTP/1.1 %d Status\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
                status,
                contentType,
                body.length(),
                body);
    }

    /** Returns a valid answer. */
    static String answer(Request request) {
        return request.message().equals("prepare")
                ? response(200, "application/json", "{\"vote\":\"COMMIT\"}")
                : NO_CONTENT;
    }

    String url() {
        return "http://127.0.0.1:" + server.getLocalPort() + "/base";
    }

    void behave(Behavior next) {
        behavior = next;
    }

    List<Request> requests() {
        return requests;
    }

    private void serve(Socket socket, int number) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (Request request = read(in, number); request != null; request = read(in, number)) {
                requests.add(request);
                behavior.answer(request, new Connection(socket));
            }
        } catch (IOException _) {
            // the coordinator has closed the connection
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static @Nullable Request read(InputStream in, int connection) throws IOException {
        String first = line(in);
        if (first.isEmpty()) {
            return null;
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            int colon = header.indexOf(':');
            headers.put(
                    header.substring(0, colon).toLowerCase(Locale.ROOT),
                    header.substring(colon + 1).strip());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        return new Request(first.split(" ", -1)[1], headers, body, connection);
    }

    /** The next line, without its end; empty at the end of the stream. */
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != -1 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString().strip();
    }

    @Override
    public void close() {
        threads.shutdownNow();
        try {
            server.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

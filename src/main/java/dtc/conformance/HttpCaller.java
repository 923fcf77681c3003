package dtc.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests over sockets, since the clients of the JDK repeat some requests and hide surplus bytes after a
 * response.
 */
final class HttpCaller {

    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;
    private static final int BODY_BYTES_MAX = 64 << 20;
    private static final Duration SURPLUS_WAIT = Duration.ofMillis(300);

    private final URI base;

    HttpCaller(URI base) {
        this.base = base;
    }

    /** Sends one request on a new connection. */
    Exchange call(String method, String path, Map<String, String> headers, @Nullable String body, Duration timeout) {
        try (Connection connection = new Connection(timeout)) {
            return connection.call(method, path, headers, body, timeout, true);
        } catch (IOException e) {
            return new Exchange(described(method, path, headers, body), null, "not connected: " + e, Duration.ZERO);
        }
    }

    /** Opens a connection for several requests. */
    Connection connect(Duration timeout) throws IOException {
        return new Connection(timeout);
    }

    private String described(String method, String path, Map<String, String> headers, @Nullable String body) {
        StringBuilder text = new StringBuilder(method + " " + base + path);
        headers.forEach((name, value) -> {
            if (!name.equals("Authorization")) {
                text.append(" [").append(name).append(": ").append(value).append(']');
            }
        });
        return text.append(body == null ? "" : " " + Exchange.shortened(body)).toString();
    }

    final class Connection implements AutoCloseable {

        private final Socket socket;
        private final InputStream in;
        private long deadlineNanos;

        private Connection(Duration timeout) throws IOException {
            boolean secure = "https".equalsIgnoreCase(base.getScheme());
            int port = base.getPort() > 0 ? base.getPort() : secure ? 443 : 80;
            Socket plain = new Socket();
            try {
                plain.connect(new InetSocketAddress(base.getHost(), port), (int) timeout.toMillis());
                plain.setTcpNoDelay(true);
                socket = secure ? secured(plain, port) : plain;
                in = new BufferedInputStream(socket.getInputStream());
            } catch (IOException e) {
                plain.close();
                throw e;
            }
        }

        private Socket secured(Socket plain, int port) throws IOException {
            SSLSocket secured = (SSLSocket)
                    ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, base.getHost(), port, true);
            SSLParameters parameters = secured.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secured.setSSLParameters(parameters);
            return secured;
        }

        Exchange call(
                String method,
                String path,
                Map<String, String> headers,
                @Nullable String body,
                Duration timeout,
                boolean close) {
            String sent = described(method, path, headers, body);
            long start = System.nanoTime();
            deadlineNanos = start + timeout.toNanos();
            Exchange.Response response = null;
            String failure = "";
            try {
                try {
                    socket.getOutputStream().write(bytes(method, path, headers, body, close));
                } catch (IOException e) {
                    // It may have refused a long body with a response.
                    failure = e.toString();
                }
                response = read();
            } catch (SocketTimeoutException _) {
                failure = "timeout";
            } catch (IOException | NumberFormatException e) {
                failure = failure.isEmpty() ? e.toString() : failure;
            }
            return new Exchange(
                    sent, response, response == null ? failure : "", Duration.ofNanos(System.nanoTime() - start));
        }

        private byte[] bytes(
                String method, String path, Map<String, String> headers, @Nullable String body, boolean close)
                throws IOException {
            byte[] content = body == null ? new byte[0] : body.getBytes(UTF_8);
            StringBuilder head = new StringBuilder()
                    .append(method)
                    .append(' ')
                    .append(base.getRawPath())
                    .append(path)
                    .append(" HTTP/1.1\r\nHost: ")
                    .append(base.getRawAuthority())
                    .append("\r\n");
            headers.forEach((name, value) ->
                    head.append(name).append(": ").append(value).append("\r\n"));
            if (body != null) {
                head.append("Content-Type: application/json\r\n");
            }
            if (!method.equals("GET")) {
                head.append("Content-Length: ").append(content.length).append("\r\n");
            }
            if (close) {
                head.append("Connection: close\r\n");
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.write(head.append("\r\n").toString().getBytes(UTF_8));
            bytes.write(content);
            return bytes.toByteArray();
        }

        /** Whether it sends bytes that no request asked for. */
        boolean hasSurplus() {
            deadlineNanos = System.nanoTime() + SURPLUS_WAIT.toNanos();
            try {
                return readByte() >= 0;
            } catch (IOException _) {
                return false;
            }
        }

        private Exchange.Response read() throws IOException {
            while (true) {
                String[] statusLine = line().split(" ", 3);
                if (statusLine.length < 2 || !statusLine[0].startsWith("HTTP/1.")) {
                    throw new IOException("not a response of HTTP/1.1: " + String.join(" ", statusLine));
                }
                int status = Integer.parseInt(statusLine[1]);
                Map<String, List<String>> headers = new TreeMap<>();
                for (String line = line(); !line.isEmpty(); line = line()) {
                    String[] header = line.split(":", 2);
                    headers.computeIfAbsent(header[0].toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
                            .add(header.length < 2 ? "" : header[1].strip());
                }
                boolean isInterim = status < 200;
                if (!isInterim) {
                    return new Exchange.Response(status, headers, body(status, headers));
                }
            }
        }

        private String body(int status, Map<String, List<String>> headers) throws IOException {
            if (status == NO_CONTENT || status == NOT_MODIFIED) {
                return "";
            }
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            List<String> lengths = headers.getOrDefault("content-length", List.of());
            if (headers.getOrDefault("transfer-encoding", List.of()).contains("chunked")) {
                for (int size = chunkSize(); size > 0; size = chunkSize()) {
                    copy(size, body);
                    line();
                }
                while (!line().isEmpty()) {
                    // a trailer
                }
            } else if (!lengths.isEmpty()) {
                copy(Integer.parseInt(lengths.getFirst()), body);
            } else {
                for (int b = readByte(); b >= 0; b = readByte()) {
                    append(b, body);
                }
            }
            return body.toString(UTF_8);
        }

        private int chunkSize() throws IOException {
            return Integer.parseInt(line().split(";", 2)[0].strip(), 16);
        }

        private void copy(int length, ByteArrayOutputStream body) throws IOException {
            for (int i = 0; i < length; i++) {
                int b = readByte();
                if (b < 0) {
                    throw new EOFException("closed within a response");
                }
                append(b, body);
            }
        }

        private static void append(int b, ByteArrayOutputStream body) throws IOException {
            if (body.size() == BODY_BYTES_MAX) {
                throw new IOException("the response is too long");
            }
            body.write(b);
        }

        private String line() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int b = readByte(); b != '\n'; b = readByte()) {
                if (b < 0) {
                    throw new EOFException("closed without a response");
                }
                append(b, line);
            }
            String text = line.toString(ISO_8859_1);
            return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        }

        private int readByte() throws IOException {
            if (in.available() == 0) {
                long remainingMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
                if (remainingMillis <= 0) {
                    throw new SocketTimeoutException();
                }
                socket.setSoTimeout((int) remainingMillis);
            }
            return in.read();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}

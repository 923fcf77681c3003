package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.packaged.WireFuzz.Case;
import dtc.packaged.WireFuzz.Operation;
import dtc.testing.HttpResponses;
import dtc.testing.NoApplication;
import dtc.testing.RawClient;
import dtc.testing.RawClient.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

/**
 * Sends malformed and well-formed bytes to every operation of the OpenAPI document. {@code -Dfuzz.seconds=N} sets the
 * duration, {@code -Dfuzz.seed=N} the first case. A failure names its case: {@code -Dfuzz.seed=<case> -Dfuzz.seconds=0}
 * runs it alone.
 */
@NoApplication
class WireFuzzIT {

    private static final Logger LOG = Logger.getLogger(WireFuzzIT.class);

    private static final long SEED = Long.getLong("fuzz.seed", 20_261_129);
    private static final long NANOS = Integer.getInteger("fuzz.seconds", 10) * 1_000_000_000L;
    private static final int THREADS = 8;
    private static final int CASES_BETWEEN_CHECKS = 20;
    /** More than any call of the API waits. */
    private static final int SILENCE_MILLIS = 3_000;

    private static final Set<String> METHODS =
            Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");
    private static final Pattern INTERNALS = Pattern.compile(
            "Exception|\\tat |<html|<!doctype|io\\.netty|vert\\.?x|quarkus|jakarta|java\\.|resteasy|jackson",
            Pattern.CASE_INSENSITIVE);
    /** What the application logs of transactions is not a fault. */
    private static final Pattern LOGGED =
            Pattern.compile("^\\S+ \\S+ (WARN|ERROR|FATAL) +\\[(?!dtc\\.transactions).*", Pattern.MULTILINE);

    @Test
    void every_request_gets_a_right_answer() throws Exception {
        try (Processes processes = new Processes("wire-fuzz");
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_RM_IDS", "orders")
                    .start()
                    .awaitReady();
            int port = URI.create(application.url()).getPort();
            List<Operation> operations = operations(application);
            int logStart = application.output().length();
            long end = System.nanoTime() + NANOS;
            AtomicLong next = new AtomicLong(SEED);
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                all.add(threads.submit(() -> {
                    do {
                        long seed = next.getAndIncrement();
                        run(port, seed, new WireFuzz(seed, operations).next());
                        if (seed % CASES_BETWEEN_CHECKS == 0) {
                            assertServes(port);
                            assertTrue(application.isAlive(), application::output);
                        }
                    } while (System.nanoTime() < end);
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
            LOG.infof("cases %d to %d", SEED, next.get() - 1);
            assertServes(port);
            assertTrue(application.isAlive(), application::output);
            String logged = application.output().substring(logStart);
            assertTrue(LOGGED.matcher(logged).results().findAny().isEmpty(), logged);
            assertTrue(!logged.contains("\tat "), logged);
        }
    }

    private static List<Operation> operations(Application application) throws Exception {
        JsonNode document = new JsonClient().getJson(application.url() + "/q/openapi?format=json");
        List<Operation> operations = new ArrayList<>();
        for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
            // No path names the resource manager that runs here, except that of its own operations.
            String filled = path.getKey()
                    .replaceFirst("^/rm/\\{[^}]+}", "/rm/orders")
                    .replaceFirst("/transactions/\\{[^}]+}", "/transactions/01990000-0000-7000-8000-000000000000")
                    .replaceAll("\\{[^}]+}", "x");
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                if (METHODS.contains(operation.getKey())) {
                    operations.add(new Operation(operation.getKey().toUpperCase(Locale.ROOT), filled));
                }
            }
        }
        assertTrue(operations.size() > 15, operations.toString());
        return operations;
    }

    private static void assertServes(int port) {
        try (RawClient client = new RawClient(port)) {
            assertEquals(
                    201,
                    client.send("POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
                            .read()
                            .status());
        }
    }

    private static void run(int port, long seed, Case sent) {
        byte[] received = exchange(port, sent);
        String what = "case " + seed + ":\n" + sent + "\n" + new String(received, StandardCharsets.ISO_8859_1);
        try {
            List<Response> responses = HttpResponses.parse(received, sent.isHead());
            for (Response response : responses) {
                check(sent, response, what);
            }
            if (sent.validRequests() > 0) {
                assertEquals(sent.validRequests(), finalResponses(responses), what);
            }
        } catch (HttpResponses.MalformedException e) {
            fail(e.getMessage() + " in " + what);
        }
    }

    private static long finalResponses(List<Response> responses) {
        return responses.stream().filter(response -> response.status() >= 200).count();
    }

    private static void check(Case sent, Response response, String what) {
        int status = response.status();
        if (status < 200) {
            assertEquals(100, status, what);
            return;
        }
        assertTrue(status < 500 || status == 503, what);
        assertEquals(1, response.header("Date").size(), what);
        if (sent.isApi()) {
            assertEquals(List.of("no-store"), response.header("Cache-Control"), what);
        }
        if (status < 400) {
            return;
        }
        if (!sent.isApi() && response.header("Content-Type").equals(List.of("text/html;charset=utf-8"))) {
            return; // a page for a browser
        }
        assertEquals(List.of("application/problem+json"), response.header("Content-Type"), what);
        assertEquals(List.of("no-store"), response.header("Cache-Control"), what);
        if (status == 405) {
            assertEquals(1, response.header("Allow").size(), what);
        }
        if (status == 503) {
            assertEquals(1, response.header("Retry-After").size(), what);
        }
        if (!sent.isHead()) {
            checkProblem(response, what);
        }
    }

    private static void checkProblem(Response response, String what) {
        JsonNode problem = response.json();
        assertEquals(response.status(), problem.path("status").asInt(), what);
        for (String member : List.of("type", "title", "detail")) {
            assertTrue(!problem.path(member).asText().isBlank(), member + " in " + what);
        }
        if (INTERNALS.matcher(response.body()).find()) {
            fail("internals in " + what);
        }
    }

    /** Sends the case, and returns all that is received until the server closes the connection or says nothing more. */
    private static byte[] exchange(int port, Case sent) {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(SILENCE_MILLIS);
            try {
                OutputStream out = socket.getOutputStream();
                for (String part : sent.parts()) {
                    out.write(WireFuzz.bytes(part));
                }
                if (sent.ends()) {
                    socket.shutdownOutput();
                }
            } catch (IOException _) {
                // the server has closed the connection
            }
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[8_192];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                received.write(buffer, 0, count);
            }
        } catch (SocketTimeoutException _) {
            // it waits for the rest of a request
        } catch (IOException _) {
            // the server has closed the connection
        }
        return received.toByteArray();
    }
}

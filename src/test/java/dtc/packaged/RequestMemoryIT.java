package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.RawClient;
import dtc.testing.RawClient.Response;
import dtc.testing.Waiting;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The limit for large requests, and for large responses that are not sent yet, of all clients together. */
@NoApplication
class RequestMemoryIT {

    private static final int LIMIT = 300_000;
    private static final int LARGE = 200_000;
    private static final int VALUE_CHARS = 60_000;
    private static final int READERS = 10;

    private static Processes processes;
    private static Application application;
    private static int port;

    @BeforeAll
    static void start() {
        processes = new Processes("request-memory");
        application = processes
                .coordinator("application")
                .with("DTC_LIMITS_REQUEST_MEMORY_MAX", Integer.toString(LIMIT))
                .with("DTC_RM_IDS", "orders")
                .start()
                .awaitReady();
        port = URI.create(application.url()).getPort();
    }

    @AfterAll
    static void stop() {
        processes.close();
    }

    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD) // the limit is of all clients together
    @ValueSource(strings = {"declared", "chunked"})
    void a_large_body_is_refused_while_others_take_the_memory(String framing) {
        try (RawClient slow = new RawClient(port)) {
            slow.send(head("Content-Length: " + LARGE));
            Waiting.await("the memory is taken")
                    .until(() -> begin(framing, LARGE).status() == 503);

            Response refused = begin(framing, LARGE);
            assertEquals(List.of("1"), refused.header("Retry-After"));
            assertEquals(List.of("close"), refused.header("Connection"));
            assertEquals(List.of("application/problem+json"), refused.header("Content-Type"));
            assertEquals(201, begin(framing, 100).status());
        }
        Waiting.await("the memory is free again")
                .until(() -> begin(framing, LARGE).status() == 201);
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void a_list_is_refused_while_others_do_not_read_theirs() {
        String value = "\"" + "x".repeat(VALUE_CHARS) + "\"";
        for (int i = 0; i < 10; i++) {
            String body = "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"large-" + i
                    + "\",\"value\":" + value + "}]}";
            try (RawClient client = new RawClient(port)) {
                Waiting.await("it is committed")
                        .until(() -> client.send(head("Content-Length: " + body.length()) + body)
                                .read()
                                .body()
                                .contains("COMMITTED"));
            }
        }
        String list = "GET /rm/orders/entries HTTP/1.1\r\nHost: localhost\r\n\r\n";
        List<RawClient> readers = new ArrayList<>();
        try {
            // 20 lists are more than the buffers of the system hold.
            for (int i = 0; i < READERS; i++) {
                readers.add(RawClient.withSmallBuffer(port).send(list.repeat(20)));
            }
            Waiting.await("the memory is taken").until(() -> get(list).status() == 503);
            Response refused = get(list);
            assertEquals(503, refused.status());
            assertEquals(List.of("1"), refused.header("Retry-After"));
            assertEquals(201, begin("declared", 100).status());
            assertEquals(
                    200,
                    get("GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .status());
        } finally {
            readers.forEach(RawClient::close);
        }
        Waiting.await("lists are served again").until(() -> get(list).status() == 200);
    }

    private static Response get(String request) {
        try (RawClient client = new RawClient(port)) {
            return client.send(request).read();
        }
    }

    private static Response begin(String framing, int bytes) {
        String body = "{}" + " ".repeat(bytes - 2);
        try (RawClient client = new RawClient(port)) {
            return client.send(
                            framing.equals("chunked")
                                    ? head("Transfer-Encoding: chunked") + Integer.toHexString(bytes) + "\r\n" + body
                                            + "\r\n0\r\n\r\n"
                                    : head("Content-Length: " + bytes) + body)
                    .read();
        }
    }

    private static String head(String framing) {
        return "POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + framing
                + "\r\n\r\n";
    }
}

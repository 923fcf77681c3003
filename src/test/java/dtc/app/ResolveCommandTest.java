package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResolveCommandTest {

    private static final String IN_DOUBT = "0199f2d4-0000-7000-8000-000000000001";
    private static final String STAGED = "0199f2d4-0000-7000-8000-000000000002";

    private final List<String> posts = new ArrayList<>();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private HttpServer server;
    private String base;
    private int status = 204;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        base = "http://127.0.0.1:" + server.getAddress().getPort();
        server.createContext("/rm/orders/transactions", exchange -> {
            if (exchange.getRequestMethod().equals("POST")) {
                posts.add(exchange.getRequestURI().getPath());
                exchange.sendResponseHeaders(status, -1);
            } else {
                byte[] body = ("{\"items\":[{\"id\":\"" + IN_DOUBT + "\",\"state\":\"PREPARED\"},{\"id\":\"" + STAGED
                                + "\",\"state\":\"ACTIVE\"}]}")
                        .getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
            exchange.close();
        });
        server.createContext("/resource-managers/orders", exchange -> {
            byte[] body = ("{\"url\":\"" + base + "/rm/orders\"}").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void a_transaction_in_doubt_is_resolved_as_the_operator_says() {
        assertEquals(0, run("resolve", base + "/rm/orders", IN_DOUBT, "commit"));
        assertEquals(0, run("resolve", "orders", IN_DOUBT, "rollback"));
        assertEquals(
                List.of(
                        "/rm/orders/transactions/" + IN_DOUBT + "/commit",
                        "/rm/orders/transactions/" + IN_DOUBT + "/rollback"),
                posts);
    }

    @Test
    void a_transaction_that_is_not_in_doubt_is_left_alone() {
        assertEquals(1, run("resolve", base + "/rm/orders", STAGED, "commit"));
        assertEquals(1, run("resolve", base + "/rm/orders", IN_DOUBT.replace("01", "09"), "commit"));
        assertEquals(List.of(), posts);
    }

    @Test
    void a_refusal_is_reported() {
        status = 409;
        assertEquals(1, run("resolve", base + "/rm/orders", IN_DOUBT, "commit"));
        assertTrue(printed.toString(StandardCharsets.UTF_8).contains("409"));
    }

    @Test
    void wrong_arguments_and_help_print_the_usage() {
        for (String[] words : new String[][] {
            {},
            {"resolve"},
            {"resolve", base, IN_DOUBT},
            {"resolve", base, IN_DOUBT, "abort"},
            {"resolve", base, "x", "commit"},
            {"other", base, IN_DOUBT, "commit"}
        }) {
            printed.reset();
            assertEquals(2, run(words));
            assertTrue(printed.toString(StandardCharsets.UTF_8).startsWith("usage: rm resolve"));
        }
        printed.reset();
        assertEquals(0, run("--help"));
        assertTrue(printed.toString(StandardCharsets.UTF_8).startsWith("usage: rm resolve"));
        assertEquals(2, run("resolve", "http://127.0.0.1:1/rm/orders", IN_DOUBT, "commit"));
    }

    private int run(String... words) {
        PrintStream print = new PrintStream(printed, true, StandardCharsets.UTF_8);
        return new ResolveCommand(Map.of("DTC_RM_COORDINATOR_URL", base), print, print).run(List.of(words));
    }
}

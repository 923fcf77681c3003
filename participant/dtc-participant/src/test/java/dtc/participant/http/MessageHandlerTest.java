package dtc.participant.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.participant.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageHandlerTest {

    private static final UUID ID = UUID.fromString("01900000-0000-7000-8000-00000000abcd");
    private static final UUID INSTANCE = UUID.fromString("11111111-2222-4333-8444-55555555abcd");
    private static final String JSON = "application/json";
    private static final String PROBLEM = "application/problem+json";
    private static final String BODY = "{\"key\":\"k\",\"value\":1}";

    private final List<String> received = new ArrayList<>();
    private Reply reply = Reply.ACKNOWLEDGED;
    private boolean hasEntries = true;
    private final MessageHandler handler = new MessageHandler(new Messages() {
        @Override
        public String id() {
            return "orders";
        }

        @Override
        public UUID instance() {
            return INSTANCE;
        }

        @Override
        public Reply write(UUID transaction, @Nullable Integer number, String body) {
            received.add("write " + transaction + " " + number + " " + body);
            return reply;
        }

        @Override
        public Reply prepare(UUID transaction, @Nullable Integer count) {
            received.add("prepare " + transaction + " " + count);
            return reply;
        }

        @Override
        public Reply commit(UUID transaction, @Nullable Integer count) {
            received.add("commit " + transaction + " " + count);
            return reply;
        }

        @Override
        public Reply rollback(UUID transaction) {
            received.add("rollback " + transaction);
            return reply;
        }

        @Override
        public SortedMap<String, Boolean> open(int limit) {
            return new TreeMap<>(Map.of("t1", true, "t2", false));
        }

        @Override
        public boolean hasEntries() {
            return hasEntries;
        }

        @Override
        public Optional<String> entry(String key) {
            return key.equals("a/b") ? Optional.of("1.10") : Optional.empty();
        }
    });

    private MessageResponse post(String action, String body, Map<String, String> headers) {
        return handler.handle(
                new MessageRequest("POST", "/transactions/" + ID + "/" + action, headers::get, body.getBytes(UTF_8)));
    }

    private MessageResponse get(String path) {
        return handler.handle(new MessageRequest("GET", path, name -> null, new byte[0]));
    }

    private static void expectProblem(int status, MessageResponse response) {
        assertEquals(status, response.status());
        assertEquals(PROBLEM, response.contentType());
        assertTrue(response.body().contains("\"transaction\":\"" + ID + "\""), response.body());
    }

    @Test
    void acknowledgements_have_no_content() {
        assertEquals(
                204, post("writes", BODY, Map.of("DTC-Write-Sequence", "2")).status());
        assertEquals(204, post("commit", "", Map.of("DTC-Write-Count", "3")).status());
        assertEquals(204, post("commit", "", Map.of()).status());
        assertEquals(204, post("rollback", "", Map.of()).status());
        assertEquals(
                List.of(
                        "write " + ID + " 2 " + BODY,
                        "commit " + ID + " 3",
                        "commit " + ID + " null",
                        "rollback " + ID),
                received);
    }

    @Test
    void votes_are_json() {
        reply = Reply.VOTED_COMMIT;
        assertEquals(new MessageResponse(200, JSON, "{\"vote\":\"COMMIT\"}"), post("prepare", "", Map.of()));
        reply = Reply.votedAbort("no \"stock\"");
        assertEquals(
                new MessageResponse(200, JSON, "{\"vote\":\"ABORT\",\"reason\":\"no \\\"stock\\\"\"}"),
                post("prepare", "", Map.of("DTC-Write-Count", "1")));
        assertEquals(List.of("prepare " + ID + " null", "prepare " + ID + " 1"), received);
    }

    @Test
    void refusals_are_problems_that_name_the_transaction() {
        reply = new Reply.Unknown("lost");
        expectProblem(404, post("commit", "", Map.of()));
        reply = new Reply.Conflict("ended");
        expectProblem(409, post("rollback", "", Map.of()));
        expectProblem(409, post("writes", BODY, Map.of()));
        reply = new Reply.Unavailable("busy");
        expectProblem(503, post("prepare", "", Map.of()));
    }

    @Test
    void a_message_for_another_resource_manager_has_no_effect() {
        for (String action : List.of("writes", "prepare", "commit", "rollback")) {
            assertEquals(
                    421,
                    post(action, BODY, Map.of("DTC-Resource-Manager", "payments"))
                            .status());
        }
        assertEquals(List.of(), received);
        assertEquals(
                204,
                post("commit", "", Map.of("DTC-Resource-Manager", "orders")).status());
    }

    @Test
    void a_message_for_another_instance_is_refused_but_a_rollback_is_carried_out() {
        Map<String, String> other = Map.of("DTC-Instance", UUID.randomUUID().toString());
        expectProblem(409, post("writes", BODY, other));
        assertTrue(post("prepare", "", other).body().contains("ABORT"));
        expectProblem(404, post("commit", "", other));
        assertEquals(List.of(), received);
        expectProblem(404, post("rollback", "", other));
        assertEquals(List.of("rollback " + ID), received);
        Map<String, String> same = Map.of("DTC-Instance", INSTANCE.toString().toUpperCase(java.util.Locale.ROOT));
        assertEquals(204, post("commit", "", same).status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"value\":1}",
                "{\"key\":\"k\"}",
                "{\"key\":\"\",\"value\":1}",
                "{\"key\":1,\"value\":1}",
                "{\"key\":\"k\",\"value\":1,\"if\":{\"absent\":true}}",
                "{\"key\":\"k\",\"delete\":true}"
            })
    void a_malformed_write_is_refused(String body) {
        assertEquals(400, post("writes", body, Map.of()).status());
        assertEquals(List.of(), received);
    }

    @Test
    void malformed_requests_are_refused() {
        assertEquals(400, post("prepare", "", Map.of("DTC-Write-Count", "0")).status());
        assertEquals(
                400, post("writes", BODY, Map.of("DTC-Write-Sequence", "x")).status());
        assertEquals(
                400,
                handler.handle(new MessageRequest("POST", "/transactions/no-uuid/commit", name -> null, new byte[0]))
                        .status());
        assertEquals(
                413,
                handler.handle(new MessageRequest(
                                "POST", "/transactions/" + ID + "/writes", name -> null, new byte[(1 << 20) + 1]))
                        .status());
        assertEquals(
                400,
                handler.handle(new MessageRequest(
                                "POST", "/transactions/" + ID + "/writes", name -> null, new byte[] {'"', (byte) 0xff}))
                        .status());
        assertEquals(404, post("other", "", Map.of()).status());
        assertEquals(
                405,
                handler.handle(new MessageRequest("DELETE", "/transactions", name -> null, new byte[0]))
                        .status());
        assertEquals(List.of(), received);
    }

    @Test
    void reads_are_json() {
        assertEquals(
                Map.of(
                        "/entries/a/b", "{\"key\":\"a/b\",\"value\":1.10}",
                        "/entries", "{\"items\":[]}"),
                Map.of(
                        "/entries/a/b", get("/entries/a/b").body(),
                        "/entries", get("/entries").body()));
        String open = get("/transactions").body();
        assertTrue(open.contains("\"state\":\"PREPARED\"") && open.contains("\"state\":\"ACTIVE\""), open);
        assertEquals(404, get("/entries/c").status());
        assertEquals(404, get("/other").status());
    }

    @Test
    void a_service_without_entries_refuses_writes() {
        hasEntries = false;
        expectProblem(409, post("writes", BODY, Map.of()));
        assertEquals(404, get("/entries").status());
    }
}

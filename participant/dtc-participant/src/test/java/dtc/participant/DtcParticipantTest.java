package dtc.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.client.TransactionContext;
import dtc.participant.http.MessageRequest;
import dtc.participant.http.MessageResponse;
import dtc.participant.testing.FakeCoordinator;
import dtc.participant.testing.FakeCoordinator.Answer;
import dtc.participant.testing.PostgresServer;
import dtc.participant.testing.Waiting;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A service with a fake coordinator: enlistment, registration, and recovery. */
class DtcParticipantTest {

    private static final String RM = "orders";

    private final PostgresServer server = PostgresServer.shared();
    private final String database = server.createDatabase();
    private final FakeCoordinator coordinator = new FakeCoordinator();
    private final UUID id = UUID.randomUUID();
    private final DtcParticipant participant = participant(RM, database);

    private DtcParticipant participant(String rm, String db) {
        ParticipantConfig config = ParticipantConfig.of(rm, "http://orders/dtc", coordinator.url());
        return DtcParticipant.builder(config, server.dataSource(db))
                .work("place", DtcParticipantTest::place)
                .build();
    }

    private static void place(Connection connection, String order) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO orders VALUES (?)")) {
            insert.setString(1, order);
            insert.executeUpdate();
        }
    }

    @BeforeEach
    void table() {
        server.execute(database, "CREATE TABLE orders (id text PRIMARY KEY)");
    }

    @AfterEach
    void close() {
        participant.close();
        coordinator.close();
    }

    private String count(String table) {
        return String.valueOf(server.value(database, "SELECT count(*) FROM " + table));
    }

    private MessageResponse post(DtcParticipant to, String action, String header, String value) {
        return to.handle(new MessageRequest(
                "POST", "/transactions/" + id + "/" + action, Map.of(header, value)::get, new byte[0]));
    }

    private String vote() {
        return post(participant, "prepare", "DTC-Write-Count", "1").body();
    }

    private void prepare() {
        participant.within(id.toString(), () -> participant.perform("place", "o-1"));
        assertEquals("{\"vote\":\"COMMIT\"}", vote());
    }

    // Work

    @Test
    void work_of_a_request_with_a_transaction_is_done_at_the_vote() throws SQLException {
        participant.start();
        participant.within(id.toString(), () -> {
            assertEquals(id.toString(), TransactionContext.current());
            participant.perform("place", "o-1");
            participant.perform("place", "o-2");
        });
        assertEquals(null, TransactionContext.current());
        List<FakeCoordinator.Call> enlistments = coordinator.calls("PUT /transactions/" + id + "/participants/" + RM);
        assertEquals(1, enlistments.size());
        String instance = server.value(database, "SELECT instance FROM dtc_participant");
        assertTrue(enlistments.get(0).body().contains("\"instance\":\"" + instance + "\""));
        assertEquals("0", count("orders"));
        assertEquals("{\"vote\":\"COMMIT\"}", vote());
        assertEquals("0", count("orders"));
        assertEquals(204, post(participant, "commit", "x", "").status());
        assertEquals("2", count("orders"));
        assertEquals(List.of(), coordinator.calls("POST"));
    }

    @Test
    void work_of_another_request_is_done_at_once() throws SQLException {
        participant.start();
        participant.within(null, () -> participant.perform("place", "o-1"));
        participant.perform("place", "o-2");
        assertEquals("2", count("orders"));
        assertThrows(ParticipationException.class, () -> participant.perform("place", "o-1"));
        assertEquals(List.of(), coordinator.calls("PUT"));
    }

    @Test
    void a_request_without_work_does_not_enlist() throws SQLException {
        participant.start();
        participant.within(id.toString(), () -> {});
        assertEquals(List.of(), coordinator.calls(""));
    }

    @Test
    void a_failed_request_prevents_the_commit() throws SQLException {
        participant.start();
        assertThrows(
                IllegalStateException.class,
                () -> participant.within(id.toString(), () -> {
                    participant.perform("place", "o-1");
                    throw new IllegalStateException("planned");
                }));
        assertEquals(
                1,
                coordinator.calls("POST /transactions/" + id + "/rollback-only").size());
        assertEquals("0", count("dtc_work"));
        assertTrue(vote().contains("ABORT"));
    }

    @Test
    void a_failed_request_votes_abort_even_if_the_coordinator_does_not_hear_of_it() throws SQLException {
        participant.start();
        coordinator.answer("POST /transactions/" + id + "/rollback-only", Answer.CLOSE);
        participant.within(id.toString(), () -> participant.perform("place", "o-1"));
        assertThrows(
                IllegalStateException.class,
                () -> participant.within(id.toString(), () -> {
                    participant.perform("place", "o-2");
                    throw new IllegalStateException("planned");
                }));
        assertTrue(post(participant, "prepare", "DTC-Write-Count", "2").body().contains("ABORT"));
    }

    @Test
    void an_enlistment_that_is_not_answered_is_repeated_with_the_same_request() throws SQLException {
        participant.start();
        String path = "PUT /transactions/" + id + "/participants/" + RM;
        coordinator.answer(path, Answer.CLOSE, Answer.json(200, "{\"sequence\":1}"));
        prepare();
        List<FakeCoordinator.Call> calls = coordinator.calls(path);
        // The HTTP client of the JDK may repeat a request itself.
        assertTrue(calls.size() >= 2);
        assertEquals(calls.get(0).body(), calls.get(calls.size() - 1).body());
        post(participant, "rollback", "x", "");
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 409, 503, 500})
    void a_refused_enlistment_fails_the_request(int status) throws SQLException {
        participant.start();
        coordinator.answer("PUT /transactions/" + id + "/participants/" + RM, Answer.problem(status, "not now"));
        ParticipationException failure = assertThrows(
                ParticipationException.class,
                () -> participant.within(id.toString(), () -> participant.perform("place", "o-1")));
        assertEquals(status < 500 ? 409 : 503, failure.status());
        assertEquals("0", count("dtc_work"));
    }

    @Test
    void work_for_a_transaction_that_has_ended_here_is_refused() throws SQLException {
        participant.start();
        post(participant, "rollback", "x", "");
        ParticipationException failure = assertThrows(
                ParticipationException.class,
                () -> participant.within(id.toString(), () -> participant.perform("place", "o-1")));
        assertEquals(409, failure.status());
        assertEquals(
                1,
                coordinator.calls("POST /transactions/" + id + "/rollback-only").size());
    }

    @Test
    void a_malformed_header_or_an_unknown_name_is_a_mistake_of_the_caller() throws SQLException {
        participant.start();
        assertThrows(IllegalArgumentException.class, () -> participant.within("1", () -> {}));
        assertThrows(IllegalArgumentException.class, () -> participant.perform("other", ""));
    }

    // Recovery

    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "ROLLBACK"})
    void what_is_prepared_at_the_start_is_ended_before_the_service_serves(String outcome) throws SQLException {
        participant.start();
        prepare();
        coordinator.answerOutcome(id, outcome);
        try (DtcParticipant restarted = participant(RM, database)) {
            restarted.start();
            assertEquals("0", count("pg_prepared_xacts WHERE database = current_database()"));
            assertEquals(outcome.equals("COMMIT") ? "1" : "0", count("orders"));
            assertEquals(
                    outcome.equals("COMMIT") ? 409 : 204,
                    post(restarted, "rollback", "x", "").status());
        }
    }

    /** Nor does the start wait for locks of what is prepared. */
    @ParameterizedTest
    @ValueSource(strings = {"PENDING", "silence", "error", "page", "other"})
    void the_start_does_not_wait_for_an_outcome_and_it_is_requested_again(String answer) throws SQLException {
        participant.start();
        prepare();
        String path = "GET /transactions/" + id + "/outcome";
        coordinator.answer(
                path,
                switch (answer) {
                    case "PENDING" -> Answer.json(200, "{\"outcome\":\"PENDING\"}");
                    case "silence" -> Answer.NONE;
                    case "error" -> Answer.problem(500, "planned");
                    case "page" -> new Answer(200, "text/html", "{\"outcome\":\"COMMIT\"}");
                    default -> Answer.json(404, "{\"outcome\":\"ROLLBACK\"}");
                });
        try (DtcParticipant restarted = participant(RM, database)) {
            restarted.start();
            assertEquals("{\"vote\":\"COMMIT\"}", vote());
            assertEquals(1, restarted.status().inDoubt());
            coordinator.answerOutcome(id, "COMMIT");
            Waiting.until(
                    "the outcome is requested again", () -> count("orders").equals("1"));
        }
    }

    @Test
    void what_becomes_in_doubt_later_is_ended_by_an_inquiry() throws SQLException {
        participant.start();
        coordinator.answerOutcome(id, "COMMIT");
        prepare();
        Waiting.until("the commit", () -> count("orders").equals("1"));
        Waiting.until("the status is current", () -> participant.status().inDoubt() == 0);
        assertEquals(1, participant.status().commits());
        assertEquals(1, participant.status().votesCommit());
        assertTrue(participant.status().inquiries() >= 1);
    }

    @Test
    void staged_work_is_not_committed_by_an_inquiry() throws SQLException {
        coordinator.answerOutcome(id, "COMMIT");
        participant.start();
        participant.within(id.toString(), () -> participant.perform("place", "o-1"));
        try (DtcParticipant restarted = participant(RM, database)) {
            restarted.start();
            assertEquals("0", count("orders"));
            assertEquals(List.of(), coordinator.calls("GET"));
        }
    }

    /** The view of PostgreSQL contains them all. */
    @Test
    void prepared_transactions_of_others_are_not_touched() throws SQLException {
        String other = server.createDatabase();
        List<String> gids = List.of("dtc:" + UUID.randomUUID() + ":payments", "xa-" + id, "dtc:" + id + ":ordersX");
        for (String gid : gids) {
            prepareEmpty(database, gid);
        }
        prepareEmpty(other, "dtc:" + UUID.randomUUID() + ":" + RM);
        try {
            participant.start();
            assertEquals(List.of(), coordinator.calls("GET"));
            assertEquals(0, participant.status().inDoubt());
        } finally {
            server.execute(other, "SELECT 1");
            for (String gid : gids) {
                server.execute(database, "ROLLBACK PREPARED '" + gid + "'");
            }
            server.execute(
                    other,
                    "ROLLBACK PREPARED '"
                            + server.value(
                                    other, "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
                            + "'");
        }
    }

    private void prepareEmpty(String db, String gid) throws SQLException {
        try (Connection connection = server.dataSource(db).getConnection();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN; CREATE TABLE t" + gid.length() + " (a int); PREPARE TRANSACTION '" + gid + "'");
        }
    }

    @Test
    void what_was_prepared_before_a_restore_is_left_to_an_operator() throws SQLException {
        participant.start();
        prepare();
        coordinator.answerOutcome(id, "COMMIT");
        server.execute(database, "UPDATE dtc_participant SET instance = gen_random_uuid(), instance_since = now()");
        try (DtcParticipant restarted = participant(RM, database)) {
            restarted.start();
            assertEquals(1, restarted.status().unresolvable());
            assertEquals(List.of(), coordinator.calls("GET"));
            assertEquals("0", count("orders"));
        }
        server.execute(database, "ROLLBACK PREPARED 'dtc:" + id + ":" + RM + "'");
    }

    @Test
    void a_server_without_prepared_transactions_is_refused_with_the_setting_to_change() {
        try (PostgresServer without = PostgresServer.start("max_prepared_transactions=0", "fsync=off");
                DtcParticipant refused = DtcParticipant.builder(
                                ParticipantConfig.of(RM, "http://orders/dtc", coordinator.url()),
                                without.dataSource("postgres"))
                        .build()) {
            IllegalStateException failure = assertThrows(IllegalStateException.class, refused::start);
            assertTrue(String.valueOf(failure.getMessage()).contains("max_prepared_transactions"));
        }
    }

    // Registration

    @Test
    void it_registers_again_until_it_succeeds_and_renews_at_a_third_of_the_lease() throws SQLException {
        String path = "PUT /resource-managers/" + RM;
        coordinator.answer(path, Answer.problem(503, "starting"), Answer.json(201, "{\"leaseMillis\":300}"));
        participant.start();
        assertFalse(participant.status().registered());
        participant.register();
        Waiting.until("a renewal", () -> coordinator.calls(path).size() >= 4);
        assertTrue(participant.status().ready());
        String body = coordinator.calls(path).get(0).body();
        assertTrue(body.contains("\"url\":\"http://orders/dtc\""), body);
        assertTrue(body.contains("\"features\":[\"contract-2\",\"keep-alive\",\"one-phase\"]"), body);
    }

    @Test
    void the_instance_stays_the_same_and_the_newest_forgotten_id_is_sent() throws SQLException {
        participant.start();
        String instance = server.value(database, "SELECT instance FROM dtc_participant");
        server.execute(database, "UPDATE dtc_participant SET newest_forgotten = '" + id + "'");
        try (DtcParticipant restarted = participant(RM, database)) {
            restarted.start();
            restarted.register();
            Waiting.until("the registration", () -> restarted.status().registered());
        }
        FakeCoordinator.Call call = coordinator.calls("PUT /resource-managers/").get(0);
        assertEquals(id.toString(), call.header("DTC-Newest-Forgotten"));
        assertTrue(call.body().contains(String.valueOf(instance)));
        assertEquals(
                1,
                coordinator
                        .calls("DELETE /resource-managers/" + RM + "?instance=" + instance)
                        .size());
    }

    @Test
    void it_stays_registered_while_a_transaction_is_in_doubt() throws SQLException {
        participant.start();
        participant.register();
        Waiting.until("the registration", () -> participant.status().registered());
        prepare();
        participant.close(); // before the number in doubt is counted again
        assertEquals(List.of(), coordinator.calls("DELETE"));
        server.execute(database, "ROLLBACK PREPARED 'dtc:" + id + ":" + RM + "'");
    }

    @Test
    void it_deregisters_as_soon_as_nothing_is_in_doubt() throws SQLException {
        participant.start();
        participant.register();
        Waiting.until("the registration", () -> participant.status().registered());
        prepare();
        Waiting.until("the status is current", () -> participant.status().inDoubt() == 1);
        server.execute(database, "ROLLBACK PREPARED 'dtc:" + id + ":" + RM + "'");
        participant.close(); // before the number in doubt is counted again
        assertEquals(1, coordinator.calls("DELETE").size());
    }
}

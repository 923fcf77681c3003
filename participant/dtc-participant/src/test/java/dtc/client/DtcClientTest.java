package dtc.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.participant.testing.FakeCoordinator;
import dtc.participant.testing.FakeCoordinator.Answer;
import dtc.participant.testing.FakeCoordinator.Call;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DtcClientTest {

    private static final String ID = "01900000-0000-7000-8000-00000000abcd";
    private static final String BEGIN = "POST /transactions";
    private static final String COMMIT = "POST /transactions/" + ID + "/commit";
    private static final String ROLLBACK = "POST /transactions/" + ID + "/rollback";
    private static final String GET = "GET /transactions/" + ID;

    private final FakeCoordinator coordinator = new FakeCoordinator();
    private final DtcClient dtc = DtcClient.of(coordinator.url());

    @BeforeEach
    void answers() {
        coordinator.answer(BEGIN, document(201, "ACTIVE", "null"));
        coordinator.answer(COMMIT, document(200, "COMMITTED", "null"));
    }

    @AfterEach
    void close() {
        coordinator.close();
    }

    private static Answer document(int status, String state, String reason) {
        return Answer.json(
                status,
                "{\"id\":\"" + ID + "\",\"state\":\"" + state + "\",\"startedAt\":\"2026-11-23T10:00:00Z\","
                        + "\"expiresAt\":\"2026-11-23T10:00:20Z\",\"reason\":" + reason + "}");
    }

    private TransactionOutcome<String> run() {
        return dtc.run(transaction -> "done");
    }

    @Test
    void requests_belong_to_the_trace_of_the_caller() {
        Span call = Span.wrap(SpanContext.create(
                "0af7651916cd43dd8448eb211c80319c",
                "b7ad6b7169203331",
                TraceFlags.getSampled(),
                TraceState.getDefault()));
        Context.root().with(call).wrap((Runnable) this::run).run();
        for (String request : List.of(BEGIN, COMMIT)) {
            assertEquals(
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    coordinator.calls(request).get(0).header("traceparent"));
        }
        run();
        List<Call> all = coordinator.calls(BEGIN);
        assertNull(all.get(all.size() - 1).header("traceparent"));
    }

    @Test
    void work_runs_in_a_transaction_that_is_committed() {
        TransactionOutcome<String> outcome = dtc.withTimeout(Duration.ofSeconds(20))
                .run(transaction -> {
                    assertEquals(ID, transaction.id());
                    assertEquals(ID, TransactionContext.current());
                    // Twenty seconds by the clock of the coordinator, which is not that of this machine.
                    assertTrue(transaction.remaining().compareTo(Duration.ofSeconds(20)) < 0);
                    assertTrue(transaction.remaining().compareTo(Duration.ZERO) > 0);
                    return "done";
                });
        assertEquals(new TransactionOutcome.Committed<>(ID, "done"), outcome);
        assertEquals("done", outcome.orElseThrow());
        assertNull(TransactionContext.current());
        assertEquals(
                "{\"timeoutMillis\":20000}", coordinator.calls(BEGIN).get(0).body());
        assertEquals("0", coordinator.calls(COMMIT).get(0).header("Content-Length"));
    }

    @Test
    void an_exception_of_the_work_rolls_back_and_is_thrown() {
        IOException planned = new IOException("planned");
        assertEquals(
                planned,
                assertThrows(
                        IOException.class,
                        () -> dtc.run(transaction -> {
                            throw planned;
                        })));
        assertEquals(1, coordinator.calls(ROLLBACK).size());
        assertEquals(List.of(), coordinator.calls(COMMIT));
        assertNull(TransactionContext.current());
    }

    @Test
    void a_begin_that_is_not_answered_is_repeated_with_the_same_key() {
        coordinator.answer(
                BEGIN, Answer.CLOSE, Answer.CLOSE, Answer.problem(503, "starting"), document(201, "ACTIVE", "null"));
        run();
        List<Call> calls = coordinator.calls(BEGIN).stream()
                .filter(call -> call.path().equals("/transactions"))
                .toList();
        assertTrue(calls.size() >= 4);
        String key = Objects.requireNonNull(calls.get(0).header("Idempotency-Key"));
        calls.forEach(call -> assertEquals(key, call.header("Idempotency-Key")));
    }

    @Test
    void each_transaction_has_a_key_of_its_own() {
        run();
        run();
        List<String> keys = coordinator.calls(BEGIN).stream()
                .filter(call -> call.path().equals("/transactions"))
                .map(call -> String.valueOf(call.header("Idempotency-Key")))
                .distinct()
                .toList();
        assertEquals(2, keys.size());
    }

    @Test
    void a_commit_that_is_not_answered_is_repeated() {
        coordinator.answer(
                COMMIT,
                Answer.CLOSE,
                Answer.CLOSE,
                Answer.problem(503, "undecided"),
                document(200, "COMMITTING", "null"));
        assertEquals(new TransactionOutcome.Committed<>(ID, "done"), run());
    }

    @Test
    void a_rollback_has_a_reason() {
        coordinator.answer(COMMIT, Answer.problem(409, "the outcome is rollback"));
        coordinator.answer(GET, document(200, "ROLLED_BACK", "\"out of stock\""));
        TransactionOutcome<String> outcome = run();
        assertEquals(new TransactionOutcome.RolledBack<>(ID, "out of stock"), outcome);
        TransactionException failure = assertThrows(TransactionException.class, outcome::orElseThrow);
        assertEquals(outcome, failure.outcome());
    }

    @Test
    void a_heuristic_outcome_is_not_a_success() {
        coordinator.answer(COMMIT, document(200, "HEURISTIC", "\"stock lost its writes\""));
        TransactionOutcome<String> outcome = run();
        assertEquals(new TransactionOutcome.Heuristic<>(ID, "stock lost its writes"), outcome);
        assertThrows(TransactionException.class, outcome::orElseThrow);
    }

    @Test
    void an_outcome_is_not_known_if_the_coordinator_does_not_answer() {
        coordinator.answer(COMMIT, Answer.CLOSE);
        TransactionOutcome<String> outcome =
                dtc.withPatience(Duration.ofMillis(300)).run(transaction -> "done");
        assertInstanceOf(TransactionOutcome.NotKnown.class, outcome);
        assertThrows(TransactionException.class, outcome::orElseThrow);
        coordinator.answer(GET, document(200, "COMMITTED", "null"));
        assertEquals(new TransactionOutcome.Committed<>(ID, "later"), dtc.outcome(ID, "later"));
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 302, 403})
    void a_strange_answer_is_not_an_outcome(int status) {
        coordinator.answer(COMMIT, new Answer(status, "text/html", "<html>"));
        assertInstanceOf(TransactionOutcome.NotKnown.class, run());
    }

    /** After a restart with a log, it is presumed to be rolled back. */
    @ParameterizedTest
    @CsvSource({"ROLLBACK, RolledBack", "COMMIT, Committed", "PENDING, NotKnown"})
    void the_outcome_of_an_unknown_transaction_is_requested(String answer, String expected) {
        coordinator.answer(COMMIT, Answer.problem(404, "unknown"));
        coordinator.answer(GET, Answer.problem(404, "unknown"));
        coordinator.answer(GET + "/outcome", Answer.json(200, "{\"outcome\":\"" + answer + "\"}"));
        assertEquals(expected, run().getClass().getSimpleName());
    }

    @Test
    void a_transaction_that_cannot_begin_is_an_exception() {
        coordinator.answer(BEGIN, Answer.problem(400, "too long"));
        CoordinatorException failure = assertThrows(CoordinatorException.class, this::run);
        assertEquals("the coordinator answered 400: too long", failure.getMessage());
    }

    @Test
    void a_write_is_sent_with_its_value_as_it_is() {
        dtc.run(transaction -> {
            transaction.write("stock", "bolt \"M8\"", "1.10");
            transaction.setRollbackOnly("changed my mind");
            return "";
        });
        assertEquals(
                "{\"resourceManager\":\"stock\",\"key\":\"bolt \\\"M8\\\"\",\"value\":1.10}",
                coordinator.calls("POST /transactions/" + ID + "/writes").get(0).body());
        assertEquals(
                "{\"reason\":\"changed my mind\"}",
                coordinator
                        .calls("POST /transactions/" + ID + "/rollback-only")
                        .get(0)
                        .body());
    }

    @Test
    void a_refused_write_is_an_exception() {
        coordinator.answer("POST /transactions/" + ID + "/writes", Answer.problem(404, "no such resource manager"));
        assertThrows(
                CoordinatorException.class,
                () -> dtc.run(transaction -> {
                    transaction.write("stock", "bolt", "1");
                    return "";
                }));
        assertEquals(1, coordinator.calls(ROLLBACK).size());
    }

    @Test
    void the_next_coordinator_is_used_if_one_does_not_answer() {
        DtcClient several = DtcClient.of("http://127.0.0.1:1 , " + coordinator.url());
        assertEquals(new TransactionOutcome.Committed<>(ID, "done"), several.run(transaction -> "done"));
    }
}

package dtc.tracing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEffect;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.testing.NoApplication;
import dtc.tracing.Tracing.SentRequest;
import dtc.tracing.Tracing.SpanIds;
import dtc.tracing.Tracing.StoredBatch;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

@NoApplication
class OpenTelemetryTracingTest {

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";
    private static final String SAMPLED = "00-" + TRACE + "-" + CALLER + "-01";
    private static final String NOT_SAMPLED = "00-" + TRACE + "-" + CALLER + "-00";

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final UUID INSTANCE = new UUID(1, 1);
    private static final TwoPhaseCommit MACHINE = new TwoPhaseCommit(10, 10);

    private static final class CurrentInTest implements CurrentRequest {
        private @Nullable Context context;

        @Override
        public @Nullable Context get() {
            return context;
        }

        @Override
        public void set(Context request) {
            context = request;
        }
    }

    private record Received(
            String method, String path, @Nullable String route, Map<String, String> headers)
            implements Tracing.ReceivedRequest {

        @Override
        public @Nullable String header(String name) {
            return headers.get(name);
        }

        @Override
        public String scheme() {
            return "http";
        }

        @Override
        public String host() {
            return "localhost";
        }

        @Override
        public int port() {
            return 8080;
        }

        @Override
        public String clientAddress() {
            return "127.0.0.1";
        }

        @Override
        public boolean mayBeginTrace() {
            return path.startsWith("/transactions");
        }
    }

    private final ExportedSpans exported = new ExportedSpans();
    private final CurrentInTest current = new CurrentInTest();
    private final OpenTelemetryTracing tracing = tracing(Sampler.parentBased(Sampler.alwaysOff()));

    private OpenTelemetryTracing tracing(Sampler sampler) {
        return new OpenTelemetryTracing(
                OpenTelemetrySdk.builder()
                        .setTracerProvider(SdkTracerProvider.builder()
                                .setSampler(new LinkSampler(sampler))
                                .addSpanProcessor(SimpleSpanProcessor.create(exported))
                                .build())
                        .build(),
                current);
    }

    /** A transaction whose events the tracing observes. */
    private final class Traced {
        private Transaction transaction;
        private @Nullable TransactionRecord record;

        Traced(int number) {
            transaction = Transaction.begin(
                    new TransactionId(new UUID(number, number)), Origin.ANONYMOUS, NOW, NOW.plusSeconds(60));
            tracing.listener().applied(new AppliedEvent(null, null, new Step(transaction, List.of(), null), 0, 0));
        }

        TransactionId id() {
            return transaction.id();
        }

        Traced with(String resourceManager) {
            apply(new CoordinatorEvent.WriteRequested(resourceManager, INSTANCE, true, false));
            return apply(new CoordinatorEvent.WriteStaged(resourceManager));
        }

        Traced prepare() {
            return apply(new CoordinatorEvent.PrepareRequested());
        }

        Traced vote(String resourceManager, Ballot ballot) {
            return apply(new CoordinatorEvent.VoteArrived(resourceManager, INSTANCE, ballot));
        }

        Traced recorded() {
            return apply(new CoordinatorEvent.Recorded(Objects.requireNonNull(record)));
        }

        Traced apply(CoordinatorEvent event) {
            Step step = MACHINE.apply(transaction, event, NOW);
            AppliedEvent applied = new AppliedEvent(transaction, event, step, 0, 0);
            transaction = step.transaction();
            step.effects().forEach(effect -> {
                if (effect instanceof CoordinatorEffect.Persist persist) {
                    record = persist.record();
                }
            });
            tracing.listener().applied(applied);
            return this;
        }
    }

    private ActiveSpan receive(String path, String traceparent) {
        return tracing.received(new Received("POST", path, path, Map.of("traceparent", traceparent)));
    }

    private ActiveSpan send(String resourceManager, boolean isRetry, Message... messages) {
        return tracing.sending(new SentRequest(
                resourceManager, "http://localhost:8081/rm/" + resourceManager, List.of(messages), isRetry, 0));
    }

    private static String traceparent(SpanData span) {
        return "00-" + span.getTraceId() + "-" + span.getSpanId() + "-01";
    }

    private static @Nullable String text(SpanData span, String attribute) {
        return span.getAttributes().get(AttributeKey.stringKey(attribute));
    }

    private static @Nullable Long number(SpanData span, String attribute) {
        return span.getAttributes().get(AttributeKey.longKey(attribute));
    }

    private static List<SpanContext> links(SpanData span) {
        return span.getLinks().stream().map(LinkData::getSpanContext).toList();
    }

    @Test
    void a_transaction_is_one_trace_from_the_caller_to_the_commit() {
        ActiveSpan begin = receive("/transactions", SAMPLED);
        Traced traced = new Traced(1).with("orders").with("payments");
        begin.answered(201);
        ActiveSpan request = receive("/transactions/{id}/commit", SAMPLED);
        tracing.coordinates(traced.id());
        traced.prepare();
        ActiveSpan prepare = send("orders", false, new Message.Prepare(traced.id(), List.of(), 1));
        String sent = prepare.traceparent();
        prepare.answered(200);
        traced.vote("orders", Ballot.COMMIT).vote("payments", Ballot.COMMIT);
        traced.recorded();
        send("orders", false, new Message.Commit(traced.id())).answered(204);
        request.answered(200);

        SpanData server = exported.only(SpanKind.SERVER, "POST /transactions/{id}/commit");
        assertEquals(CALLER, server.getParentSpanId());
        assertEquals("POST", text(server, "http.request.method"));
        assertEquals("/transactions/{id}/commit", text(server, "http.route"));
        assertEquals("http", text(server, "url.scheme"));
        assertEquals("localhost", text(server, "server.address"));
        assertEquals(8080, number(server, "server.port"));
        assertEquals(200, number(server, "http.response.status_code"));
        assertEquals(traced.id().toString(), text(server, "dtc.transaction.id"));
        SpanData prepared = exported.only("dtc.prepare");
        assertEquals(server.getSpanId(), prepared.getParentSpanId());
        assertEquals(2, number(prepared, "dtc.transaction.participants"));
        SpanData decision = exported.only("dtc.decision");
        assertEquals(server.getSpanId(), decision.getParentSpanId());
        assertEquals("commit", text(decision, "dtc.transaction.outcome"));
        assertEquals("voted", text(decision, "dtc.transaction.cause"));
        SpanData vote = exported.only("POST /transactions/{id}/prepare");
        assertEquals(prepared.getSpanId(), vote.getParentSpanId());
        assertEquals(traceparent(vote), sent);
        assertEquals(
                "http://localhost:8081/rm/orders/transactions/" + traced.id() + "/prepare", text(vote, "url.full"));
        assertEquals("/transactions/{id}/prepare", text(vote, "url.template"));
        assertEquals("orders", text(vote, "dtc.resource_manager.id"));
        assertEquals(8081, number(vote, "server.port"));
        SpanData commit = exported.only(SpanKind.CLIENT, "POST /transactions/{id}/commit");
        assertEquals(decision.getSpanId(), commit.getParentSpanId());
        exported.spans().forEach(span -> assertEquals(TRACE, span.getTraceId(), span::toString));
    }

    @Test
    void a_rollback_has_a_decision_with_the_reason() {
        receive("/transactions", SAMPLED);
        Traced traced = new Traced(1).with("orders").with("payments").prepare();
        traced.vote("orders", Ballot.abort(Ballot.conditionFailedReason("a secret key")));
        assertEquals(TransactionState.ROLLING_BACK, traced.transaction.state());
        SpanData decision = exported.only("dtc.decision");
        assertEquals("rollback", text(decision, "dtc.transaction.outcome"));
        assertEquals("vote_abort", text(decision, "dtc.transaction.cause"));
        assertEquals(StatusCode.ERROR, decision.getStatus().getStatusCode());
        assertFalse(decision.getStatus().getDescription().contains("secret"), decision::toString);
        send("payments", false, new Message.Rollback(traced.id())).failed(new IllegalStateException());
        SpanData rollback = exported.only("POST /transactions/{id}/rollback");
        assertEquals(decision.getSpanId(), rollback.getParentSpanId());
        assertEquals("java.lang.IllegalStateException", text(rollback, "error.type"));
    }

    @Test
    void a_retry_is_a_trace_of_its_own_with_a_link_also_after_the_end() {
        receive("/transactions", SAMPLED);
        Traced traced = new Traced(1).with("orders").with("payments").prepare();
        traced.vote("orders", Ballot.COMMIT).vote("payments", Ballot.COMMIT).recorded();
        traced.apply(new CoordinatorEvent.Acknowledged("orders"));
        traced.apply(new CoordinatorEvent.Acknowledged("payments"));
        assertTrue(traced.transaction.state().isFinal());
        send("orders", true, new Message.Commit(traced.id())).answered(204);
        SpanData retry = exported.only("POST /transactions/{id}/commit");
        SpanData decision = exported.only("dtc.decision");
        assertEquals(List.of(decision.getSpanContext()), links(retry));
        assertNotEquals(TRACE, retry.getTraceId());
        assertFalse(retry.getParentSpanContext().isValid());
        assertEquals(true, retry.getAttributes().get(AttributeKey.booleanKey("dtc.message.retry")));
    }

    @Test
    void a_request_for_several_transactions_has_a_link_to_each_and_a_part_in_each_trace() {
        String otherTrace = TRACE.replace('0', '1');
        receive("/transactions", SAMPLED);
        Traced one = new Traced(1).with("orders").with("payments").prepare();
        receive("/transactions", "00-" + otherTrace + "-" + CALLER + "-01");
        Traced two = new Traced(2).with("orders").with("payments").prepare();
        receive("/transactions", NOT_SAMPLED);
        Traced three = new Traced(3).with("orders").with("payments").prepare();
        send(
                        "orders",
                        false,
                        new Message.Prepare(one.id(), List.of(), 1),
                        new Message.Prepare(two.id(), List.of(), 1),
                        new Message.Prepare(three.id(), List.of(), 1))
                .answered(200);
        List.of(one, two).forEach(traced -> traced.vote("orders", Ballot.abort("no")));

        SpanData batch = exported.only("POST /batch");
        assertFalse(batch.getParentSpanContext().isValid());
        assertEquals(3, number(batch, "dtc.batch.size"));
        List<SpanData> prepared = exported.spans().stream()
                .filter(span -> span.getName().equals("dtc.prepare"))
                .toList();
        assertEquals(prepared.stream().map(SpanData::getSpanContext).toList(), links(batch));
        List<SpanData> parts = exported.spans().stream()
                .filter(span -> span.getName().equals("dtc.message"))
                .toList();
        assertEquals(
                List.of(TRACE, otherTrace),
                parts.stream().map(SpanData::getTraceId).toList());
        parts.forEach(part -> assertEquals(List.of(batch.getSpanContext()), links(part)));
    }

    @Test
    void a_request_with_one_sampled_transaction_belongs_to_its_trace() {
        receive("/transactions", NOT_SAMPLED);
        Traced one = new Traced(1).with("orders").with("payments").prepare();
        receive("/transactions", SAMPLED);
        Traced two = new Traced(2).with("orders").with("payments").prepare();
        send("orders", false, new Message.Prepare(one.id(), List.of(), 1), new Message.Prepare(two.id(), List.of(), 1))
                .answered(200);
        SpanData batch = exported.only("POST /batch");
        assertEquals(TRACE, batch.getTraceId());
        assertEquals(List.of(), batch.getLinks());
    }

    @Test
    void a_transaction_that_is_not_sampled_has_no_spans_and_its_messages_carry_the_decision() {
        ActiveSpan request = receive("/transactions", NOT_SAMPLED);
        Traced traced = new Traced(1).with("orders").with("payments").prepare();
        ActiveSpan prepare = send("orders", false, new Message.Prepare(traced.id(), List.of(), 1));
        String sent = Objects.requireNonNull(prepare.traceparent());
        assertTrue(sent.startsWith("00-" + TRACE) && sent.endsWith("-00"), sent);
        prepare.answered(200);
        request.answered(201);
        assertNull(tracing.spanOf(traced.id()));
        assertEquals(List.of(), exported.spans());
    }

    @Test
    void trace_state_is_passed_on() {
        tracing.received(new Received(
                "POST", "/transactions", "/transactions", Map.of("traceparent", SAMPLED, "tracestate", "vendor=1")));
        Traced traced = new Traced(1).with("orders").with("payments").prepare();
        assertEquals(
                "vendor=1",
                send("orders", false, new Message.Prepare(traced.id(), List.of(), 1))
                        .tracestate());
    }

    @Test
    void a_message_of_a_transaction_without_a_trace_has_no_span() {
        Traced traced = new Traced(1).with("orders");
        assertSame(ActiveSpan.NONE, send("orders", true, new Message.Commit(traced.id())));
    }

    @Test
    void the_client_may_commit_in_another_trace() {
        receive("/transactions", SAMPLED).answered(201);
        SpanData begin = exported.only("POST /transactions");
        Traced traced = new Traced(1).with("orders").with("payments");
        String otherTrace = TRACE.replace('0', '1');
        ActiveSpan commit = receive("/transactions/{id}/commit", "00-" + otherTrace + "-" + CALLER + "-01");
        tracing.coordinates(traced.id());
        traced.prepare();
        commit.answered(200);
        assertEquals(List.of(begin.getSpanContext()), links(exported.only("POST /transactions/{id}/commit")));
        assertEquals(
                otherTrace, Objects.requireNonNull(tracing.spanOf(traced.id())).traceId());
    }

    @Test
    void a_request_during_phase_one_does_not_change_the_trace() {
        receive("/transactions", SAMPLED);
        Traced traced = new Traced(1).with("orders").with("payments").prepare();
        receive("/transactions/{id}/commit", "00-" + TRACE.replace('0', '1') + "-" + CALLER + "-01");
        tracing.coordinates(traced.id());
        traced.vote("orders", Ballot.COMMIT).vote("payments", Ballot.COMMIT).recorded();
        assertEquals(TRACE, exported.only("dtc.decision").getTraceId());
    }

    @Test
    void only_requests_of_clients_begin_a_trace() {
        OpenTelemetryTracing always = tracing(Sampler.alwaysOn());
        assertSame(
                ActiveSpan.NONE,
                always.received(new Received("PUT", "/resource-managers/orders", "/resource-managers/{id}", Map.of())));
        always.received(new Received("POST", "/transactions", "/transactions", Map.of()))
                .answered(503);
        SpanData request = exported.only("POST /transactions");
        assertEquals(StatusCode.ERROR, request.getStatus().getStatusCode());
        assertEquals("503", text(request, "error.type"));
    }

    @Test
    void a_stored_batch_belongs_to_the_message_that_caused_it() {
        TransactionId id = new TransactionId(new UUID(1, 1));
        receive("/rm/{rm}/transactions/{id}/prepare", SAMPLED).answered(200);
        tracing.carriesOut("orders", id);
        assertSame(ActiveSpan.NONE, store("payments", id), "another resource manager");
        store("orders", id, new TransactionId(new UUID(2, 2))).succeeded();
        SpanData stored = exported.only("BATCH dtc");
        assertEquals(exported.only("POST /rm/{rm}/transactions/{id}/prepare").getSpanId(), stored.getParentSpanId());
        assertEquals("postgresql", text(stored, "db.system.name"));
        assertEquals("dtc", text(stored, "db.namespace"));
        assertEquals(2, number(stored, "db.operation.batch.size"));
        assertEquals(5432, number(stored, "server.port"));
        assertSame(ActiveSpan.NONE, store("orders", id), "the message has been stored");
    }

    @Test
    void a_stored_batch_of_several_messages_has_a_link_to_each() {
        TransactionId one = new TransactionId(new UUID(1, 1));
        TransactionId two = new TransactionId(new UUID(2, 2));
        receive("/one", SAMPLED).answered(200);
        tracing.carriesOut("orders", one);
        receive("/two", SAMPLED).answered(200);
        tracing.carriesOut("orders", two);
        store("orders", one, two).failed(new IllegalStateException());
        SpanData stored = exported.only("BATCH dtc");
        assertEquals(
                List.of(
                        exported.only("POST /one").getSpanContext(),
                        exported.only("POST /two").getSpanContext()),
                links(stored));
        assertEquals(StatusCode.ERROR, stored.getStatus().getStatusCode());
    }

    private ActiveSpan store(String resourceManager, TransactionId... transactions) {
        return tracing.storing(new StoredBatch(resourceManager, "localhost", 5432, "dtc", List.of(transactions)));
    }

    @Test
    void an_exemplar_names_the_span_of_a_sampled_transaction() {
        receive("/transactions", SAMPLED);
        Traced traced = new Traced(1).with("orders").with("payments").prepare();
        SpanIds span = tracing.spanOf(traced.id());
        assertNotNull(span);
        assertEquals(TRACE, span.traceId());
        traced.vote("orders", Ballot.abort("no"));
        assertEquals(span.spanId(), exported.only("dtc.prepare").getSpanId());
    }

    @Test
    void without_tracing_nothing_is_created() {
        assertFalse(Tracing.OFF.isEnabled());
        assertNull(Tracing.OFF.listener());
        assertSame(ActiveSpan.NONE, Tracing.OFF.received(new Received("GET", "/transactions", null, Map.of())));
        assertNull(ActiveSpan.NONE.traceparent());
    }
}

package dtc.conformance;

import static dtc.conformance.Row.core;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.conformance.Row.Mode;
import dtc.conformance.Row.Profile;
import dtc.protocol.Vote;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Several messages in one request, and writes in a prepare. */
final class BatchRows {

    /** A batch does not wait for keys. This is the time of one call on a loaded machine. */
    private static final Duration WITHOUT_WAITING = Duration.ofMillis(500);

    private BatchRows() {}

    static List<Row> rows() {
        return Stream.of(
                        core(
                                        "batch",
                                        "200 `{\"answers\":[{\"status\":204,\"transaction\"},{\"status\":200,\"transaction\",\"vote\":\"COMMIT\"}",
                                        BatchRows::batch)
                                .needs("batch"),
                        core(
                                        "batch-refusal",
                                        "Each message gets the status that it would get in a separate request, and a"
                                                + " refused message does not affect the others.",
                                        BatchRows::refusal)
                                .needs("batch"),
                        core(
                                        "batch-never-waits",
                                        "`202` means that the message has to wait for a key",
                                        BatchRows::neverWaits)
                                .needs("batch")
                                .when(Mode.TIMING),
                        core(
                                        "batch-malformed",
                                        "A malformed request is refused with 4xx and changes nothing",
                                        BatchRows::malformed)
                                .needs("batch"),
                        core(
                                        "batch-one-phase",
                                        "A commit with `writeCount` is a one-phase commit.",
                                        BatchRows::onePhase)
                                .needs("batch"),
                        core(
                                        "prepare-with-writes",
                                        "as a prepare: the writes are staged first",
                                        BatchRows::prepareWithWrites)
                                .needs("prepare-with-writes"),
                        core(
                                        "batch-prepare-with-writes",
                                        "`writes` in a batch need both features.",
                                        BatchRows::batchPrepareWithWrites)
                                .needs("prepare-with-writes"))
                .map(row -> row.in(Profile.BATCH))
                .toList();
    }

    private static String message(CheckedTransaction transaction, String type, String more) {
        return "{\"type\":\"%s\",\"transaction\":\"%s\"%s}"
                .formatted(type, transaction.id(), more.isEmpty() ? "" : "," + more);
    }

    private static String write(CheckedTransaction transaction, String key, String value) {
        return message(
                transaction,
                "WRITE",
                "\"sequence\":1,\"key\":%s,\"value\":%s".formatted(JsonDocuments.quoted(key), value));
    }

    private static String prepare(CheckedTransaction transaction) {
        return message(transaction, "PREPARE", "\"writeCount\":1");
    }

    private static Exchange send(RowContext c, String... messages) {
        return c.resourceManager().post("/batch", Map.of(), "{\"messages\":[" + String.join(",", messages) + "]}");
    }

    /** Expects one answer for each message. */
    private static void expectAnswers(Exchange exchange, int count) {
        RowContext.expect(
                exchange.status() == 200
                        && exchange.is("application/json")
                        && exchange.json().path("answers").size() == count,
                "200 application/json with \"answers\" of " + count + " elements",
                exchange);
    }

    private static void expectAnswer(
            RowContext c, Exchange exchange, int index, CheckedTransaction transaction, Integer... statuses) {
        JsonNode answer = exchange.json().path("answers").path(index);
        String element = "in element " + index + " of \"answers\"";
        RowContext.expect(
                List.of(statuses).contains(answer.path("status").asInt()),
                "one of the statuses " + List.of(statuses) + " " + element,
                exchange);
        if (answer.hasNonNull("transaction") || c.resourceManager().has("contract-2")) {
            RowContext.expect(
                    RowContext.isId(answer.path("transaction"), transaction),
                    "the \"transaction\" of the message " + element,
                    exchange);
        }
    }

    private static void expectVote(
            RowContext c, Exchange exchange, int index, CheckedTransaction transaction, Vote vote) {
        expectAnswer(c, exchange, index, transaction, 200);
        RowContext.expect(
                exchange.json()
                        .path("answers")
                        .path(index)
                        .path("vote")
                        .asText()
                        .equals(vote.name()),
                "the vote " + vote + " in element " + index + " of \"answers\"",
                exchange);
    }

    private static void batch(RowContext c) {
        CheckedTransaction first = c.begin();
        CheckedTransaction second = c.begin();
        CheckedTransaction third = c.begin();
        String key = c.newKey();
        Exchange writes = send(c, write(second, key, c.value()), write(first, c.newKey(), c.value()));
        expectAnswers(writes, 2);
        expectAnswer(c, writes, 0, second, 204);
        expectAnswer(c, writes, 1, first, 204);
        Exchange votes = send(c, prepare(first), prepare(second), write(third, c.newKey(), c.value()));
        expectAnswers(votes, 3);
        expectVote(c, votes, 0, first, Vote.COMMIT);
        expectVote(c, votes, 1, second, Vote.COMMIT);
        expectAnswer(c, votes, 2, third, 204);
        Exchange outcomes = send(c, message(first, "ROLLBACK", ""), message(second, "COMMIT", ""));
        expectAnswers(outcomes, 2);
        expectAnswer(c, outcomes, 0, first, 204);
        expectAnswer(c, outcomes, 1, second, 204);
        c.expectCommitted(second, key, c.value());
        c.expectProblem(first, first.commit(), 404, 409);
    }

    private static void refusal(RowContext c) {
        CheckedTransaction unknown = c.begin();
        CheckedTransaction rolledBack = c.begin();
        c.expectAcknowledged(rolledBack.rollback());
        CheckedTransaction nothing = c.begin();
        CheckedTransaction staged = c.staged(c.newKey(), c.value());
        Exchange exchange = send(
                c,
                message(unknown, "COMMIT", ""),
                write(rolledBack, c.newKey(), c.value()),
                prepare(nothing),
                prepare(staged));
        expectAnswers(exchange, 4);
        expectAnswer(c, exchange, 0, unknown, 404);
        expectAnswer(c, exchange, 1, rolledBack, 409);
        expectVote(c, exchange, 2, nothing, Vote.ABORT);
        expectVote(c, exchange, 3, staged, Vote.COMMIT);
        c.expectAcknowledged(staged.commit());
    }

    private static void neverWaits(RowContext c) {
        String key = c.newKey();
        CheckedTransaction older = c.staged(key, c.value());
        CheckedTransaction other = c.staged(c.newKey(), c.value());
        c.prepared(key, c.value());
        Exchange exchange = send(c, prepare(older), prepare(other));
        expectAnswers(exchange, 2);
        expectAnswer(c, exchange, 0, older, 202, 200);
        if (exchange.json().path("answers").path(0).path("status").asInt() == 200) {
            expectVote(c, exchange, 0, older, Vote.ABORT);
        }
        expectVote(c, exchange, 1, other, Vote.COMMIT);
        c.expectWithin(WITHOUT_WAITING, exchange);
    }

    private static void malformed(RowContext c) {
        for (String body : List.of("{\"messages\":[", "[]", "{}")) {
            c.expectClientError(c.resourceManager().post("/batch", Map.of(), body));
        }
    }

    private static void onePhase(RowContext c) {
        if (!c.resourceManager().has("one-phase")) {
            throw new RowSkipped("the resource manager did not register the feature one-phase");
        }
        String key = c.newKey();
        CheckedTransaction complete = c.staged(key, c.value());
        CheckedTransaction incomplete = c.staged(c.newKey(), c.value());
        Exchange exchange = send(
                c, message(complete, "COMMIT", "\"writeCount\":1"), message(incomplete, "COMMIT", "\"writeCount\":2"));
        expectAnswers(exchange, 2);
        expectAnswer(c, exchange, 0, complete, 204);
        expectAnswer(c, exchange, 1, incomplete, 409);
        c.expectCommitted(complete, key, c.value());
    }

    private static String writes(RowContext c, String key) {
        return "\"writes\":[{\"sequence\":1,\"key\":%s,\"value\":%s}]".formatted(JsonDocuments.quoted(key), c.value());
    }

    private static void prepareWithWrites(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.begin();
        c.expectVote(transaction.prepareWith("{" + writes(c, key) + "}"), Vote.COMMIT);
        c.expectVote(transaction.prepareWith("{" + writes(c, key) + "}"), Vote.COMMIT);
        c.expectNoValue(key);
        c.expectAcknowledged(transaction.commit());
        c.expectValue(key, c.value());
        CheckedTransaction rolledBack = c.begin();
        c.expectAcknowledged(rolledBack.rollback());
        c.expectVote(rolledBack.prepareWith("{" + writes(c, c.newKey()) + "}"), Vote.ABORT);
    }

    private static void batchPrepareWithWrites(RowContext c) {
        if (!c.resourceManager().has("batch")) {
            throw new RowSkipped("the resource manager did not register the feature batch");
        }
        String key = c.newKey();
        CheckedTransaction transaction = c.begin();
        Exchange votes = send(c, message(transaction, "PREPARE", writes(c, key) + ",\"writeCount\":1"));
        expectAnswers(votes, 1);
        expectVote(c, votes, 0, transaction, Vote.COMMIT);
        c.expectAcknowledged(transaction.commit());
        c.expectValue(key, c.value());
    }
}

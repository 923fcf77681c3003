package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.conformance.Row.Mode;
import dtc.protocol.Vote;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;

/** Requests that are malformed, long, on one connection, or parallel. */
final class RequestRows {

    /** More than a reasonable limit. */
    private static final int LONG_CHARS = 8 << 20;

    private static final int PARALLEL = 100;
    /** Fewer, since the machine may be small. */
    private static final int PARALLEL_IN_TIME = 20;

    private RequestRows() {}

    static List<Row> rows() {
        return List.of(
                core("one-answer", "`keep-alive` promises one answer to each request", RequestRows::oneAnswer)
                        .needs("keep-alive"),
                core(
                        "malformed-json",
                        "A malformed request is refused with 4xx and changes nothing",
                        RequestRows::malformedJson),
                core(
                        "malformed-id",
                        "A malformed request is refused with 4xx and changes nothing",
                        RequestRows::malformedId),
                core(
                        "long-body",
                        "A request that is too long is refused with 413 and changes nothing",
                        RequestRows::longBody),
                core("parallel", "A commit makes the writes visible", RequestRows::parallel)
                        .when(Mode.ALONE),
                core(
                                "parallel-in-time",
                                "A vote that does not arrive within 1 s counts as ABORT.",
                                RequestRows::parallelInTime)
                        .when(Mode.ALONE_TIMING));
    }

    private static void oneAnswer(RowContext c) {
        CheckedTransaction transaction = c.begin();
        String path = "/transactions/" + transaction.id();
        Map<String, String> headers = c.resourceManager()
                .headers(Map.of(
                        ResourceManagerUnderTest.WRITE_SEQUENCE, "1", ResourceManagerUnderTest.WRITE_COUNT, "1"));
        Duration timeout = ResourceManagerUnderTest.TIMEOUT;
        try (HttpCaller.Connection connection = c.resourceManager().connect()) {
            c.expectAcknowledged(connection.call(
                    "POST", path + "/writes", headers, RowContext.put(c.newKey(), c.value()), timeout, false));
            Exchange vote = connection.call("POST", path + "/prepare", headers, null, timeout, false);
            c.expectVote(vote, Vote.COMMIT);
            Exchange commit = connection.call("POST", path + "/commit", headers, null, timeout, false);
            c.expectAcknowledged(commit);
            RowContext.expect(!connection.hasSurplus(), "one answer to each request on a connection", commit);
        } catch (IOException e) {
            throw new RowFailure("expected: a connection\nreceived: " + e);
        }
    }

    private static void malformedJson(RowContext c) {
        String key = c.newKey();
        String other = c.newKey();
        CheckedTransaction staged = c.staged(key, c.value());
        for (String body : List.of("{", "", "[]", "key", "{\"value\":" + c.value() + "}")) {
            c.expectClientError(c.begin().write(body));
            c.expectClientError(staged.writeUncounted(2, body));
        }
        c.expectAcknowledged(staged.write(RowContext.put(other, c.value())));
        c.expectVote(staged.prepare(), Vote.COMMIT);
        c.expectAcknowledged(staged.commit());
        c.expectValue(key, c.value());
        c.expectValue(other, c.value());
    }

    private static void malformedId(RowContext c) {
        String body = RowContext.put(c.newKey(), c.value());
        c.expectClientError(c.resourceManager().post("/transactions/no-uuid/writes", Map.of(), body));
        c.expectClientError(c.resourceManager().post("/transactions/no-uuid/prepare", Map.of(), null));
        c.expectClientError(c.resourceManager().post("/transactions/no-uuid/commit", Map.of(), null));
    }

    private static void longBody(RowContext c) {
        String key = c.newKey();
        String longKey = c.newKey();
        CheckedTransaction staged = c.staged(key, c.value());
        String longValue = "\"" + "x".repeat(LONG_CHARS) + "\"";
        CheckedTransaction tooLong = c.begin();
        Exchange exchange = tooLong.write(RowContext.put(longKey, longValue));
        if (exchange.status() == 204) {
            c.expectVote(tooLong.prepare(), Vote.COMMIT);
            c.expectAcknowledged(tooLong.commit());
            c.expectValue(longKey, longValue);
        } else {
            // It may close the connection instead of reading the body.
            boolean isClosed =
                    exchange.response() == null && !exchange.failure().equals("timeout");
            boolean isRefused = (exchange.status() >= 400 && exchange.status() < 500) || exchange.status() == 507;
            RowContext.expect(isRefused || isClosed, "413, or another status from 400 to 499, or 507", exchange);
            c.expectNoValue(longKey);
        }
        c.expectVote(staged.prepare(), Vote.COMMIT);
        c.expectAcknowledged(staged.commit());
        c.expectValue(key, c.value());
    }

    /** Runs transactions at the same time, and returns their votes by key. */
    private static Map<String, Exchange> runInParallel(RowContext c, int transactions) throws InterruptedException {
        Map<String, Future<Exchange>> votes = new TreeMap<>();
        for (int i = 0; i < transactions; i++) {
            String key = c.newKey();
            votes.put(key, RowContext.start(() -> {
                CheckedTransaction transaction = c.staged(key, c.value());
                Exchange vote = transaction.prepare();
                c.expectVote(vote, Vote.COMMIT);
                c.expectAcknowledged(transaction.commit());
                return vote;
            }));
        }
        Map<String, Exchange> results = new TreeMap<>();
        for (Map.Entry<String, Future<Exchange>> vote : votes.entrySet()) {
            results.put(vote.getKey(), RowContext.join(vote.getValue()));
        }
        return results;
    }

    private static void parallel(RowContext c) throws InterruptedException {
        for (String key : runInParallel(c, PARALLEL).keySet()) {
            c.expectValue(key, c.value());
        }
    }

    private static void parallelInTime(RowContext c) throws InterruptedException {
        for (Exchange vote : runInParallel(c, PARALLEL_IN_TIME).values()) {
            c.expectWithin(RowContext.VOTE_TIMEOUT, vote);
        }
    }
}

package dtc.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.conformance.CoordinatorServer.InquiryAnswer;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What a row uses: transactions and keys of its own, and expectations about responses. */
final class RowContext {

    /** The timeout of a vote at the coordinator. */
    static final Duration VOTE_TIMEOUT = Duration.ofSeconds(1);

    private static final String JSON = "application/json";
    private static final String PROBLEM = "application/problem+json";

    private final CheckRun run;
    private final ConcurrentLinkedQueue<CheckedTransaction> transactions = new ConcurrentLinkedQueue<>();

    RowContext(CheckRun run) {
        this.run = run;
    }

    ResourceManagerUnderTest resourceManager() {
        return run.resourceManager();
    }

    CoordinatorServer coordinator() {
        return run.coordinator();
    }

    /** How long an inquiry or a registration is awaited. */
    Duration patience() {
        return run.options().patience();
    }

    // Keys, values and writes

    /** Returns a key that no row has used. */
    String newKey() {
        return run.newKey();
    }

    String value() {
        return run.options().write().value();
    }

    /** Returns a value that differs from {@link #value}. */
    String otherValue() {
        return run.options().write().otherValue();
    }

    static String put(String key, String value) {
        return "{\"key\":%s,\"value\":%s}".formatted(JsonDocuments.quoted(key), value);
    }

    // Transactions

    /** Begins a transaction, which is younger than all others. */
    CheckedTransaction begin() {
        CheckedTransaction transaction = new CheckedTransaction(resourceManager(), run.newTransaction());
        transactions.add(transaction);
        return transaction;
    }

    CheckedTransaction staged(String key, String value) {
        CheckedTransaction transaction = begin();
        expectAcknowledged(transaction.write(put(key, value)));
        return transaction;
    }

    CheckedTransaction prepared(String key, String value) {
        CheckedTransaction transaction = staged(key, value);
        expectVote(transaction.prepare(), Vote.COMMIT);
        return transaction;
    }

    CheckedTransaction committed(String key, String value) {
        CheckedTransaction transaction = prepared(key, value);
        expectAcknowledged(transaction.commit());
        return transaction;
    }

    /** Rolls back what the row left open, unless the resource manager does not answer. */
    void rollBackAll() {
        boolean answers = true;
        for (CheckedTransaction transaction : transactions) {
            coordinator().answerInquiries(transaction.id(), List.of(InquiryAnswer.ROLLBACK));
            answers = answers && transaction.rollback().response() != null;
        }
    }

    /** Runs a call at the same time as further ones. */
    static <T> Future<T> start(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.startVirtualThread(task);
        return task;
    }

    static <T> T join(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        }
    }

    // Expectations

    /** Returns a failure unless the condition holds. */
    static void expect(boolean condition, String expected, Exchange exchange) {
        if (!condition) {
            throw new RowFailure(expected, exchange);
        }
    }

    void expectAcknowledged(Exchange exchange) {
        expect(exchange.status() == 204, "204", exchange);
    }

    /** Expects a status, of a response with any body. */
    void expectStatus(Exchange exchange, Integer... statuses) {
        List<Integer> expected = Arrays.asList(statuses);
        expect(expected.contains(exchange.status()), "one of the statuses " + expected, exchange);
    }

    /** Expects any status from 400 to 499. */
    void expectClientError(Exchange exchange) {
        expect(exchange.status() >= 400 && exchange.status() < 500, "a status from 400 to 499", exchange);
    }

    /** Expects a problem with one of the statuses, which names the transaction if it names one. */
    void expectProblem(CheckedTransaction transaction, Exchange exchange, Integer... statuses) {
        expectStatus(exchange, statuses);
        JsonNode document = exchange.json();
        expect(exchange.is(PROBLEM) && document.isObject(), "a JSON object as " + PROBLEM, exchange);
        if (document.hasNonNull("transaction") || resourceManager().has("contract-2")) {
            expect(
                    isId(document.path("transaction"), transaction),
                    "the member \"transaction\" with the id of the transaction",
                    exchange);
        }
    }

    /** Whether a member of a document is the id of the transaction. */
    static boolean isId(JsonNode member, CheckedTransaction transaction) {
        return TransactionId.parse(member.asText())
                .filter(transaction.id()::equals)
                .isPresent();
    }

    void expectVote(Exchange exchange, Vote vote) {
        expect(vote(exchange) == vote, "200 %s {\"vote\":\"%s\"}".formatted(JSON, vote), exchange);
    }

    /** Expects a vote, and returns it. */
    Vote expectAnyVote(Exchange exchange) {
        Vote vote = vote(exchange);
        if (vote == null) {
            throw new RowFailure("200 " + JSON + " with a vote", exchange);
        }
        return vote;
    }

    /** Returns the vote, or null if the response is none. */
    static @Nullable Vote vote(Exchange exchange) {
        if (exchange.status() != 200 || !exchange.is(JSON)) {
            return null;
        }
        String text = exchange.json().path("vote").asText();
        return Arrays.stream(Vote.values())
                .filter(vote -> vote.name().equals(text))
                .findFirst()
                .orElse(null);
    }

    void expectWithin(Duration limit, Exchange exchange) {
        expect(exchange.elapsed().compareTo(limit) <= 0, "an answer within " + limit.toMillis() + " ms", exchange);
    }

    // Reads

    /** Skips the row if the resource manager does not serve its entries. */
    void needEntries() {
        if (!run.servesEntries()) {
            throw new RowSkipped("the resource manager does not serve GET /entries");
        }
    }

    /** Skips the row if the resource manager does not list its open transactions. */
    void needOpenTransactions() {
        if (resourceManager().openTransactions().isEmpty()) {
            throw new RowSkipped("the resource manager does not serve GET /transactions");
        }
    }

    /** Expects the committed value of a key, if the resource manager serves its entries. */
    void expectValue(String key, String value) {
        if (run.servesEntries()) {
            Exchange exchange = resourceManager().entry(key);
            JsonNode found = exchange.json().path("value");
            expect(
                    exchange.status() == 200
                            && !found.isMissingNode()
                            && JsonDocuments.isEqual(found.toString(), value),
                    "200 with the value " + Exchange.shortened(value),
                    exchange);
        }
    }

    /** Expects that a key has no committed value, if the resource manager serves its entries. */
    void expectNoValue(String key) {
        if (run.servesEntries()) {
            expectStatus(resourceManager().entry(key), 404);
        }
    }

    /** Expects that the transaction committed: it cannot be rolled back any more. */
    void expectCommitted(CheckedTransaction transaction, String key, String value) {
        expectProblem(transaction, transaction.rollback(), 409);
        expectAcknowledged(transaction.commit());
        expectValue(key, value);
    }

    /** Expects that the transaction rolled back: it cannot be committed any more. */
    void expectRolledBack(CheckedTransaction transaction, String key) {
        expectProblem(transaction, transaction.commit(), 404, 409);
        expectNoValue(key);
    }

    /** Expects that the key is locked: a younger transaction cannot prepare on it. */
    void expectLocked(String key) {
        expectVote(staged(key, value()).prepare(), Vote.ABORT);
    }

    // Inquiries and restarts

    /** Waits for a number of inquiries about a transaction, while the transaction must stay in doubt. */
    void awaitInquiries(CheckedTransaction transaction, int count) throws InterruptedException {
        AtomicReference<String> state = new AtomicReference<>("PREPARED");
        Optional<Boolean> end = coordinator()
                .await(
                        () -> {
                            int inquiries = coordinator().inquiries(transaction.id());
                            if (inquiries >= count) {
                                return Optional.of(true);
                            }
                            resourceManager()
                                    .openTransactions()
                                    .ifPresent(open -> state.set(
                                            open.getOrDefault(transaction.id().toString(), "unknown")));
                            // The inquiry may have been answered meanwhile.
                            return state.get().equals("PREPARED")
                                            || coordinator().inquiries(transaction.id()) >= count
                                    ? Optional.empty()
                                    : Optional.of(false);
                        },
                        patience());
        if (end.isEmpty()) {
            throw new RowFailure("expected: %s inquiries GET /transactions/%s/outcome within %s s\nreceived: %s"
                    .formatted(
                            count,
                            transaction.id(),
                            patience().toSeconds(),
                            coordinator().inquiries(transaction.id())));
        }
        if (!end.get()) {
            throw new RowFailure(
                    "expected: transaction %s stays PREPARED until an inquiry is answered\nreceived: it is %s in GET /transactions, after %s inquiries"
                            .formatted(
                                    transaction.id(), state.get(), coordinator().inquiries(transaction.id())));
        }
    }

    /** Waits until the transaction is not in doubt any more, so that the next message does not end it. */
    void awaitEnd(CheckedTransaction transaction) throws InterruptedException {
        if (resourceManager().openTransactions().isPresent()) {
            coordinator()
                    .await(
                            () -> resourceManager()
                                    .openTransactions()
                                    .filter(open ->
                                            !open.containsKey(transaction.id().toString())),
                            patience());
        } else {
            pause(VOTE_TIMEOUT);
        }
    }

    void pause(Duration duration) throws InterruptedException {
        coordinator().await(Optional::empty, duration);
    }

    /** Restarts the resource manager, once for all rows that need it. */
    void restart() {
        run.restart().await();
    }
}

package dtc.client;

import dtc.participant.coordinator.CoordinatorHttp;
import dtc.participant.coordinator.CoordinatorResponse;
import dtc.participant.json.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs transactions:
 *
 * <pre>{@code
 * DtcClient dtc = DtcClient.of("http://localhost:8080");
 * TransactionOutcome<String> outcome = dtc.run(transaction -> {
 *     orders.place(order);    // with the header DTC-Transaction
 *     return "placed";
 * });
 * }</pre>
 *
 * Thread-safe.
 */
public final class DtcClient {

    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    /** How long an answer is requested that does not arrive. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final CoordinatorHttp http;
    private final Duration timeout;
    private final Duration patience;

    private DtcClient(CoordinatorHttp http, Duration timeout, Duration patience) {
        this.http = http;
        this.timeout = timeout;
        this.patience = patience;
    }

    /**
     * Creates a client.
     *
     * @param coordinators the URLs of the coordinator, with commas between them
     */
    public static DtcClient of(String coordinators) {
        return of(coordinators, null);
    }

    /**
     * Creates a client.
     *
     * @param coordinators the URLs of the coordinator, with commas between them
     * @param tokenFile a file with the token for the coordinator; null if it requires none
     */
    public static DtcClient of(String coordinators, @Nullable Path tokenFile) {
        return new DtcClient(
                new CoordinatorHttp(CoordinatorHttp.urls(coordinators), TokenFile.supplier(tokenFile)),
                DEFAULT_TIMEOUT,
                PATIENCE);
    }

    /** Returns a client whose transactions are rolled back after this time, unless they are committed before. */
    public DtcClient withTimeout(Duration newTimeout) {
        return new DtcClient(http, newTimeout, patience);
    }

    /** Returns a client that waits this long for an outcome while the coordinator does not answer. */
    public DtcClient withPatience(Duration newPatience) {
        return new DtcClient(http, timeout, newPatience);
    }

    /** The work of a transaction. */
    @FunctionalInterface
    public interface TransactionWork<T extends @Nullable Object, X extends Exception> {
        T run(Transaction transaction) throws X;
    }

    /**
     * Begins a transaction, does the work, and commits. If the work throws an exception, the transaction is rolled
     * back, and the exception is thrown. Filters send the id of the transaction with calls from this thread.
     *
     * @throws CoordinatorException if the transaction could not begin
     */
    public <T extends @Nullable Object, X extends Exception> TransactionOutcome<T> run(TransactionWork<T, X> work)
            throws X {
        Transaction transaction = begin();
        TransactionContext.Scope scope = TransactionContext.enter(transaction.id());
        T value;
        boolean succeeded = false;
        try {
            value = work.run(transaction);
            succeeded = true;
        } finally {
            scope.close();
            if (!succeeded) {
                rollback(transaction.id());
            }
        }
        return commit(transaction.id(), value);
    }

    /** Begins a transaction. A begin that is not answered is sent again with the same key. */
    public Transaction begin() {
        long start = System.nanoTime();
        Map<String, String> headers =
                Map.of("Idempotency-Key", UUID.randomUUID().toString());
        String body = Json.object(Map.of("timeoutMillis", Long.toString(timeout.toMillis())));
        CoordinatorResponse response = sendUntilAnswered("POST", "/transactions", body, headers, start);
        String id = response.string("id");
        Instant startedAt = instant(response.string("startedAt"));
        Instant expiresAt = instant(response.string("expiresAt"));
        if (response.status() != 201 || id == null || startedAt == null || expiresAt == null) {
            throw new CoordinatorException(response.problem());
        }
        // The clocks of client and coordinator may differ, so the deadline is measured from the request.
        long deadline = start + Duration.between(startedAt, expiresAt).toNanos();
        return new Transaction(this, id, expiresAt, deadline);
    }

    private static @Nullable Instant instant(@Nullable String text) {
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** Commits a transaction. A commit that is not answered is sent again: it is done once. */
    public <T extends @Nullable Object> TransactionOutcome<T> commit(String id, T value) {
        CoordinatorResponse response;
        try {
            response = sendUntilAnswered("POST", "/transactions/" + id + "/commit", null, Map.of(), System.nanoTime());
        } catch (CoordinatorException e) {
            return new TransactionOutcome.NotKnown<>(id, String.valueOf(e.getMessage()));
        }
        return switch (response.status()) {
            case 200 -> outcome(id, value, response);
            // The outcome is rollback. The document contains the reason.
            case 409, 404 -> outcome(id, value);
            default -> new TransactionOutcome.NotKnown<>(id, response.problem());
        };
    }

    /** Returns how a transaction ended. */
    public <T extends @Nullable Object> TransactionOutcome<T> outcome(String id, T value) {
        try {
            long start = System.nanoTime();
            CoordinatorResponse response = sendUntilAnswered("GET", "/transactions/" + id, null, Map.of(), start);
            if (response.status() == 200) {
                return outcome(id, value, response);
            }
            if (response.status() != 404) {
                return new TransactionOutcome.NotKnown<>(id, response.problem());
            }
            response = sendUntilAnswered("GET", "/transactions/" + id + "/outcome", null, Map.of(), start);
            String outcome = response.status() == 200 ? response.string("outcome") : null;
            if (Objects.equals(outcome, "COMMIT")) {
                return new TransactionOutcome.Committed<>(id, value);
            }
            return Objects.equals(outcome, "ROLLBACK")
                    ? new TransactionOutcome.RolledBack<>(id, "the coordinator does not know the transaction")
                    : new TransactionOutcome.NotKnown<>(id, response.problem());
        } catch (CoordinatorException e) {
            return new TransactionOutcome.NotKnown<>(id, String.valueOf(e.getMessage()));
        }
    }

    private static <T extends @Nullable Object> TransactionOutcome<T> outcome(
            String id, T value, CoordinatorResponse document) {
        String state = String.valueOf(document.string("state"));
        String reason = document.string("reason");
        return switch (state) {
            case "COMMITTING", "COMMITTED" -> new TransactionOutcome.Committed<>(id, value);
            case "ROLLING_BACK", "ROLLED_BACK" ->
                new TransactionOutcome.RolledBack<>(id, reason == null ? "no reason is known" : reason);
            case "HEURISTIC" -> new TransactionOutcome.Heuristic<>(id, reason == null ? "no reason is known" : reason);
            default -> new TransactionOutcome.NotKnown<>(id, "the transaction is " + state);
        };
    }

    /** Rolls a transaction back. If the coordinator does not answer, it rolls back after the timeout. */
    public void rollback(String id) {
        try {
            http.send("POST", "/transactions/" + id + "/rollback", null, Map.of(), REQUEST_TIMEOUT);
        } catch (IOException e) {
            System.getLogger(DtcClient.class.getName())
                    .log(System.Logger.Level.INFO, "the rollback of " + id + " was not answered: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void write(String id, String resourceManager, String key, String value) {
        Map<String, String> body = new LinkedHashMap<>();
        body.put("resourceManager", Json.quoted(resourceManager));
        body.put("key", Json.quoted(key));
        body.put("value", value);
        // Not repeated: it has no number yet. After a failure the transaction can only roll back.
        sendOnce("/transactions/" + id + "/writes", Json.object(body));
    }

    void rollbackOnly(String id, String reason) {
        sendOnce("/transactions/" + id + "/rollback-only", Json.object(Map.of("reason", Json.quoted(reason))));
    }

    private void sendOnce(String path, String body) {
        try {
            CoordinatorResponse response = http.send("POST", path, body, Map.of(), REQUEST_TIMEOUT);
            if (response.status() != 204) {
                throw new CoordinatorException(response.problem());
            }
        } catch (IOException e) {
            throw new CoordinatorException("the coordinator did not answer: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CoordinatorException("interrupted");
        }
    }

    /** Repeats a request while the coordinator does not answer, or answers that it cannot say anything yet. */
    private CoordinatorResponse sendUntilAnswered(
            String method, String path, @Nullable String body, Map<String, String> headers, long startNanos) {
        while (true) {
            Duration pause = PAUSE;
            String failure;
            try {
                CoordinatorResponse response = http.send(method, path, body, headers, REQUEST_TIMEOUT);
                if (response.status() < 500 && response.status() != 429) {
                    return response;
                }
                failure = response.problem();
                pause = response.retryAfter() == null ? PAUSE : response.retryAfter();
            } catch (IOException e) {
                failure = "the coordinator did not answer: " + e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CoordinatorException("interrupted");
            }
            Duration left = patience.minusNanos(System.nanoTime() - startNanos);
            if (left.compareTo(pause) < 0) {
                throw new CoordinatorException(failure);
            }
            sleep(pause);
        }
    }

    private static void sleep(Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CoordinatorException("interrupted");
        }
    }
}

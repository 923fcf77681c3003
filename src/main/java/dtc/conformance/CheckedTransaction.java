package dtc.conformance;

import static dtc.conformance.ResourceManagerUnderTest.WRITE_COUNT;
import static dtc.conformance.ResourceManagerUnderTest.WRITE_SEQUENCE;
import static dtc.conformance.ResourceManagerUnderTest.path;

import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A transaction of a row. Not thread-safe. */
final class CheckedTransaction {

    /** A coordinator repeats an outcome until it is acknowledged. Here it is repeated a few times only. */
    private static final int OUTCOME_ATTEMPTS_MAX = 5;

    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Set<Integer> UNAVAILABLE = Set.of(429, 503);

    private final ResourceManagerUnderTest resourceManager;
    private final TransactionId id;
    /** The instance that was registered when the transaction began. */
    private final String instance;

    private Map<String, String> headers = Map.of();
    private int writes;

    CheckedTransaction(ResourceManagerUnderTest resourceManager, TransactionId id) {
        this.resourceManager = resourceManager;
        this.id = id;
        this.instance = resourceManager.registration().instance();
    }

    TransactionId id() {
        return id;
    }

    String instance() {
        return instance;
    }

    /** Adds or replaces a header of the next message only. */
    CheckedTransaction with(String header, String value) {
        headers = Map.of(header, value);
        return this;
    }

    /** Sends a write with the next number. */
    Exchange write(String body) {
        return write(++writes, body);
    }

    /** Sends a write with this number. The highest number is the number of writes. */
    Exchange write(int sequence, String body) {
        writes = Math.max(writes, sequence);
        return writeUncounted(sequence, body);
    }

    /** Sends a write that does not belong to the transaction, since it is malformed or late. */
    Exchange writeUncounted(int sequence, String body) {
        return send("writes", Map.of(WRITE_SEQUENCE, Integer.toString(sequence)), body);
    }

    Exchange prepare() {
        return prepare(Math.max(writes, 1));
    }

    Exchange prepare(int writeCount) {
        return send("prepare", Map.of(WRITE_COUNT, Integer.toString(writeCount)), null);
    }

    /** Sends a prepare with writes, which are the only ones. */
    Exchange prepareWith(String body) {
        return send("prepare", Map.of(WRITE_COUNT, "1"), body);
    }

    Exchange commit() {
        return sendOutcome("commit", Map.of());
    }

    Exchange commitOnePhase() {
        return commitOnePhase(Math.max(writes, 1));
    }

    Exchange commitOnePhase(int writeCount) {
        return sendOutcome("commit", Map.of(WRITE_COUNT, Integer.toString(writeCount)));
    }

    Exchange rollback() {
        return sendOutcome("rollback", Map.of());
    }

    /** Sends an outcome again while the resource manager is unavailable. */
    private Exchange sendOutcome(String action, Map<String, String> more) {
        Map<String, String> replaced = headers;
        Exchange exchange = send(action, more, null);
        for (int attempt = 2; attempt <= OUTCOME_ATTEMPTS_MAX && UNAVAILABLE.contains(exchange.status()); attempt++) {
            LockSupport.parkNanos(PAUSE.toNanos());
            headers = replaced;
            exchange = send(action, more, null);
        }
        return exchange;
    }

    private Exchange send(String action, Map<String, String> more, @Nullable String body) {
        Map<String, String> all = new HashMap<>(Map.of(ResourceManagerUnderTest.INSTANCE, instance));
        all.putAll(more);
        all.putAll(headers);
        headers = Map.of();
        return resourceManager.post(path(id, action), all, body);
    }
}

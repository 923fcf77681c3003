package dtc.runtime.coordinator;

import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Maps each {@code Idempotency-Key} to its transaction. Keys are scoped by principal. */
final class IdempotencyKeys {

    private record Key(@Nullable String principal, String key) {
        private static Key of(@Nullable String principal, Origin.Request request) {
            return new Key(principal, request.key());
        }
    }

    /** The first request with a key. {@code begun} completes once its writes are answered. */
    record Binding(String fingerprint, CompletableFuture<Answer<TransactionId>> begun) {
        private boolean isOf(TransactionId id) {
            return begun.getNow(null) instanceof Answer.Given<TransactionId>(TransactionId bound) && bound.equals(id);
        }
    }

    private final Map<Key, Binding> bindings = new ConcurrentHashMap<>();

    /** Binds the key of a request. Returns the earlier binding if there is one. */
    @Nullable
    Binding bindIfAbsent(@Nullable String principal, Origin.Request request, Binding binding) {
        return bindings.putIfAbsent(Key.of(principal, request), binding);
    }

    /** Binds the key of a recovered transaction. */
    void bind(Origin origin, TransactionId id) {
        Origin.Request request = origin.request();
        if (request != null) {
            bindings.put(
                    Key.of(origin.principal(), request),
                    new Binding(request.fingerprint(), CompletableFuture.completedFuture(Answer.of(id))));
        }
    }

    /** Releases the key of a request that did not begin a transaction. */
    void release(@Nullable String principal, Origin.Request request, Binding binding) {
        bindings.remove(Key.of(principal, request), binding);
    }

    /** Releases the key of a transaction that is forgotten. */
    void release(Origin origin, TransactionId id) {
        Origin.Request request = origin.request();
        if (request != null) {
            bindings.computeIfPresent(
                    Key.of(origin.principal(), request), (_, binding) -> binding.isOf(id) ? null : binding);
        }
    }
}

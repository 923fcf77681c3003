package dtc.bench.stack;

import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What light participants do: stage the write of each transaction, and apply or discard it at the end. */
@Singleton
final class Shelf {

    private final Map<Staging, Write> staged = new ConcurrentHashMap<>();
    private final Map<String, Object> committed = new ConcurrentHashMap<>();

    /** One participant's part in one transaction. */
    record Staging(String participant, String transaction) {}

    /** One write, the only one of its participant in its transaction. */
    public record Write(String key, Object value) {}

    void stage(Staging staging, Write write) {
        staged.put(staging, write);
    }

    boolean holds(Staging staging) {
        return staged.containsKey(staging);
    }

    void apply(Staging staging) {
        Write write = staged.remove(staging);
        if (write != null) {
            committed.put(staging.participant() + "/" + write.key(), write.value());
        }
    }

    void discard(Staging staging) {
        staged.remove(staging);
    }
}

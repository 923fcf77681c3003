package dtc.bench.helper;

import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The work of a light participant: it stages the write of each transaction, and applies or discards it at the end. */
@Singleton
final class StagedWrites {

    private final Map<Key, Write> staged = new ConcurrentHashMap<>();
    private final Map<String, Object> committed = new ConcurrentHashMap<>();

    /** One participant's part in one transaction. */
    record Key(String participant, String transaction) {}

    /** The only write of a participant in a transaction. */
    public record Write(String key, Object value) {}

    void stage(Key key, Write write) {
        staged.put(key, write);
    }

    boolean contains(Key key) {
        return staged.containsKey(key);
    }

    void apply(Key key) {
        Write write = staged.remove(key);
        if (write != null) {
            committed.put(key.participant() + "/" + write.key(), write.value());
        }
    }

    void discard(Key key) {
        staged.remove(key);
    }
}

package dtc.tracing;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The entries that were added last, up to a maximum number. Thread-safe. */
final class RecentEntries<K, V> {

    /** Synchronized on this map. */
    private final Map<K, V> entries;

    RecentEntries(int max) {
        this.entries = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > max;
            }
        };
    }

    void put(K key, V value) {
        synchronized (entries) {
            entries.put(key, value);
        }
    }

    @Nullable
    V get(K key) {
        synchronized (entries) {
            return entries.get(key);
        }
    }

    @Nullable
    V remove(K key) {
        synchronized (entries) {
            return entries.remove(key);
        }
    }
}

package dtc.resource;

import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The transaction that holds each locked key. */
final class KeyLocks {

    private final Map<String, TransactionId> holders = new HashMap<>();

    /** Returns the holders of these keys, in the order of the keys. */
    List<TransactionId> findHolders(Set<String> keys) {
        List<TransactionId> found = new ArrayList<>(0);
        for (String key : keys) {
            TransactionId holder = holders.get(key);
            if (holder != null) {
                found.add(holder);
            }
        }
        return found;
    }

    void lock(Set<String> keys, TransactionId holder) {
        keys.forEach(key -> holders.put(key, holder));
    }

    void release(Set<String> keys) {
        keys.forEach(holders::remove);
    }

    int count() {
        return holders.size();
    }
}

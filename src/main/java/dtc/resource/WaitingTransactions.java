package dtc.resource;

import dtc.protocol.TransactionId;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The transactions that wait for keys. */
final class WaitingTransactions {

    private final NavigableMap<TransactionId, StagedTransaction> transactions = new TreeMap<>();

    void add(TransactionId id, StagedTransaction transaction) {
        transactions.put(id, transaction);
    }

    void remove(TransactionId id) {
        transactions.remove(id);
    }

    boolean contains(TransactionId id) {
        return transactions.containsKey(id);
    }

    /** Returns a copy. */
    SortedMap<TransactionId, StagedTransaction> oldestFirst() {
        return new TreeMap<>(transactions);
    }

    /** Returns an older transaction that waits for a key of this one; null if there is none. */
    @Nullable
    TransactionId findOlderWithSameKey(TransactionId id, StagedTransaction transaction) {
        for (var older : transactions.headMap(id).entrySet()) {
            if (!Collections.disjoint(older.getValue().keys.keySet(), transaction.keys.keySet())) {
                return older.getKey();
            }
        }
        return null;
    }
}

package dtc.log.fenced;

import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletionStage;

/**
 * A linearizable key-value store with transactions, such as etcd. Each call sends a request once. A request without an
 * answer may be executed at any later time, even after the caller has sent it again.
 *
 * <p>A stage never fails. It may complete on any thread, which must not be blocked.
 */
public interface KeyValueStore {

    CompletionStage<Attempt<Txn.Result>> commit(Txn txn);

    /**
     * Reads the entries with keys from {@code from} (inclusive) to {@code to} (exclusive), in the order of their keys.
     * If the answer would be too large for one message, there is no answer.
     *
     * @param limit the maximum number of entries; the first ones are returned
     */
    CompletionStage<Attempt<List<Entry>>> range(String from, String to, int limit);

    /** Returns how much of its space the store uses, from 0 to 1; empty if this is unknown. */
    CompletionStage<OptionalDouble> usage();

    /** A key with its value. */
    record Entry(String key, StoredValue value) {}
}

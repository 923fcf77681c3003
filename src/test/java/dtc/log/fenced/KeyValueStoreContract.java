package dtc.log.fenced;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.log.fenced.Attempt.Answered;
import dtc.log.fenced.Attempt.NoAnswer;
import dtc.log.fenced.KeyValueStore.Entry;
import dtc.log.fenced.Txn.Condition;
import dtc.log.fenced.Txn.Operation.Delete;
import dtc.log.fenced.Txn.Operation.DeleteRange;
import dtc.log.fenced.Txn.Operation.Get;
import dtc.log.fenced.Txn.Operation.Put;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The contract of a key-value store. The test class of each implementation extends this class. */
public abstract class KeyValueStoreContract {

    private static final StoredValue ONE = StoredValue.of(1);
    private static final StoredValue TWO = StoredValue.of(2);

    /** The same store at every call. */
    protected abstract KeyValueStore store();

    /** A prefix of keys that no other test uses, which ends with a slash. */
    protected abstract String root();

    private static <R> Answered<R> answer(CompletionStage<Attempt<R>> attempt) throws Exception {
        return switch (attempt.toCompletableFuture().get(10, TimeUnit.SECONDS)) {
            case Answered<R> answered -> answered;
            case NoAnswer<R>(String reason) -> fail(reason);
        };
    }

    private Txn.Result commit(List<Condition> conditions, List<Txn.Operation> then, List<Txn.Operation> otherwise)
            throws Exception {
        return answer(store().commit(new Txn(conditions, then, otherwise))).result();
    }

    private void put(String key, StoredValue value) throws Exception {
        commit(List.of(), List.of(new Put(root() + key, value)), List.of());
    }

    private List<Entry> range(String from, String to, int limit) throws Exception {
        return answer(store().range(root() + from, root() + to, limit)).result();
    }

    @Test
    void a_transaction_whose_conditions_hold_executes_the_first_operations() throws Exception {
        put("a", ONE);
        Txn.Result result = commit(
                List.of(new Condition(root() + "a", ONE), new Condition(root() + "b", null)),
                List.of(new Put(root() + "b", TWO), new Get(root() + "a"), new Get(root() + "c")),
                List.of(new Put(root() + "b", ONE)));

        assertEquals(new Txn.Result(true, Map.of(root() + "a", ONE)), result);
        assertEquals(List.of(new Entry(root() + "a", ONE), new Entry(root() + "b", TWO)), range("a", "c", 10));
    }

    @Test
    void a_transaction_whose_conditions_do_not_hold_executes_the_second_operations() throws Exception {
        put("a", ONE);
        List<Txn.Operation> then = List.of(new Delete(root() + "a"));
        List<Txn.Operation> otherwise = List.of(new Get(root() + "a"), new Get(root() + "b"));

        for (Condition condition : List.of(
                new Condition(root() + "a", TWO),
                new Condition(root() + "a", null),
                new Condition(root() + "b", ONE))) {
            Txn.Result result = commit(List.of(condition), then, otherwise);
            assertEquals(new Txn.Result(false, Map.of(root() + "a", ONE)), result, condition.toString());
        }
        assertFalse(commit(List.of(new Condition(root() + "b", StoredValue.of(""))), then, otherwise)
                .succeeded());
    }

    @Test
    void one_condition_that_does_not_hold_is_enough() throws Exception {
        put("a", ONE);
        assertFalse(commit(
                        List.of(new Condition(root() + "a", ONE), new Condition(root() + "b", ONE)),
                        List.of(new Put(root() + "a", TWO)),
                        List.of())
                .succeeded());
        assertEquals(List.of(new Entry(root() + "a", ONE)), range("a", "z", 10));
    }

    @Test
    void keys_are_deleted_alone_and_by_range() throws Exception {
        for (String key : List.of("a", "b/1", "b/2", "b0", "c")) {
            put(key, ONE);
        }
        commit(List.of(), List.of(new Delete(root() + "a"), new DeleteRange(root() + "b/", root() + "b0")), List.of());

        assertEquals(List.of(new Entry(root() + "b0", ONE), new Entry(root() + "c", ONE)), range("a", "z", 10));
    }

    @Test
    void a_range_contains_the_first_keys_in_order() throws Exception {
        for (String key : List.of("d", "b", "a", "c")) {
            put(key, ONE);
        }
        assertEquals(
                List.of(root() + "b", root() + "c"),
                range("b", "d", 10).stream().map(Entry::key).toList());
        assertEquals(
                List.of(root() + "a", root() + "b", root() + "c"),
                range("a", "z", 3).stream().map(Entry::key).toList());
        assertEquals(List.of(), range("e", "z", 1));
    }

    @Test
    void values_of_any_bytes_are_returned_unchanged() throws Exception {
        byte[] all = new byte[LogBatch.BYTES_MAX];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i * 31);
        }
        StoredValue value = new StoredValue(ByteBuffer.wrap(all));
        put("a", value);
        put("b", StoredValue.of(""));

        assertEquals(
                List.of(new Entry(root() + "a", value), new Entry(root() + "b", StoredValue.of(""))),
                range("a", "z", 10));
        assertTrue(commit(List.of(new Condition(root() + "a", value)), List.of(), List.of())
                .succeeded());
    }

    @Test
    void a_range_that_is_too_large_has_no_answer() throws Exception {
        StoredValue large = new StoredValue(ByteBuffer.allocate(LogBatch.BYTES_MAX));
        for (int i = 0; i < 5; i++) {
            put("large" + i, large);
        }
        assertInstanceOf(
                NoAnswer.class,
                store().range(root() + "large", root() + "z", 5)
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS));
        assertEquals(3, range("large", "z", 3).size());
    }

    @Test
    void the_revision_increases_with_each_change() throws Exception {
        Txn change = new Txn(List.of(), List.of(new Put(root() + "a", ONE)), List.of());
        Answered<Txn.Result> first = answer(store().commit(change));
        Answered<Txn.Result> second = answer(store().commit(change));
        Answered<List<Entry>> read = answer(store().range(root() + "a", root() + "b", 1));

        assertTrue(second.revision() > first.revision());
        assertTrue(read.revision() >= second.revision());
        assertEquals(first.storeId(), second.storeId());
        assertEquals(first.storeId(), read.storeId());
    }

    @Test
    void the_store_reports_its_usage() throws Exception {
        double usage =
                store().usage().toCompletableFuture().get(10, TimeUnit.SECONDS).orElseThrow();
        assertTrue(usage >= 0 && usage < 1, Double.toString(usage));
    }
}

package dtc.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.runtime.participant.ResourceStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link ResourceStore} promises of its entries. */
public abstract class ResourceStoreContract {

    protected static final TransactionId ONE = id(1);
    protected static final TransactionId TWO = id(2);
    protected static final TransactionId THREE = id(3);

    /** The same new and empty store at each call of one test. */
    protected abstract ResourceStore store();

    protected static TransactionId id(long age) {
        return new TransactionId(new UUID(0x7000, age));
    }

    protected static <T extends @Nullable Object> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    protected static Update put(String json) {
        return new Update.Put(new JsonText(json));
    }

    protected static Change committed(TransactionId id, Map<String, Update> updates) {
        return new Change.Ended(id, Outcome.COMMIT, updates);
    }

    protected static Change rolledBack(TransactionId id) {
        return new Change.Ended(id, Outcome.ROLLBACK, Map.of());
    }

    protected Map<String, String> all() throws Exception {
        Map<String, String> all = new LinkedHashMap<>();
        await(store().entries(null, 1_000)).forEach((key, value) -> all.put(key, value.text()));
        return all;
    }

    @Test
    void a_commit_puts_and_deletes() throws Exception {
        long epoch = await(store().open()).epoch();
        await(store().append(epoch, List.of(committed(ONE, Map.of("a", put("1"), "b", put("2"))))));
        await(store().append(epoch, List.of(committed(TWO, Map.of("a", put("3"), "b", new Update.Delete())))));
        assertEquals(Map.of("a", "3"), all());
        assertEquals(Map.of("a", new JsonText("3")), await(store().read(Set.of("a", "b", "c"))));
    }

    @Test
    void of_several_changes_of_a_key_in_one_append_the_last_counts() throws Exception {
        long epoch = await(store().open()).epoch();
        await(store().append(
                        epoch,
                        List.of(
                                committed(ONE, Map.of("a", put("1"), "b", put("1"), "c", new Update.Delete())),
                                committed(TWO, Map.of("a", put("2"), "b", new Update.Delete(), "c", put("2"))),
                                committed(THREE, Map.of("a", put("3"))))));
        assertEquals(Map.of("a", "3", "c", "2"), all());
    }

    @Test
    void a_vote_and_a_rollback_change_no_entry() throws Exception {
        long epoch = await(store().open()).epoch();
        await(store().append(epoch, List.of(new Change.Prepared(ONE, Map.of("a", put("1"))))));
        await(store().append(epoch, List.of(rolledBack(ONE), new Change.Prepared(TWO, Map.of("a", put("1"))))));
        await(store().append(epoch, List.of(new Change.Evicted(ONE, ONE))));
        assertEquals(Map.of(), all());
    }

    @Test
    void pages_are_in_the_order_of_code_points() throws Exception {
        long epoch = await(store().open()).epoch();
        Map<String, Update> updates = new LinkedHashMap<>();
        List<String> keys = List.of("", "A", "Z", "a", "a b", "ä", "\uFFFD", "\uD83D\uDE00", "\uD83D\uDE00a");
        keys.reversed().forEach(key -> updates.put(key, put("\"" + key + "\"")));
        await(store().append(epoch, List.of(committed(ONE, updates))));
        assertEquals(keys, List.copyOf(all().keySet()));
        List<String> paged = new ArrayList<>();
        for (String after = null; paged.size() < keys.size(); after = paged.getLast()) {
            Set<String> page = await(store().entries(after, 2)).keySet();
            assertTrue(!page.isEmpty() && page.size() <= 2, page::toString);
            paged.addAll(page);
        }
        assertEquals(keys, paged);
        assertEquals(Map.of(), await(store().entries(keys.getLast(), 2)));
    }

    @Test
    void values_are_kept_as_they_are() throws Exception {
        long epoch = await(store().open()).epoch();
        String value = "{\"b\":1.10,\"a\":[1e5,-0.0,\"\\u0000\\ud800\",\"\uD83D\uDE00'\\\\\"],\"b\":null}";
        await(store().append(epoch, List.of(committed(ONE, Map.of("it's \"\\", put(value))))));
        assertEquals(Map.of("it's \"\\", new JsonText(value)), await(store().read(Set.of("it's \"\\"))));
    }

    @Test
    void the_epoch_of_the_latest_opening_is_valid() throws Exception {
        long epoch = await(store().open()).epoch();
        await(store().checkEpoch(epoch));
        assertTrue(await(store().open()).epoch() > epoch);
    }
}

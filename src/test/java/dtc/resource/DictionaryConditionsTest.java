package dtc.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.protocol.Vote;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Deletes and conditions. */
class DictionaryConditionsTest {

    /** The oldest. */
    private static final TransactionId ONE = id(1);

    private static final TransactionId TWO = id(2);
    private static final TransactionId THREE = id(3);

    private static final Condition ABSENT = new Condition.Absent();

    private final StoredDictionary dictionary = new StoredDictionary(new DictionaryLimits(10, 1_000, 20, 100));

    @Test
    void a_delete_removes_the_value_when_it_commits() {
        commitPut("k", "1");
        stage(ONE, 1, "k", new Update.Delete(), null);
        assertCommit(ONE);
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        commit(ONE);
        assertNull(dictionary.entry("k"));
        commit(ONE);
        assertNull(dictionary.entry("k"));
    }

    @Test
    void a_rolled_back_delete_changes_nothing_and_an_absent_key_may_be_deleted() {
        commitPut("k", "1");
        stage(ONE, 1, "k", new Update.Delete(), null);
        assertCommit(ONE);
        dictionary.apply(new ResourceEvent.Rollback(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        stage(TWO, 1, "none", new Update.Delete(), null);
        assertCommit(TWO);
        commit(TWO);
        assertNull(dictionary.entry("none"));
    }

    @Test
    void of_several_writes_of_a_key_the_last_counts_in_any_order_of_arrival() {
        stage(ONE, 2, "k", new Update.Delete(), null);
        stage(ONE, 1, "k", put("1"), null);
        assertCommit(ONE);
        commit(ONE);
        assertNull(dictionary.entry("k"));
        stage(TWO, 1, "k", new Update.Delete(), null);
        stage(TWO, 2, "k", put("2"), null);
        stage(TWO, 3, "k", new Update.None(), ABSENT);
        assertCommit(TWO);
        commit(TWO);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void a_delete_makes_room() {
        commitPut("k", "1234567890123456789"); // 20 characters with its key
        stage(TWO, 1, "l", put("1"), null);
        assertEquals(Vote.ABORT, vote(TWO).vote());
        stage(THREE, 1, "k", new Update.Delete(), null);
        stage(THREE, 2, "l", put("1"), null);
        assertCommit(THREE);
        commit(THREE);
        assertEquals(new JsonText("1"), dictionary.entry("l"));
    }

    @Test
    void a_condition_that_does_not_hold_votes_abort_and_names_the_key() {
        stage(ONE, 1, "k", put("1"), value("1"));
        Ballot ballot = vote(ONE);
        assertEquals(Vote.ABORT, ballot.vote());
        assertTrue(String.valueOf(ballot.reason()).contains("k"), ballot::toString);
        assertEquals("a condition does not hold", Ballot.withoutKey(String.valueOf(ballot.reason())));
        assertEquals(ballot.vote(), vote(ONE).vote(), "it is remembered");
        commitPut("k", "{\"a\":1,\"b\":2}");
        stage(TWO, 1, "k", put("1"), ABSENT);
        assertEquals(Vote.ABORT, vote(TWO).vote());
        stage(THREE, 1, "k", put("1"), value("{\"b\":2.0,\"a\":1}"));
        assertCommit(THREE);
    }

    @Test
    void a_one_phase_commit_with_a_failed_condition_is_refused_and_that_is_remembered() {
        stage(ONE, 1, "k", put("1"), value("1"));
        for (int i = 0; i < 2; i++) {
            assertInstanceOf(
                    ResourceEffect.CommitRefused.class,
                    dictionary.apply(new ResourceEvent.Commit(ONE, 1)).getFirst());
        }
        assertNull(dictionary.entry("k"));
        stage(TWO, 1, "k", put("1"), ABSENT);
        assertEquals(List.of(new ResourceEffect.Committed(TWO)), dictionary.apply(new ResourceEvent.Commit(TWO, 1)));
    }

    @Test
    void all_conditions_count_against_the_value_before_the_transaction() {
        commitPut("k", "1");
        stage(ONE, 1, "k", put("2"), value("1"));
        stage(ONE, 2, "k", put("3"), value("1"));
        assertCommit(ONE);
        commit(ONE);
        assertEquals(new JsonText("3"), dictionary.entry("k"));
        // Its own write does not count.
        stage(TWO, 1, "k", put("4"), null);
        stage(TWO, 2, "k", new Update.None(), value("4"));
        assertEquals(Vote.ABORT, vote(TWO).vote());
        // The condition of a write that a later one has overtaken counts too.
        stage(THREE, 2, "k", put("5"), value("3"));
        stage(THREE, 1, "k", put("6"), ABSENT);
        assertEquals(Vote.ABORT, vote(THREE).vote());
    }

    @Test
    void a_duplicate_adds_neither_a_write_nor_a_condition() {
        stage(ONE, 1, "k", put("1"), ABSENT);
        stage(ONE, 1, "k", put("2"), value("9"));
        stage(ONE, 1, "l", put("2"), null);
        assertCommit(ONE);
        commit(ONE);
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertNull(dictionary.entry("l"));
    }

    @Test
    void a_checked_key_is_held_until_the_outcome() {
        stage(ONE, 1, "k", new Update.None(), ABSENT);
        assertCommit(ONE);
        assertEquals(1, dictionary.lockedKeys());
        stage(TWO, 1, "k", put("2"), null);
        assertEquals(Vote.ABORT, vote(TWO).vote(), "older holder");
        commit(ONE);
        assertEquals(0, dictionary.lockedKeys());
        assertNull(dictionary.entry("k"));
    }

    @Test
    void a_condition_is_evaluated_when_the_keys_are_free() {
        stage(TWO, 1, "k", put("2"), null);
        assertCommit(TWO);
        stage(ONE, 1, "k", put("1"), value("2"));
        assertEquals(List.of(new ResourceEffect.Waiting(ONE)), prepare(ONE));
        assertEquals(
                List.of(
                        new ResourceEffect.Committed(TWO),
                        new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                        new ResourceEffect.InDoubt(ONE)),
                commit(TWO));
    }

    @Test
    void staged_conditions_are_limited_and_released() {
        JsonText large = new JsonText("1".repeat(900));
        stage(ONE, 1, "k", new Update.None(), new Condition.HasValue(large));
        assertInstanceOf(
                ResourceEffect.NoRoom.class,
                apply(TWO, 1, "k", new Update.None(), new Condition.HasValue(large))
                        .getFirst());
        stage(ONE, 2, "k", new Update.None(), new Condition.HasValue(large)); // the same is kept once
        assertEquals(Vote.ABORT, vote(ONE).vote());
        stage(TWO, 1, "k", new Update.None(), new Condition.HasValue(large));
    }

    @Test
    void a_prepare_of_an_evicted_transaction_is_not_remembered() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 1_000, 1_000, 1));
        for (TransactionId id : List.of(ONE, TWO)) {
            small.apply(new ResourceEvent.Write(id, 1, "k", new JsonText("1")));
            small.apply(new ResourceEvent.Commit(id, 1));
        }
        // Whether it committed is unknown before and after a late prepare.
        ResourceEffect.Voted voted = (ResourceEffect.Voted)
                small.apply(new ResourceEvent.Prepare(ONE, List.of(), 1)).getFirst();
        assertEquals(Vote.ABORT, voted.ballot().vote());
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), small.apply(new ResourceEvent.Commit(ONE, null)));
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), small.apply(new ResourceEvent.Rollback(ONE)));
        assertEquals(1, small.outcomes().evictedEarlyCount());
    }

    private static TransactionId id(long age) {
        return new TransactionId(new UUID(0x7000, age)); // version 7: ordered by time
    }

    private static Update put(String json) {
        return new Update.Put(new JsonText(json));
    }

    private static Condition value(String json) {
        return new Condition.HasValue(new JsonText(json));
    }

    private List<ResourceEffect> apply(
            TransactionId id, int sequence, String key, Update update, @Nullable Condition condition) {
        return dictionary.apply(new ResourceEvent.Write(id, sequence, key, update, condition));
    }

    private void stage(TransactionId id, int sequence, String key, Update update, @Nullable Condition condition) {
        assertInstanceOf(
                ResourceEffect.Staged.class,
                apply(id, sequence, key, update, condition).getFirst());
    }

    private List<ResourceEffect> prepare(TransactionId id) {
        return dictionary.apply(new ResourceEvent.Prepare(id, List.of(), null));
    }

    private Ballot vote(TransactionId id) {
        return assertInstanceOf(ResourceEffect.Voted.class, prepare(id).getFirst())
                .ballot();
    }

    private void assertCommit(TransactionId id) {
        assertEquals(Ballot.COMMIT, vote(id));
    }

    private List<ResourceEffect> commit(TransactionId id) {
        return dictionary.apply(new ResourceEvent.Commit(id, null));
    }

    private void commitPut(String key, String value) {
        TransactionId id = new TransactionId(UUID.randomUUID());
        stage(id, 1, key, put(value), null);
        assertCommit(id);
        commit(id);
    }
}

package dtc.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.protocol.Vote;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Which changes are stored before which answer, and what a dictionary is after it was restored from them. */
class DictionaryStorageTest {

    private static final TransactionId ONE = id(1);
    private static final TransactionId TWO = id(2);
    private static final TransactionId THREE = id(3);
    private static final Update PUT = new Update.Put(new JsonText("1"));
    private static final Condition ABSENT = new Condition.Absent();
    private static final DictionaryLimits LIMITS = new DictionaryLimits(10, 1_000, DictionaryLimits.UNLIMITED, 2);

    private final Dictionary dictionary = new Dictionary(LIMITS, DictionaryState.EMPTY);

    private static TransactionId id(long age) {
        return new TransactionId(new UUID(0x7000, age));
    }

    private static ResourceEvent.Write write(TransactionId id, int sequence, String key, Update update) {
        return new ResourceEvent.Write(id, sequence, key, update, null);
    }

    private static ResourceEvent.Write check(TransactionId id, int sequence, String key) {
        return new ResourceEvent.Write(id, sequence, key, new Update.None(), ABSENT);
    }

    private static ResourceEvent.Prepare prepare(TransactionId id) {
        return new ResourceEvent.Prepare(id, List.of(), null);
    }

    private static ResourceEffect.Persist ended(TransactionId id, Outcome outcome, Map<String, Update> updates) {
        return new ResourceEffect.Persist(new Change.Ended(id, outcome, updates));
    }

    private static ResourceEffect.Persist rolledBack(TransactionId id) {
        return ended(id, Outcome.ROLLBACK, Map.of());
    }

    @Test
    void a_vote_to_commit_is_stored_with_all_its_keys_and_then_its_commit_with_what_it_writes() {
        dictionary.apply(write(ONE, 1, "put", PUT));
        dictionary.apply(write(ONE, 2, "deleted", new Update.Delete()));
        dictionary.apply(check(ONE, 3, "checked"));
        assertEquals(List.of(new ResourceEffect.Load(ONE, Set.of("checked"))), dictionary.apply(prepare(ONE)));
        assertEquals(3, dictionary.lockedKeyCount(), "before the values are known");
        Map<String, Update> updates = Map.of("put", PUT, "deleted", new Update.Delete(), "checked", new Update.None());
        assertEquals(
                List.of(
                        new ResourceEffect.Persist(new Change.Prepared(ONE, updates)),
                        new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                        new ResourceEffect.InDoubt(ONE)),
                dictionary.apply(new ResourceEvent.Loaded(ONE, Map.of())));
        assertEquals(
                List.of(
                        ended(ONE, Outcome.COMMIT, Map.of("put", PUT, "deleted", new Update.Delete())),
                        new ResourceEffect.Committed(ONE)),
                dictionary.apply(new ResourceEvent.Commit(ONE, null)));
    }

    @Test
    void every_refusal_is_stored_before_it_is_answered() {
        assertEquals(rolledBack(ONE), dictionary.apply(prepare(ONE)).getFirst());
        assertEquals(
                rolledBack(TWO),
                dictionary.apply(new ResourceEvent.Commit(TWO, null)).getFirst());
        assertEquals(
                rolledBack(THREE),
                dictionary.apply(new ResourceEvent.Commit(THREE, 1)).getFirst());
        assertEquals(
                rolledBack(id(4)),
                dictionary.apply(new ResourceEvent.Rollback(id(4))).getFirst());
        dictionary.apply(write(id(5), 2, "k", PUT));
        assertEquals(rolledBack(id(5)), dictionary.apply(prepare(id(5))).getFirst());
    }

    @Test
    void a_repeated_message_stores_nothing() {
        for (ResourceEvent event : List.of(
                new ResourceEvent.Rollback(ONE), prepare(ONE), new ResourceEvent.Commit(ONE, 1), prepare(ONE))) {
            List<ResourceEffect> effects = dictionary.apply(event);
            assertEquals(
                    event instanceof ResourceEvent.Rollback ? 1 : 0,
                    effects.stream()
                            .filter(ResourceEffect.Persist.class::isInstance)
                            .count(),
                    effects::toString);
        }
    }

    @Test
    void a_rollback_may_come_while_the_values_are_loaded() {
        dictionary.apply(check(ONE, 1, "k"));
        dictionary.apply(prepare(ONE));
        assertEquals(List.of(), dictionary.apply(prepare(ONE)), "the vote answers both");
        List<ResourceEffect> effects = dictionary.apply(new ResourceEvent.Rollback(ONE));
        assertEquals(
                Vote.ABORT,
                assertInstanceOf(ResourceEffect.Voted.class, effects.get(1))
                        .ballot()
                        .vote());
        assertEquals(0, dictionary.lockedKeyCount());
        assertEquals(List.of(), dictionary.apply(new ResourceEvent.Loaded(ONE, Map.of())));
        assertEquals(Outcome.ROLLBACK, dictionary.outcome(ONE));
    }

    @Test
    void a_wait_for_values_does_not_time_out_as_a_wait_for_a_key() {
        dictionary.apply(check(ONE, 1, "k"));
        dictionary.apply(prepare(ONE));
        assertEquals(List.of(), dictionary.apply(new ResourceEvent.LockWaitExpired(ONE)));
        assertEquals(List.of(), dictionary.apply(new ResourceEvent.StagedExpired(ONE)));
    }

    @Test
    void a_key_is_held_while_its_value_is_loaded_and_released_if_the_condition_fails() {
        dictionary.apply(check(TWO, 1, "k"));
        dictionary.apply(prepare(TWO));
        dictionary.apply(write(THREE, 1, "k", PUT));
        assertInstanceOf(
                ResourceEffect.Voted.class, dictionary.apply(prepare(THREE)).getLast());
        dictionary.apply(write(ONE, 1, "k", PUT));
        assertEquals(List.of(new ResourceEffect.Waiting(ONE)), dictionary.apply(prepare(ONE)));
        List<ResourceEffect> effects = dictionary.apply(new ResourceEvent.Loaded(TWO, Map.of("k", new JsonText("0"))));
        assertEquals(rolledBack(TWO), effects.getFirst());
        assertTrue(effects.contains(new ResourceEffect.Voted(ONE, Ballot.COMMIT)), effects::toString);
    }

    @Test
    void a_one_phase_commit_while_the_vote_is_loaded_aborts_both() {
        dictionary.apply(check(ONE, 1, "k"));
        dictionary.apply(prepare(ONE));
        List<ResourceEffect> effects = dictionary.apply(new ResourceEvent.Commit(ONE, 1));
        assertEquals(rolledBack(ONE), effects.getFirst());
        assertInstanceOf(ResourceEffect.CommitRefused.class, effects.getLast());
        assertEquals(List.of(), dictionary.apply(new ResourceEvent.Loaded(ONE, Map.of())));
    }

    @Test
    void a_restart_locks_the_keys_again_and_evaluates_nothing_again() {
        StoredDictionary before = new StoredDictionary(LIMITS);
        before.apply(write(ONE, 1, "k", PUT));
        before.apply(check(ONE, 2, "l"));
        before.apply(prepare(ONE));
        before.apply(write(TWO, 1, "m", PUT));
        StoredDictionary after = before.restart();
        assertEquals(Map.of(ONE, true), after.open(10));
        assertEquals(2, after.lockedKeys());
        assertEquals(List.of(new ResourceEffect.Voted(ONE, Ballot.COMMIT)), after.apply(prepare(ONE)));
        after.apply(write(THREE, 1, "l", PUT));
        assertInstanceOf(ResourceEffect.Voted.class, after.apply(prepare(THREE)).getFirst(), "held");
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), after.apply(new ResourceEvent.Commit(ONE, null)));
        assertEquals(new JsonText("1"), after.entry("k"));
        assertEquals(List.of(), after.loads);
    }

    @Test
    void a_restart_loses_what_was_staged_and_the_vote_is_abort() {
        StoredDictionary before = new StoredDictionary(LIMITS);
        before.apply(write(ONE, 1, "k", PUT));
        StoredDictionary after = before.restart();
        after.apply(write(ONE, 2, "l", PUT));
        ResourceEffect.Voted vote = assertInstanceOf(
                ResourceEffect.Voted.class, after.apply(prepare(ONE)).getFirst());
        assertEquals(Vote.ABORT, vote.ballot().vote());
    }

    @Test
    void a_restart_keeps_outcomes_in_their_order_and_the_newest_evicted_one() {
        StoredDictionary before = new StoredDictionary(LIMITS);
        for (int i = 1; i <= 3; i++) {
            before.apply(new ResourceEvent.Rollback(id(i)));
        }
        StoredDictionary after = before.restart();
        assertEquals(ONE, after.newestEvicted());
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), after.apply(new ResourceEvent.Commit(ONE, null)));
        after.evictOutcomes(1);
        assertEquals(TWO, after.newestEvicted());
        assertEquals(new Change.Evicted(TWO, TWO), after.stored.getLast());
    }

    @Test
    void an_eviction_follows_the_change_that_caused_it() {
        dictionary.apply(new ResourceEvent.Rollback(ONE));
        dictionary.apply(new ResourceEvent.Rollback(TWO));
        assertEquals(
                List.of(
                        rolledBack(THREE),
                        new ResourceEffect.Persist(new Change.Evicted(ONE, ONE)),
                        new ResourceEffect.RolledBack(THREE)),
                dictionary.apply(new ResourceEvent.Rollback(THREE)));
    }

    @Test
    void only_a_commit_has_updates() {
        assertThrows(IllegalArgumentException.class, () -> new Change.Ended(ONE, Outcome.ROLLBACK, Map.of("k", PUT)));
        assertThrows(IllegalArgumentException.class, () -> new Change.Ended(ONE, Outcome.PENDING, Map.of()));
    }
}

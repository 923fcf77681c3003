package dtc.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DictionaryTest {

    /** The oldest. */
    private static final TransactionId ONE = id(1);

    private static final TransactionId TWO = id(2);
    private static final TransactionId THREE = id(3);

    private final StoredDictionary dictionary = new StoredDictionary(new DictionaryLimits(10, 1_000, 1_000, 100));

    @Test
    void a_staged_write_is_not_visible() {
        assertEquals(List.of(new ResourceEffect.Staged(ONE, true)), write(ONE, 1, "k", "1"));
        assertEquals(List.of(new ResourceEffect.Staged(ONE, false)), write(ONE, 2, "l", "2"));
        assertNull(dictionary.entry("k"));
        assertEquals(Map.of(ONE, false), dictionary.open(10));
        assertEquals(0, dictionary.lockedKeys());
    }

    @Test
    void a_prepared_transaction_commits() {
        write(ONE, 1, "k", "1");
        assertEquals(
                List.of(new ResourceEffect.Voted(ONE, Ballot.COMMIT), new ResourceEffect.InDoubt(ONE)), prepare(ONE));
        assertEquals(Map.of(ONE, true), dictionary.open(10));
        assertEquals(1, dictionary.lockedKeys());
        assertNull(dictionary.entry("k"));
        assertEquals(List.of(new ResourceEffect.Voted(ONE, Ballot.COMMIT)), prepare(ONE));
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertEquals(Map.of(), dictionary.open(10));
        assertEquals(0, dictionary.lockedKeys());
        assertEquals(0, dictionary.openTransactionCount());
        assertEquals(List.of(new ResourceEffect.Voted(ONE, Ballot.COMMIT)), prepare(ONE));
    }

    @Test
    void a_repeated_commit_does_not_apply_again() {
        put(ONE, "k", "1");
        put(TWO, "k", "2");
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void a_rollback_is_repeatable_and_final() {
        write(ONE, 1, "k", "1");
        prepare(ONE);
        assertEquals(List.of(new ResourceEffect.RolledBack(ONE)), rollback(ONE));
        assertEquals(List.of(new ResourceEffect.RolledBack(ONE)), rollback(ONE));
        assertNull(dictionary.entry("k"));
        assertEquals(0, dictionary.lockedKeys());
        assertEquals(0, dictionary.openTransactionCount());
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(commit(ONE)));
        assertNull(dictionary.entry("k"));
    }

    @Test
    void late_writes_and_prepares_are_refused() {
        write(ONE, 1, "k", "1");
        prepare(ONE);
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(ONE, 2, "l", "1")));
        commit(ONE);
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(ONE, 3, "l", "1")));
        rollback(TWO);
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(TWO, 1, "k", "1")));
        assertAborted(TWO, prepare(TWO));
        // A prepare that arrives before its write: the write is late.
        assertAborted(THREE, prepare(THREE));
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(THREE, 1, "k", "1")));
        assertEquals(0, dictionary.openTransactionCount());
    }

    @Test
    void an_older_transaction_waits_for_a_younger_one() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        assertEquals(List.of(new ResourceEffect.Waiting(ONE)), prepare(ONE));
        assertEquals(List.of(), prepare(ONE), "the first answer is for both");
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(ONE, 2, "l", "1")));
        assertEquals(
                List.of(
                        new ResourceEffect.Committed(TWO),
                        new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                        new ResourceEffect.InDoubt(ONE)),
                commit(TWO));
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertEquals(1, dictionary.conflicts());
    }

    @Test
    void the_oldest_waiting_transaction_gets_the_key() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        write(THREE, 1, "k", "3");
        prepare(THREE);
        assertEquals(List.of(new ResourceEffect.Waiting(TWO)), prepare(TWO));
        assertEquals(List.of(new ResourceEffect.Waiting(ONE)), prepare(ONE));
        List<ResourceEffect> effects = rollback(THREE);
        assertEquals(
                List.of(
                        new ResourceEffect.RolledBack(THREE),
                        new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                        new ResourceEffect.InDoubt(ONE)),
                effects.subList(0, 3));
        assertAborted(TWO, effects.subList(3, effects.size()));
    }

    @Test
    void a_younger_transaction_aborts_on_a_conflict() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(ONE);
        assertAborted(TWO, prepare(TWO));
        assertFalse(dictionary.open(10).containsKey(TWO));
        assertAborted(TWO, prepare(TWO));
        assertEquals(1, dictionary.conflicts());
    }

    @Test
    void a_younger_transaction_aborts_if_an_older_one_waits_for_its_key() {
        write(ONE, 1, "k", "1");
        write(ONE, 2, "l", "1");
        write(TWO, 1, "l", "2");
        write(THREE, 1, "k", "3");
        prepare(THREE);
        prepare(ONE);
        // The key l is free, but the older transaction waits for it.
        assertAborted(TWO, prepare(TWO));
    }

    @Test
    void a_transaction_that_waits_too_long_aborts() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        prepare(ONE);
        assertAborted(ONE, apply(new ResourceEvent.LockWaitExpired(ONE)));
        assertEquals(List.of(), apply(new ResourceEvent.LockWaitExpired(ONE)));
        assertEquals(List.of(), apply(new ResourceEvent.LockWaitExpired(TWO)));
        assertEquals(List.of(new ResourceEffect.Committed(TWO)), commit(TWO));
    }

    @Test
    void a_waiting_transaction_can_be_rolled_back() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        prepare(ONE);
        List<ResourceEffect> effects = rollback(ONE);
        assertAborted(ONE, effects.subList(0, 1));
        assertEquals(List.of(new ResourceEffect.RolledBack(ONE)), effects.subList(1, effects.size()));
        assertEquals(List.of(new ResourceEffect.Committed(TWO)), commit(TWO));
    }

    @Test
    void a_commit_without_a_vote_commits_in_one_phase() {
        write(ONE, 1, "k", "1");
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertEquals(0, dictionary.lockedKeys());
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), commit(ONE));
        assertEquals(List.of(new ResourceEffect.RollbackRefused(ONE)), rollback(ONE));
    }

    @Test
    void a_commit_in_one_phase_waits_or_is_refused_on_a_conflict() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        write(THREE, 1, "k", "3");
        prepare(TWO);
        assertEquals(List.of(new ResourceEffect.Waiting(ONE)), commit(ONE));
        assertEquals(List.of(), commit(ONE), "the first answer is for both");
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(commit(THREE)));
        assertEquals(List.of(new ResourceEffect.Committed(TWO), new ResourceEffect.Committed(ONE)), commit(TWO));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
    }

    @Test
    void a_prepare_and_a_commit_in_one_phase_abort_each_other() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        commit(ONE);
        List<ResourceEffect> confused = prepare(ONE);
        assertEquals(2, confused.size());
        assertInstanceOf(ResourceEffect.Voted.class, confused.getFirst());
        assertInstanceOf(ResourceEffect.CommitRefused.class, confused.getLast());
        commit(TWO);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void a_commit_in_one_phase_that_waits_too_long_is_refused() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        commit(ONE);
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(apply(new ResourceEvent.LockWaitExpired(ONE))));
        commit(TWO);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void the_highest_sequence_number_wins() {
        write(ONE, 2, "k", "2");
        assertEquals(List.of(new ResourceEffect.Staged(ONE, false)), write(ONE, 1, "k", "1"));
        assertEquals(List.of(new ResourceEffect.Staged(ONE, false)), write(ONE, 2, "k", "duplicate"));
        commit(ONE);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void without_sequence_numbers_the_last_write_wins() {
        write(ONE, 0, "k", "1");
        write(ONE, 0, "k", "2");
        commit(ONE);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void the_number_of_staged_transactions_is_limited() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(1, 100, 100, 10));
        small.apply(new ResourceEvent.Write(ONE, 1, "k", new JsonText("1")));
        assertInstanceOf(
                ResourceEffect.NoRoom.class,
                only(small.apply(new ResourceEvent.Write(TWO, 1, "k", new JsonText("1")))));
        assertEquals(
                List.of(new ResourceEffect.Staged(ONE, false)),
                small.apply(new ResourceEvent.Write(ONE, 2, "l", new JsonText("1"))));
        small.apply(new ResourceEvent.Rollback(ONE));
        assertEquals(
                List.of(new ResourceEffect.Staged(TWO, true)),
                small.apply(new ResourceEvent.Write(TWO, 1, "k", new JsonText("1"))));
    }

    @Test
    void the_size_of_staged_writes_is_limited() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 4, 100, 10));
        small.apply(new ResourceEvent.Write(ONE, 1, "k", new JsonText("123")));
        assertInstanceOf(
                ResourceEffect.NoRoom.class,
                only(small.apply(new ResourceEvent.Write(TWO, 1, "l", new JsonText("1")))));
        assertEquals(1, small.openTransactionCount());
        // A write that is replaced no longer counts.
        assertEquals(
                List.of(new ResourceEffect.Staged(ONE, false)),
                small.apply(new ResourceEvent.Write(ONE, 2, "k", new JsonText("4"))));
        assertEquals(
                List.of(new ResourceEffect.Staged(TWO, true)),
                small.apply(new ResourceEvent.Write(TWO, 1, "l", new JsonText("1"))));
    }

    @Test
    void a_transaction_that_exceeds_the_size_of_entries_aborts() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 100, 4, 10));
        small.apply(new ResourceEvent.Write(ONE, 1, "k", new JsonText("1")));
        small.apply(new ResourceEvent.Write(TWO, 1, "l", new JsonText("123")));
        small.apply(new ResourceEvent.Write(THREE, 1, "m", new JsonText("123")));
        small.apply(new ResourceEvent.Prepare(ONE, List.of(), null));
        // The prepared transaction has reserved the room.
        assertAborted(TWO, small.apply(new ResourceEvent.Prepare(TWO, List.of(), null)));
        small.apply(new ResourceEvent.Rollback(ONE));
        assertEquals(
                List.of(new ResourceEffect.Voted(THREE, Ballot.COMMIT), new ResourceEffect.InDoubt(THREE)),
                small.apply(new ResourceEvent.Prepare(THREE, List.of(), null)));
    }

    @Test
    void late_writes_are_refused_after_the_outcome_was_evicted() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 100, 100, 2));
        for (int i = 1; i <= 5; i++) {
            small.apply(new ResourceEvent.Rollback(id(i)));
        }
        assertEquals(2, small.outcomes().size());
        for (int i = 1; i <= 5; i++) {
            assertInstanceOf(
                    ResourceEffect.WriteRefused.class,
                    only(small.apply(new ResourceEvent.Write(id(i), 1, "k", new JsonText("1")))));
        }
        assertEquals(
                List.of(new ResourceEffect.Staged(id(6), true)),
                small.apply(new ResourceEvent.Write(id(6), 1, "k", new JsonText("1"))));
        assertEquals(2, small.outcomes().size());
    }

    @Test
    void a_commit_or_rollback_is_answered_404_after_the_outcome_was_evicted() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 100, 100, 2));
        small.apply(new ResourceEvent.Write(ONE, 1, "k", new JsonText("1")));
        small.apply(new ResourceEvent.Commit(ONE, 1));
        for (int i = 2; i <= 5; i++) {
            small.apply(new ResourceEvent.Rollback(id(i)));
        }
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), small.apply(new ResourceEvent.Commit(ONE, null)));
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), small.apply(new ResourceEvent.Commit(ONE, 1)));
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), small.apply(new ResourceEvent.Rollback(ONE)));
        assertEquals(List.of(new ResourceEffect.RolledBack(id(6))), small.apply(new ResourceEvent.Rollback(id(6))));
        assertEquals(4, small.outcomes().evictedEarlyCount());
    }

    @Test
    void outcomes_are_evicted_in_the_order_in_which_they_ended() {
        for (int i = 1; i <= 5; i++) {
            dictionary.apply(new ResourceEvent.Rollback(id(i)));
            dictionary.apply(new ResourceEvent.Rollback(id(i)));
        }
        assertEquals(5, dictionary.outcomes().endedCount());
        dictionary.evictOutcomes(3);
        dictionary.evictOutcomes(3);
        assertEquals(2, dictionary.outcomes().size());
        assertEquals(id(3), dictionary.newestEvicted());
        assertEquals(0, dictionary.outcomes().evictedEarlyCount());
    }

    @Test
    void the_outcome_of_an_old_transaction_is_remembered() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 100, 100, 2));
        small.apply(new ResourceEvent.Write(ONE, 1, "k", new JsonText("1")));
        small.apply(new ResourceEvent.Prepare(ONE, List.of(), null));
        for (int i = 2; i <= 5; i++) {
            small.apply(new ResourceEvent.Rollback(id(i)));
        }
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), small.apply(new ResourceEvent.Commit(ONE, null)));
        assertEquals(List.of(new ResourceEffect.Committed(ONE)), small.apply(new ResourceEvent.Commit(ONE, null)));
        assertEquals(List.of(new ResourceEffect.RollbackRefused(ONE)), small.apply(new ResourceEvent.Rollback(ONE)));
    }

    @Test
    void evicting_an_id_without_a_time_does_not_affect_others() {
        StoredDictionary small = new StoredDictionary(new DictionaryLimits(10, 100, 100, 2));
        small.apply(new ResourceEvent.Rollback(new TransactionId(new UUID((-1L << 32) | 0x4000, 1))));
        for (int i = 1; i <= 5; i++) {
            small.apply(new ResourceEvent.Rollback(id(i)));
        }
        assertEquals(
                List.of(new ResourceEffect.Staged(id(6), true)),
                small.apply(new ResourceEvent.Write(id(6), 1, "k", new JsonText("1"))));
    }

    @Test
    void staged_writes_expire_only_before_the_vote() {
        write(ONE, 1, "k", "1");
        assertEquals(List.of(new ResourceEffect.RolledBack(ONE)), apply(new ResourceEvent.StagedExpired(ONE)));
        assertAborted(ONE, prepare(ONE));
        write(THREE, 1, "k", "1");
        prepare(THREE);
        assertEquals(List.of(), apply(new ResourceEvent.StagedExpired(THREE)));
        assertEquals(Map.of(THREE, true), dictionary.open(10));
        write(TWO, 1, "k", "1");
        prepare(TWO);
        assertEquals(List.of(), apply(new ResourceEvent.StagedExpired(TWO)));
        assertEquals(2, dictionary.openTransactionCount());
    }

    @Test
    void a_commit_of_an_unknown_transaction_is_answered_so_and_that_is_final() {
        assertEquals(List.of(new ResourceEffect.Unknown(ONE)), commit(ONE));
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(ONE, 1, "k", "1")));
        assertAborted(ONE, prepare(ONE));
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(commit(ONE)));
    }

    @Test
    void a_rollback_of_a_committed_transaction_is_refused() {
        put(ONE, "k", "1");
        assertEquals(List.of(new ResourceEffect.RollbackRefused(ONE)), rollback(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
    }

    @Test
    void events_check_themselves() {
        assertThrows(IllegalArgumentException.class, () -> new ResourceEvent.Write(ONE, -1, "k", new JsonText("1")));
        ResourceEvent.Write other = new ResourceEvent.Write(TWO, 1, "k", new JsonText("1"));
        assertThrows(IllegalArgumentException.class, () -> new ResourceEvent.Prepare(ONE, List.of(other), null));
    }

    @Test
    void limits_check_themselves() {
        assertThrows(IllegalArgumentException.class, () -> new DictionaryLimits(1, 1, 1, -1));
    }

    // Helpers

    private static TransactionId id(long age) {
        return new TransactionId(new UUID(0x7000, age)); // version 7: ordered by time
    }

    private List<ResourceEffect> apply(ResourceEvent event) {
        return dictionary.apply(event);
    }

    private List<ResourceEffect> write(TransactionId id, int sequence, String key, String value) {
        return apply(new ResourceEvent.Write(id, sequence, key, new JsonText(value)));
    }

    private List<ResourceEffect> prepare(TransactionId id) {
        return apply(new ResourceEvent.Prepare(id, List.of(), null));
    }

    private List<ResourceEffect> commit(TransactionId id) {
        return apply(new ResourceEvent.Commit(id, null));
    }

    private List<ResourceEffect> rollback(TransactionId id) {
        return apply(new ResourceEvent.Rollback(id));
    }

    private void put(TransactionId id, String key, String value) {
        write(id, 1, key, value);
        prepare(id);
        assertEquals(List.of(new ResourceEffect.Committed(id)), commit(id));
    }

    private static ResourceEffect only(List<ResourceEffect> effects) {
        assertEquals(1, effects.size(), effects::toString);
        return effects.getFirst();
    }

    private static void assertAborted(TransactionId id, List<ResourceEffect> effects) {
        ResourceEffect.Voted voted = assertInstanceOf(ResourceEffect.Voted.class, only(effects));
        assertEquals(id, voted.id());
        assertEquals(Vote.ABORT, voted.ballot().vote());
    }
}

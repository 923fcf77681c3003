package dtc.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DictionaryTest {

    /** By age. */
    private static final TransactionId ONE = id(1);

    private static final TransactionId TWO = id(2);
    private static final TransactionId THREE = id(3);

    private final Dictionary dictionary = new Dictionary(new Limits(10, 1_000, 1_000, 100));

    @Test
    void stagedIsNotYetSeen() {
        assertEquals(List.of(new Effect.Staged(ONE, true)), write(ONE, 1, "k", "1"));
        assertEquals(List.of(new Effect.Staged(ONE, false)), write(ONE, 2, "l", "2"));
        assertNull(dictionary.entry("k"));
        assertEquals(Map.of(ONE, false), dictionary.open(10));
        assertEquals(0, dictionary.lockedKeys());
    }

    @Test
    void preparedThenCommitted() {
        write(ONE, 1, "k", "1");
        assertEquals(List.of(new Effect.Voted(ONE, Ballot.COMMIT), new Effect.InDoubt(ONE)), prepare(ONE));
        assertTrue(dictionary.isInDoubt(ONE));
        assertEquals(Map.of(ONE, true), dictionary.open(10));
        assertEquals(1, dictionary.lockedKeys());
        assertNull(dictionary.entry("k"));
        assertEquals(List.of(new Effect.Voted(ONE, Ballot.COMMIT)), prepare(ONE));
        assertEquals(List.of(new Effect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertFalse(dictionary.isInDoubt(ONE));
        assertEquals(0, dictionary.lockedKeys());
        assertEquals(0, dictionary.stagedTransactions());
        assertEquals(List.of(new Effect.Voted(ONE, Ballot.COMMIT)), prepare(ONE));
    }

    @Test
    void committedOnce() {
        put(ONE, "k", "1");
        put(TWO, "k", "2");
        assertEquals(List.of(new Effect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void rolledBackOnce() {
        write(ONE, 1, "k", "1");
        prepare(ONE);
        assertEquals(List.of(new Effect.RolledBack(ONE)), rollback(ONE));
        assertEquals(List.of(new Effect.RolledBack(ONE)), rollback(ONE));
        assertNull(dictionary.entry("k"));
        assertEquals(0, dictionary.lockedKeys());
        assertEquals(0, dictionary.stagedTransactions());
        assertInstanceOf(Effect.CommitRefused.class, only(commit(ONE)));
        assertNull(dictionary.entry("k"));
    }

    @Test
    void lateWritesAndPreparesAreRefused() {
        write(ONE, 1, "k", "1");
        prepare(ONE);
        assertInstanceOf(Effect.Refused.class, only(write(ONE, 2, "l", "1")));
        commit(ONE);
        assertInstanceOf(Effect.Refused.class, only(write(ONE, 3, "l", "1")));
        rollback(TWO);
        assertInstanceOf(Effect.Refused.class, only(write(TWO, 1, "k", "1")));
        assertAborted(TWO, prepare(TWO));
        // A prepare before its own write: the write comes too late.
        assertAborted(THREE, prepare(THREE));
        assertInstanceOf(Effect.Refused.class, only(write(THREE, 1, "k", "1")));
        assertEquals(0, dictionary.stagedTransactions());
    }

    @Test
    void theOlderWaitsAndIsServed() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        assertEquals(List.of(new Effect.Waiting(ONE)), prepare(ONE));
        assertEquals(List.of(), prepare(ONE), "is answered with the first");
        assertInstanceOf(Effect.Refused.class, only(write(ONE, 2, "l", "1")));
        assertEquals(
                List.of(new Effect.Committed(TWO), new Effect.Voted(ONE, Ballot.COMMIT), new Effect.InDoubt(ONE)),
                commit(TWO));
        assertEquals(List.of(new Effect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertEquals(1, dictionary.conflicts());
    }

    @Test
    void theOldestIsServedFirst() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        write(THREE, 1, "k", "3");
        prepare(THREE);
        assertEquals(List.of(new Effect.Waiting(TWO)), prepare(TWO));
        assertEquals(List.of(new Effect.Waiting(ONE)), prepare(ONE));
        List<Effect> effects = rollback(THREE);
        assertEquals(
                List.of(new Effect.RolledBack(THREE), new Effect.Voted(ONE, Ballot.COMMIT), new Effect.InDoubt(ONE)),
                effects.subList(0, 3));
        assertAborted(TWO, effects.subList(3, effects.size()));
    }

    @Test
    void theYoungerIsRefused() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(ONE);
        assertAborted(TWO, prepare(TWO));
        assertFalse(dictionary.open(10).containsKey(TWO));
        assertAborted(TWO, prepare(TWO));
        assertEquals(1, dictionary.conflicts());
    }

    @Test
    void theYoungerGivesWayToTheOlderThatWaits() {
        write(ONE, 1, "k", "1");
        write(ONE, 2, "l", "1");
        write(TWO, 1, "l", "2");
        write(THREE, 1, "k", "3");
        prepare(THREE);
        prepare(ONE);
        // Nobody holds l, but the older transaction is to have it.
        assertAborted(TWO, prepare(TWO));
    }

    @Test
    void waitOver() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        prepare(ONE);
        assertAborted(ONE, apply(new Event.WaitOver(ONE)));
        assertEquals(List.of(), apply(new Event.WaitOver(ONE)));
        assertEquals(List.of(), apply(new Event.WaitOver(TWO)));
        assertEquals(List.of(new Effect.Committed(TWO)), commit(TWO));
    }

    @Test
    void rolledBackWhileItWaits() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        prepare(ONE);
        List<Effect> effects = rollback(ONE);
        assertAborted(ONE, effects.subList(0, 1));
        assertEquals(List.of(new Effect.RolledBack(ONE)), effects.subList(1, effects.size()));
        assertEquals(List.of(new Effect.Committed(TWO)), commit(TWO));
    }

    @Test
    void onePhase() {
        write(ONE, 1, "k", "1");
        assertEquals(List.of(new Effect.Committed(ONE)), commit(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
        assertEquals(0, dictionary.lockedKeys());
        assertEquals(List.of(new Effect.Committed(ONE)), commit(ONE));
        assertEquals(List.of(new Effect.RollbackRefused(ONE)), rollback(ONE));
    }

    @Test
    void onePhaseWaitsOrIsRefused() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        write(THREE, 1, "k", "3");
        prepare(TWO);
        assertEquals(List.of(new Effect.Waiting(ONE)), commit(ONE));
        assertEquals(List.of(), commit(ONE), "is answered with the first");
        assertInstanceOf(Effect.CommitRefused.class, only(commit(THREE)));
        assertEquals(List.of(new Effect.Committed(TWO), new Effect.Committed(ONE)), commit(TWO));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
    }

    @Test
    void askedForAVoteAndToCommitWithoutOneItDoesNeitherAndSaysSoToBoth() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        commit(ONE);
        List<Effect> confused = prepare(ONE);
        assertEquals(2, confused.size());
        assertInstanceOf(Effect.Voted.class, confused.getFirst());
        assertInstanceOf(Effect.CommitRefused.class, confused.getLast());
        commit(TWO);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void onePhaseWaitsTooLong() {
        write(ONE, 1, "k", "1");
        write(TWO, 1, "k", "2");
        prepare(TWO);
        commit(ONE);
        assertInstanceOf(Effect.CommitRefused.class, only(apply(new Event.WaitOver(ONE))));
        commit(TWO);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void theSequenceDecidesNotTheOrderOfArrival() {
        write(ONE, 2, "k", "2");
        assertEquals(List.of(new Effect.Staged(ONE, false)), write(ONE, 1, "k", "1"));
        assertEquals(List.of(new Effect.Staged(ONE, false)), write(ONE, 2, "k", "doubled"));
        commit(ONE);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void withoutSequenceTheLastArrivedWins() {
        write(ONE, 0, "k", "1");
        write(ONE, 0, "k", "2");
        commit(ONE);
        assertEquals(new JsonText("2"), dictionary.entry("k"));
    }

    @Test
    void noRoomForMoreTransactions() {
        Dictionary small = new Dictionary(new Limits(1, 100, 100, 10));
        small.apply(new Event.Write(ONE, 1, "k", new JsonText("1")));
        assertInstanceOf(Effect.NoRoom.class, only(small.apply(new Event.Write(TWO, 1, "k", new JsonText("1")))));
        assertEquals(
                List.of(new Effect.Staged(ONE, false)), small.apply(new Event.Write(ONE, 2, "l", new JsonText("1"))));
        small.apply(new Event.Rollback(ONE));
        assertEquals(
                List.of(new Effect.Staged(TWO, true)), small.apply(new Event.Write(TWO, 1, "k", new JsonText("1"))));
    }

    @Test
    void noRoomForMoreStaged() {
        Dictionary small = new Dictionary(new Limits(10, 4, 100, 10));
        small.apply(new Event.Write(ONE, 1, "k", new JsonText("123")));
        assertInstanceOf(Effect.NoRoom.class, only(small.apply(new Event.Write(TWO, 1, "l", new JsonText("1")))));
        assertEquals(1, small.stagedTransactions());
        // What a write takes the place of is counted off.
        assertEquals(
                List.of(new Effect.Staged(ONE, false)), small.apply(new Event.Write(ONE, 2, "k", new JsonText("4"))));
        assertEquals(
                List.of(new Effect.Staged(TWO, true)), small.apply(new Event.Write(TWO, 1, "l", new JsonText("1"))));
    }

    @Test
    void withoutRoomTheVoteIsAbort() {
        Dictionary small = new Dictionary(new Limits(10, 100, 4, 10));
        small.apply(new Event.Write(ONE, 1, "k", new JsonText("1")));
        small.apply(new Event.Write(TWO, 1, "l", new JsonText("123")));
        small.apply(new Event.Write(THREE, 1, "m", new JsonText("123")));
        small.apply(new Event.Prepare(ONE, List.of()));
        // What is promised to one is not there for another.
        assertAborted(TWO, small.apply(new Event.Prepare(TWO, List.of())));
        small.apply(new Event.Rollback(ONE));
        assertEquals(
                List.of(new Effect.Voted(THREE, Ballot.COMMIT), new Effect.InDoubt(THREE)),
                small.apply(new Event.Prepare(THREE, List.of())));
    }

    @Test
    void forgottenOutcomesStillRefuseLateWrites() {
        Dictionary small = new Dictionary(new Limits(10, 100, 100, 2));
        for (int i = 1; i <= 5; i++) {
            small.apply(new Event.Rollback(id(i)));
        }
        assertEquals(2, small.rememberedOutcomes());
        for (int i = 1; i <= 5; i++) {
            assertInstanceOf(
                    Effect.Refused.class, only(small.apply(new Event.Write(id(i), 1, "k", new JsonText("1")))));
        }
        assertEquals(
                List.of(new Effect.Staged(id(6), true)),
                small.apply(new Event.Write(id(6), 1, "k", new JsonText("1"))));
        assertEquals(2, small.rememberedOutcomes());
    }

    @Test
    void anOutcomeIsRememberedHoweverOldItsTransaction() {
        Dictionary small = new Dictionary(new Limits(10, 100, 100, 2));
        small.apply(new Event.Write(ONE, 1, "k", new JsonText("1")));
        small.apply(new Event.Prepare(ONE, List.of()));
        for (int i = 2; i <= 5; i++) {
            small.apply(new Event.Rollback(id(i)));
        }
        assertEquals(List.of(new Effect.Committed(ONE)), small.apply(new Event.Commit(ONE)));
        assertEquals(List.of(new Effect.Committed(ONE)), small.apply(new Event.Commit(ONE)));
        assertEquals(List.of(new Effect.RollbackRefused(ONE)), small.apply(new Event.Rollback(ONE)));
    }

    @Test
    void idsThatTellNoAgeDoNotMakeOthersOld() {
        Dictionary small = new Dictionary(new Limits(10, 100, 100, 2));
        small.apply(new Event.Rollback(new TransactionId(new UUID((-1L << 32) | 0x4000, 1))));
        for (int i = 1; i <= 5; i++) {
            small.apply(new Event.Rollback(id(i)));
        }
        assertEquals(
                List.of(new Effect.Staged(id(6), true)),
                small.apply(new Event.Write(id(6), 1, "k", new JsonText("1"))));
    }

    @Test
    void abandonedOnlyBeforeTheVote() {
        write(ONE, 1, "k", "1");
        assertEquals(List.of(new Effect.RolledBack(ONE)), apply(new Event.Abandoned(ONE)));
        assertAborted(ONE, prepare(ONE));
        write(THREE, 1, "k", "1");
        prepare(THREE);
        assertEquals(List.of(), apply(new Event.Abandoned(THREE)));
        assertTrue(dictionary.isInDoubt(THREE));
        write(TWO, 1, "k", "1");
        prepare(TWO);
        assertEquals(List.of(), apply(new Event.Abandoned(TWO)));
        assertEquals(2, dictionary.stagedTransactions());
    }

    @Test
    void commitOfUnknown() {
        assertEquals(List.of(new Effect.Unknown(ONE)), commit(ONE));
    }

    @Test
    void rollbackOfCommitted() {
        put(ONE, "k", "1");
        assertEquals(List.of(new Effect.RollbackRefused(ONE)), rollback(ONE));
        assertEquals(new JsonText("1"), dictionary.entry("k"));
    }

    @Test
    void entriesByPage() {
        put(ONE, "b", "2");
        put(TWO, "a", "1");
        put(THREE, "c", "3");
        assertEquals(List.of("a", "b"), List.copyOf(dictionary.entries(null, 2).keySet()));
        assertEquals(List.of("c"), List.copyOf(dictionary.entries("b", 2).keySet()));
    }

    // Helpers

    private static TransactionId id(long age) {
        return new TransactionId(new UUID(0x7000, age)); // version 7: ordered by time
    }

    private List<Effect> apply(Event event) {
        return dictionary.apply(event);
    }

    private List<Effect> write(TransactionId id, int sequence, String key, String value) {
        return apply(new Event.Write(id, sequence, key, new JsonText(value)));
    }

    private List<Effect> prepare(TransactionId id) {
        return apply(new Event.Prepare(id, List.of()));
    }

    private List<Effect> commit(TransactionId id) {
        return apply(new Event.Commit(id));
    }

    private List<Effect> rollback(TransactionId id) {
        return apply(new Event.Rollback(id));
    }

    private void put(TransactionId id, String key, String value) {
        write(id, 1, key, value);
        prepare(id);
        assertEquals(List.of(new Effect.Committed(id)), commit(id));
    }

    private static Effect only(List<Effect> effects) {
        assertEquals(1, effects.size(), effects::toString);
        return effects.getFirst();
    }

    private static void assertAborted(TransactionId id, List<Effect> effects) {
        Effect.Voted voted = assertInstanceOf(Effect.Voted.class, only(effects));
        assertEquals(id, voted.id());
        assertEquals(Vote.ABORT, voted.ballot().vote());
    }
}

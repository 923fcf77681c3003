package dtc.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The numbers of writes: a transaction does not commit if one of its writes has not arrived. */
class DictionaryNumbersTest {

    private static final TransactionId ONE = id(1);
    private static final TransactionId TWO = id(2);
    private static final TransactionId THREE = id(3);

    private final StoredDictionary dictionary = new StoredDictionary(new DictionaryLimits(10, 1_000, 1_000, 100));

    @Test
    void a_transaction_with_a_gap_in_its_writes_does_not_commit() {
        write(ONE, 1, "a", "1");
        write(ONE, 3, "b", "1");
        assertAborted(ONE, prepare(ONE));
        assertAborted(ONE, prepare(ONE)); // remembered
        write(TWO, 2, "a", "1");
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(commit(TWO)));
    }

    @Test
    void a_gap_that_closes_is_no_gap() {
        for (int sequence : new int[] {4, 2, 6, 1, 5, 3, 3}) {
            write(ONE, sequence, "k" + sequence, "1");
        }
        assertEquals(
                new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                prepareCounted(ONE, 6).getFirst());
    }

    @Test
    void a_write_that_is_ignored_has_arrived() {
        write(ONE, 2, "a", "2");
        write(ONE, 1, "a", "1");
        assertEquals(
                new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                prepareCounted(ONE, 2).getFirst());
    }

    @Test
    void a_transaction_with_fewer_or_more_writes_than_were_sent_does_not_commit() {
        write(ONE, 1, "a", "1");
        assertAborted(ONE, prepareCounted(ONE, 2));
        write(TWO, 1, "a", "1");
        write(TWO, 2, "a", "1");
        assertAborted(TWO, prepareCounted(TWO, 1));
    }

    @Test
    void a_one_phase_commit_without_all_writes_is_refused_and_the_refusal_is_remembered() {
        write(ONE, 1, "a", "1");
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(apply(new ResourceEvent.Commit(ONE, 2))));
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(apply(new ResourceEvent.Commit(ONE, 1))));
        assertInstanceOf(ResourceEffect.CommitRefused.class, only(apply(new ResourceEvent.Commit(TWO, 1))));
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(TWO, 1, "a", "1")));
        assertInstanceOf(ResourceEffect.Unknown.class, only(apply(new ResourceEvent.Commit(THREE, null))));
        assertInstanceOf(ResourceEffect.WriteRefused.class, only(write(THREE, 1, "a", "1")));
    }

    @Test
    void writes_that_are_not_numbered_are_counted() {
        write(ONE, 0, "a", "1");
        write(ONE, 0, "a", "2");
        assertEquals(
                new ResourceEffect.Voted(ONE, Ballot.COMMIT),
                prepareCounted(ONE, 2).getFirst());
    }

    @Test
    void writes_after_a_gap_are_limited() {
        for (int i = 0; i < 10_000; i++) {
            write(ONE, 2 * (10_000 - i), "a", "1");
        }
        assertInstanceOf(ResourceEffect.NoRoom.class, only(write(ONE, 1, "a", "1")));
    }

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

    private List<ResourceEffect> prepareCounted(TransactionId id, int writeCount) {
        return apply(new ResourceEvent.Prepare(id, List.of(), writeCount));
    }

    private List<ResourceEffect> commit(TransactionId id) {
        return apply(new ResourceEvent.Commit(id, null));
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

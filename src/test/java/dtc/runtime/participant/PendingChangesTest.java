package dtc.runtime.participant;

import static dtc.runtime.participant.HostedParticipantContract.id;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.protocol.JsonText;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.testing.NoApplication;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@NoApplication
class PendingChangesTest {

    private static Change change(long age, int chars) {
        return new Change.Prepared(id(age), Map.of("k", new Update.Put(new JsonText("1".repeat(chars)))));
    }

    @Test
    void a_batch_is_limited_in_number_and_in_size() {
        PendingChanges pending = new PendingChanges();
        List<Change> all = List.of(
                change(1, 1), change(2, 1), change(3, 1), change(4, 300_000), change(5, 300_000), change(6, 900_000));
        all.forEach(pending::add);
        assertEquals(all.subList(0, 2), pending.takeBatch(2));
        assertEquals(all.subList(2, 4), pending.takeBatch(100));
        assertEquals(all.subList(4, 5), pending.takeBatch(100));
        assertEquals(all.subList(5, 6), pending.takeBatch(100), "a single change may be larger");
        assertEquals(List.of(), pending.takeBatch(100));
    }
}

package dtc.runtime.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import dtc.protocol.JsonText;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import dtc.resource.ResourceEffect.Committed;
import dtc.resource.ResourceEffect.RollbackRefused;
import dtc.resource.ResourceEffect.RolledBack;
import dtc.resource.ResourceEffect.Staged;
import dtc.resource.ResourceEffect.Unknown;
import dtc.resource.ResourceEffect.WriteRefused;
import dtc.resource.ResourceEvent;
import dtc.runtime.FakeTime;
import dtc.runtime.participant.HostedParticipant.Progress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class InstanceCheckTest {

    private static final TransactionId ID = HostedParticipantContract.id(1);

    private final HostedParticipant current = TestResourceManagers.inMemory(new FakeTime(), new FakeCoordinatorLink());

    private final HostedParticipant earlier =
            InstanceCheck.of(current, UUID.randomUUID().toString());

    private static <T> T now(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static ResourceEvent.Write write(String key) {
        return HostedParticipantContract.event(ID, 1, key, "1");
    }

    @Test
    void a_message_to_this_instance_or_to_none_is_carried_out() {
        assertSame(current, InstanceCheck.of(current, current.instance().toString()));
        assertSame(current, InstanceCheck.of(current, null));
    }

    @Test
    void an_instance_that_is_no_uuid_is_another_one() {
        assertInstanceOf(WriteRefused.class, now(InstanceCheck.of(current, "").write(write("k"))));
    }

    @Test
    void a_write_to_an_earlier_instance_is_refused() {
        assertInstanceOf(WriteRefused.class, now(earlier.write(write("k"))));
        assertEquals(Map.of(), now(current.openTransactions(10)));
    }

    @Test
    void a_prepare_to_an_earlier_instance_aborts_and_leaves_this_one_unchanged() {
        now(current.write(write("k")));
        assertEquals(
                Vote.ABORT,
                now(Progress.awaitAnswer(earlier.prepare(new ResourceEvent.Prepare(ID, List.of(write("l")), 1))))
                        .vote());
        assertEquals(Map.of(ID, State.ACTIVE), now(current.openTransactions(10)));
    }

    @Test
    void a_commit_to_an_earlier_instance_is_unknown_and_not_carried_out() {
        now(current.write(write("k")));
        assertEquals(new Unknown(ID), now(Progress.awaitAnswer(earlier.commit(new ResourceEvent.Commit(ID, null)))));
        assertEquals(Optional.empty(), now(current.entry("k")));
    }

    @Test
    void a_rollback_to_an_earlier_instance_is_carried_out_and_answered_unknown() {
        assertEquals(new Unknown(ID), now(earlier.rollback(ID)));
        assertInstanceOf(WriteRefused.class, now(current.write(write("k"))));
        assertEquals(new RolledBack(ID), now(current.rollback(ID)));
    }

    @Test
    void a_rollback_to_an_earlier_instance_of_what_is_committed_here_is_refused() {
        assertInstanceOf(Staged.class, now(current.write(write("k"))));
        assertEquals(new Committed(ID), now(Progress.awaitAnswer(current.commit(new ResourceEvent.Commit(ID, null)))));
        assertEquals(new RollbackRefused(ID), now(earlier.rollback(ID)));
    }

    @Test
    void everything_else_is_of_the_current_instance() {
        now(current.write(write("k")));
        now(current.commit(new ResourceEvent.Commit(ID, null)));
        assertEquals("orders", earlier.id());
        assertEquals(current.instance(), earlier.instance());
        assertEquals(Optional.of(new JsonText("1")), now(earlier.entry("k")));
        assertEquals(Map.of("k", new JsonText("1")), now(earlier.entries(null, 10)));
        assertEquals(Map.of(), now(earlier.openTransactions(10)));
        assertEquals(current.statistics(), earlier.statistics());
    }
}

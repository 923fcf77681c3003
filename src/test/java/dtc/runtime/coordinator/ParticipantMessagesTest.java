package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Origin;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class ParticipantMessagesTest {

    private static final TransactionId ID = new TransactionId(new UUID(0, 1));
    private static final UUID INSTANCE = new UUID(1, 1);
    private static final UUID OTHER_INSTANCE = new UUID(2, 2);
    private static final Message.Prepare PREPARE = new Message.Prepare(ID, List.of(), 1);
    private static final Message.Commit COMMIT = new Message.Commit(ID);

    private final Registry registry = new Registry(new FakeTime(), Duration.ofDays(1), 10, _ -> true);
    private Reply reply = new Reply.Acknowledged();
    private final List<String> sent = new ArrayList<>();
    private final ParticipantMessages messages = new ParticipantMessages(registry, new Client());
    private final Participant participant = enlisted();

    @Test
    void a_message_goes_to_the_instance_that_is_enlisted() {
        register(INSTANCE, Set.of());
        assertEquals(new Reply.Acknowledged(), prepare(PREPARE));
        assertEquals(new Reply.Acknowledged(), commit(false));
        assertEquals(List.of("Prepare " + INSTANCE, "Commit " + INSTANCE), sent);
    }

    @Test
    void a_retry_is_sent_alone() {
        register(INSTANCE, Set.of());
        commit(true);
        assertEquals(List.of("alone within PT3S", "Commit " + INSTANCE), sent);
    }

    @Test
    void nothing_is_sent_to_a_resource_manager_that_is_not_registered() {
        assertInstanceOf(Reply.Unreachable.class, prepare(PREPARE));
        assertInstanceOf(Reply.Unreachable.class, commit(false));
        assertEquals(List.of(), sent);
    }

    @Test
    void nothing_is_sent_to_another_instance() {
        register(OTHER_INSTANCE, Set.of());
        assertInstanceOf(Reply.NotFound.class, prepare(PREPARE));
        assertInstanceOf(Reply.NotFound.class, commit(false));
        assertEquals(List.of(), sent);
    }

    @Test
    void an_outcome_is_sent_to_another_instance_that_checks_the_instance() {
        register(OTHER_INSTANCE, Set.of(Registration.ONE_PHASE));
        assertInstanceOf(Reply.NotFound.class, prepare(PREPARE));
        commit(false);
        assertEquals(List.of("Commit " + INSTANCE), sent);
    }

    @Test
    void writes_are_not_sent_with_prepare_to_a_resource_manager_that_no_longer_accepts_them() {
        register(INSTANCE, Set.of());
        Message.Prepare carrying =
                new Message.Prepare(ID, List.of(new Message.Write(ID, 1, "key", new JsonText("1"))), 1);
        assertInstanceOf(Reply.ProtocolError.class, prepare(carrying));
        assertEquals(List.of(), sent);
    }

    @Test
    void before_a_resource_manager_has_registered_again_no_answer_shows_that_it_lost_its_state() {
        recover(INSTANCE);
        reply = new Reply.NotFound("it answered 404");
        assertInstanceOf(Reply.NoAnswer.class, commit(false), "it may be another process");
        reply = new Reply.Acknowledged();
        assertEquals(reply, commit(false));
        recover(OTHER_INSTANCE);
        assertInstanceOf(Reply.Unreachable.class, commit(false), "the record may be out of date");

        reply = new Reply.NotFound("it answered 404");
        recover(INSTANCE);
        register(INSTANCE, Set.of());
        assertEquals(reply, commit(false));
        register(OTHER_INSTANCE, Set.of());
        assertInstanceOf(Reply.NotFound.class, commit(false));
    }

    @Test
    void an_exception_of_the_client_counts_as_no_answer() {
        ParticipantMessages failing = new ParticipantMessages(registry, (_, _) -> {
            throw new IllegalStateException("a bug");
        });
        register(INSTANCE, Set.of());
        assertInstanceOf(Reply.NoAnswer.class, join(failing.sendPrepare(participant, PREPARE)));
    }

    private Reply prepare(Message.Prepare prepare) {
        return join(messages.sendPrepare(participant, prepare));
    }

    private Reply commit(boolean retry) {
        return join(messages.sendOutcome(participant, COMMIT, retry ? Duration.ofSeconds(3) : null, () -> {}));
    }

    private static Reply join(CompletionStage<Reply> reply) {
        return reply.toCompletableFuture().join();
    }

    private void register(UUID instance, Set<String> features) {
        registry.register("orders", "http://localhost:1", instance, features);
    }

    private void recover(UUID instance) {
        registry.recover("orders", "http://localhost:1", instance, List.of(), Set.of(), false, Instant.EPOCH);
    }

    private static Participant enlisted() {
        FakeTime time = new FakeTime();
        Transaction begun = Transaction.begin(ID, Origin.ANONYMOUS, time.now(), time.now());
        return new TwoPhaseCommit(10, 100)
                .apply(begun, new CoordinatorEvent.WriteRequested("orders", INSTANCE, false, false), time.now())
                .transaction()
                .participants()
                .getFirst();
    }

    private final class Client implements ParticipantClient {
        @Override
        public CompletionStage<Reply> send(Registration target, Message message) {
            sent.add(message.getClass().getSimpleName() + " " + target.instance());
            return CompletableFuture.completedFuture(reply);
        }

        @Override
        public CompletionStage<Reply> sendSeparately(Registration target, Message message, Duration limit) {
            sent.add("alone within " + limit);
            return send(target, message);
        }
    }
}

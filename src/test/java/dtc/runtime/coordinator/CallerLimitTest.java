package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.JsonText;
import dtc.protocol.Origin;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.Registry;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The limit of transactions in flight of one caller: it counts each transaction until it ends, however it ends. */
class CallerLimitTest {

    private static final int MAX = 2;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final UUID INSTANCE = new UUID(1, 1);

    private FakeTime time = new FakeTime();
    private final FakeLog log = new FakeLog();
    private final FakeParticipants participants = new FakeParticipants();
    private Registry registry = registry();
    private Coordinator coordinator = coordinator();
    private long ids;

    /** The ways in which a transaction ends. */
    enum End {
        COMMIT((test, id) -> test.coordinator.commit(id, WaitCondition.ENDED)),
        COMMIT_WITHOUT_PARTICIPANTS((test, id) -> test.coordinator.prepare(id, WaitCondition.ENDED)),
        ROLLBACK((test, id) -> test.coordinator.rollback(id)),
        OPERATOR((test, id) -> test.coordinator.rollback(id, "because")),
        ROLLBACK_ONLY((test, id) -> {
            test.coordinator.rollbackOnly(id, "because");
            test.coordinator.prepare(id, WaitCondition.ENDED);
        }),
        EXPIRY((test, _) -> test.time.advance(TIMEOUT.plusSeconds(1))),
        UNREACHABLE((test, id) -> {
            test.participants.replies.put("Prepare orders", new Reply.Unreachable("down"));
            test.coordinator.prepare(id, WaitCondition.ENDED);
        });

        @SuppressWarnings("ImmutableEnumChecker") // the functions have no state
        private final Ending ending;

        End(Ending ending) {
            this.ending = ending;
        }
    }

    private interface Ending {
        void end(CallerLimitTest test, TransactionId id);
    }

    @ParameterizedTest
    @EnumSource(End.class)
    void a_transaction_that_ended_does_not_count(End end) {
        for (int i = 0; i < 3 * MAX; i++) {
            TransactionId id = begin("alice");
            if (end != End.COMMIT_WITHOUT_PARTICIPANTS) {
                write(id);
            }
            end.ending.end(this, id);
        }
        begin("alice");
        begin("alice");
        assertEquals(Refusal.Kind.OVERLOADED, refused("alice"));
    }

    @Test
    void other_callers_are_not_affected_and_those_without_a_name_are_one() {
        begin("alice");
        begin("alice");
        assertEquals(Refusal.Kind.OVERLOADED, refused("alice"));
        begin("bob");
        begin(null);
        begin(null);
        assertEquals(Refusal.Kind.OVERLOADED, refused(null));
        begin("bob");
        assertEquals(Refusal.Kind.OVERLOADED, refused("bob"));
    }

    @Test
    void a_refused_transaction_does_not_count() {
        begin("alice");
        TransactionId second = begin("alice");
        for (int i = 0; i < 10; i++) {
            refused("alice");
        }
        coordinator.rollback(second);
        begin("alice");
    }

    @Test
    void recovered_transactions_count_until_they_are_delivered() {
        participants.replies.put("Commit orders", new Reply.NoAnswer("slow"));
        participants.replies.put("Commit payments", new Reply.NoAnswer("slow"));
        for (int i = 0; i < MAX; i++) {
            TransactionId id = begin("alice");
            write(id, "orders");
            write(id, "payments");
            coordinator.prepare(id, WaitCondition.DECIDED);
        }
        time = time.later();
        registry = registry();
        coordinator = coordinator();
        assertEquals(MAX, coordinator.recover());
        assertEquals(Refusal.Kind.OVERLOADED, refused("alice"));
        begin("bob");

        participants.replies.clear();
        time.advance(Duration.ofSeconds(20));
        begin("alice");
    }

    private TransactionId begin(@Nullable String principal) {
        return assertInstanceOf(Answer.Given.class, answer(principal)) instanceof Answer.Given<?>(Transaction t)
                ? t.id()
                : new TransactionId(new UUID(0, 0));
    }

    private Refusal.Kind refused(@Nullable String principal) {
        return assertInstanceOf(Answer.Refused.class, answer(principal))
                .refusal()
                .kind();
    }

    private Answer<Transaction> answer(@Nullable String principal) {
        return coordinator
                .begin(new Origin(principal, null), TIMEOUT, List.of(), false, WaitCondition.ENDED)
                .toCompletableFuture()
                .join();
    }

    private void write(TransactionId id) {
        write(id, "orders");
    }

    private void write(TransactionId id, String resourceManager) {
        coordinator.write(id, new ClientWrite(resourceManager, "key", new JsonText("1")));
    }

    private Registry registry() {
        Registry created = new Registry(time, Duration.ofDays(1), 10, _ -> true);
        for (String id : List.of("orders", "payments")) {
            created.register(id, "http://" + id + ":1", INSTANCE, Set.of());
        }
        return created;
    }

    private Coordinator coordinator() {
        return new Coordinator(
                new TwoPhaseCommit(10, 100),
                new CoordinatorSettings(
                        TIMEOUT,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(30),
                        Duration.ofMillis(1_400),
                        new TransactionLimits(100, MAX, 1_000, Duration.ofHours(1), 100, Long.MAX_VALUE),
                        10,
                        10,
                        10,
                        100),
                time,
                () -> new TransactionId(new UUID(++ids, 1)),
                new Backoff(Duration.ofMillis(100), Duration.ofSeconds(10), new Random(1)),
                registry,
                participants,
                log,
                List.of());
    }
}

package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.CoordinatorEffect.Timing;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.SampleRecords;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.Reply;
import dtc.protocol.Update;
import dtc.runtime.Answer;
import dtc.runtime.Registration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WritesTest {

    private static final int UNDELIVERED_MAX = 2;
    private static final UUID REQUEST = new UUID(4, 4);

    private final DriverFixture fixture = new DriverFixture();
    private final FakeParticipants participants = fixture.participants;
    private final Writes writes =
            new Writes(fixture.machine, fixture.registry, fixture.driver, fixture.store, UNDELIVERED_MAX, true);
    private final TransactionEntry entry = fixture.begin();

    @BeforeEach
    void register() {
        fixture.register("orders");
        fixture.register("payments");
    }

    // Order

    @Test
    void writes_to_one_resource_manager_are_sent_in_order_and_to_different_ones_in_parallel() {
        participants.holding = true;
        CompletableFuture<?> all = writeAll(false, "orders a", "payments b", "orders c", "payments d");
        assertEquals(List.of("Write orders a", "Write payments b"), takeSent());
        participants.answer("Write orders a", new Reply.Acknowledged());
        assertEquals(List.of("Write orders c"), takeSent());
        participants.answer("Write orders c", new Reply.Acknowledged());
        participants.answer("Write payments b", new Reply.Acknowledged());
        assertEquals(List.of("Write payments d"), takeSent());
        assertFalse(all.isDone());
        participants.answer("Write payments d", new Reply.Acknowledged());
        assertTrue(all.isDone());
        assertEquals(TransactionState.ACTIVE, entry.transaction().state());
    }

    @Test
    void after_a_failure_nothing_more_is_sent_to_the_resource_manager_and_the_other_writes_complete() {
        participants.holding = true;
        CompletableFuture<?> all = writeAll(false, "orders a", "payments b", "orders c");
        takeSent();
        participants.answer("Write orders a", new Reply.NoRoom("full"));
        assertEquals(List.of(), takeSent());
        assertFalse(all.isDone());
        participants.answer("Write payments b", new Reply.Acknowledged());
        assertTrue(all.isDone());
        assertMarked("a write to orders failed: full");
    }

    @Test
    void a_write_after_a_failure_at_another_resource_manager_is_not_sent() {
        participants.replies.put("Write orders a", new Reply.NoRoom("full"));
        assertTrue(writeAll(false, "orders a", "payments b").isDone());
        assertEquals(List.of("Write orders a"), takeSent());
    }

    @Test
    void a_long_list_of_writes_does_not_overflow_the_stack() {
        String[] many = Stream.generate(() -> "orders a")
                .limit(DriverFixture.WRITES_MAX)
                .toArray(String[]::new);
        assertTrue(writeAll(false, many).isDone());
        assertEquals(DriverFixture.WRITES_MAX, participants.sent.size());
        assertEquals(TransactionState.ACTIVE, entry.transaction().state());
    }

    // Refused before it is sent

    @Test
    void the_number_of_participants_of_all_transactions_is_limited_until_they_end() {
        for (int i = 0; i < DriverFixture.PARTICIPANTS_IN_FLIGHT_MAX - 1; i++) {
            given(writes.write(fixture.begin(), parsed("orders a")).toCompletableFuture());
        }
        given(write("orders a"));
        given(write("orders b")); // enlisted already
        takeSent();
        assertRefused(Kind.OVERLOADED, write("payments a"));
        assertEquals(List.of(), takeSent());
        assertMarked("the limit of 8 participants in flight is reached");

        fixture.apply(entry, new CoordinatorEvent.RollbackRequested());
        given(writes.write(fixture.begin(), parsed("payments a")).toCompletableFuture());
    }

    @Test
    void a_write_to_an_unregistered_resource_manager_is_refused_and_allows_only_rollback() {
        assertRefused(Kind.UNKNOWN_RESOURCE_MANAGER, write("stock a"));
        assertMarked("resource manager stock is not registered");
    }

    @Test
    void a_write_to_a_resource_manager_whose_lease_has_lapsed_is_refused_and_allows_only_rollback() {
        fixture.time.advance(DriverFixture.LEASE);
        assertRefused(Kind.RESOURCE_MANAGER_LAPSED, write("orders a"));
        assertMarked("the lease of resource manager orders has lapsed");
    }

    @Test
    void a_write_to_a_resource_manager_with_too_many_undelivered_outcomes_is_refused() {
        for (int i = 1; i <= UNDELIVERED_MAX; i++) {
            assertEquals(i - 1, fixture.driver.delivery().backlog("orders"));
            TransactionEntry undelivered = new TransactionEntry(
                    Transaction.recover(SampleRecords.committing(i)), fixture.recordLog, fixture.time.nanos());
            fixture.driver.delivery().deliver(undelivered, new Deliver("orders", Outcome.COMMIT, Timing.AFTER_PAUSE));
        }
        given(write("payments a"));
        assertRefused(Kind.OVERLOADED, write("orders a"));
        assertMarked("too many outcomes are undelivered to resource manager orders");
    }

    @Test
    void a_write_of_a_transaction_that_is_not_active_is_refused_and_not_sent() {
        fixture.apply(entry, new CoordinatorEvent.RollbackRequested());
        takeSent();
        assertRefused(Kind.WRONG_STATE, write("orders a"));
        assertRefused(Kind.WRONG_STATE, write("unregistered a"));
        assertEquals(List.of(), takeSent());
    }

    @Test
    void a_write_to_a_resource_manager_that_lost_earlier_writes_is_refused_and_allows_only_rollback() {
        given(write("orders a"));
        fixture.registry.register("orders", "http://orders:1", new UUID(2, 2), Set.of());
        takeSent();
        assertRefused(Kind.WRONG_STATE, write("orders b"));
        assertEquals(List.of(), takeSent());
        assertMarked("resource manager orders restarted and lost earlier writes");
    }

    @Test
    void the_number_of_resource_managers_is_limited() {
        for (int i = 1; i <= DriverFixture.PARTICIPANTS_MAX + 1; i++) {
            fixture.register("rm-" + i);
        }
        for (int i = 1; i <= DriverFixture.PARTICIPANTS_MAX; i++) {
            given(write("rm-" + i + " a"));
        }
        assertRefused(Kind.LIMIT_EXCEEDED, write("rm-4 a"));
        assertEquals(
                TransactionState.ACTIVE, entry.transaction().state(), "the client knows that it is not part of it");
        given(write("rm-3 b"));
    }

    /** The answer does not show which write was refused, so the transaction must not commit without it. */
    @Test
    void a_refused_write_among_those_of_a_call_allows_only_rollback() {
        String[] tooMany = Stream.generate(() -> "orders a")
                .limit(DriverFixture.WRITES_MAX + 1)
                .toArray(String[]::new);
        assertTrue(writeAll(true, tooMany).isDone());
        assertMarked(String.format(Locale.ROOT, "a transaction has at most %d writes", DriverFixture.WRITES_MAX));
    }

    // Answers

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new Reply.NoAnswer("test"), Kind.RESOURCE_MANAGER_UNRESPONSIVE),
                Arguments.of(new Reply.Unavailable("test"), Kind.OVERLOADED),
                Arguments.of(new Reply.ProtocolError("test"), Kind.RESOURCE_MANAGER_FAILED));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void a_write_that_fails_is_refused_and_allows_only_rollback(Reply reply, Kind kind) {
        participants.replies.put("Write orders a", reply);
        assertRefused(kind, write("orders a"));
        assertMarked("a write to orders failed: test");
    }

    @Test
    void a_write_that_is_answered_after_the_rollback_is_refused() {
        participants.holding = true;
        var answer = write("orders a");
        fixture.apply(entry, new CoordinatorEvent.RollbackRequested());
        participants.answer("Write orders a", new Reply.Acknowledged());
        assertRefused(Kind.WRONG_STATE, answer);
    }

    // Writes that are sent with prepare

    @Test
    void writes_are_sent_with_prepare_if_it_follows_and_the_resource_manager_accepts_that() {
        fixture.register("orders", Registration.PREPARE_WITH_WRITES);
        assertTrue(writeAll(true, "orders a", "payments b", "orders c").isDone());
        assertEquals(List.of("Write payments b"), takeSent());
        assertEquals(TransactionState.COMMITTED, fixture.apply(entry, new CoordinatorEvent.PrepareRequested()));
        assertEquals(List.of("Prepare orders a c", "Prepare payments", "Commit orders", "Commit payments"), takeSent());
    }

    @Test
    void writes_are_sent_immediately_if_no_prepare_follows() {
        fixture.register("orders", Registration.PREPARE_WITH_WRITES);
        assertTrue(writeAll(false, "orders a", "payments b").isDone());
        assertEquals(List.of("Write orders a", "Write payments b"), takeSent());
    }

    /** It may commit in one phase, without a prepare message. */
    @Test
    void writes_to_a_single_resource_manager_are_sent_immediately() {
        fixture.register("orders", Registration.PREPARE_WITH_WRITES, Registration.ONE_PHASE);
        assertTrue(writeAll(true, "orders a", "orders b").isDone());
        assertEquals(List.of("Write orders a", "Write orders b"), takeSent());
    }

    /** The transaction may be rolled back, for example by an operator, while the write is being stored. */
    @Test
    void a_write_that_is_stored_after_the_transaction_has_ended_is_dropped() {
        fixture.register("orders", Registration.PREPARE_WITH_WRITES);
        fixture.listener = new TransactionListener() {
            @Override
            public void applied(AppliedEvent applied) {
                if (applied.event() instanceof CoordinatorEvent.WriteRequested request
                        && request.resourceManager().equals("orders")) {
                    fixture.apply(entry, new CoordinatorEvent.RollbackRequested());
                }
            }
        };
        assertTrue(writeAll(true, "orders a", "payments b").isDone());
        assertEquals(TransactionState.ROLLED_BACK, entry.transaction().state());
        assertEquals(List.of("Rollback orders"), takeSent());
        assertEquals(List.of(), entry.takeDeferredWrites("orders"));
    }

    // Enlistment

    @Test
    void an_enlistment_sends_nothing_and_gets_the_next_number() {
        given(write("orders a"));
        takeSent();
        Coordinator.Enlistment enlistment = enlisted(writes.enlist(entry, "orders", null, REQUEST));
        assertEquals(new Coordinator.Enlistment(2, entry.transaction().expiresAt()), enlistment);
        assertEquals(enlistment, enlisted(writes.enlist(entry, "orders", DriverFixture.INSTANCE, REQUEST)));
        assertEquals(List.of(), takeSent());
    }

    @Test
    void a_refused_enlistment_does_not_mark_the_transaction() {
        assertRefused(Kind.UNKNOWN_RESOURCE_MANAGER, writes.enlist(entry, "stock", null, REQUEST));
        fixture.time.advance(DriverFixture.LEASE);
        assertRefused(Kind.RESOURCE_MANAGER_LAPSED, writes.enlist(entry, "orders", null, REQUEST));
        assertEquals(TransactionState.ACTIVE, entry.transaction().state());
        assertEquals(List.of(), entry.transaction().participants());
    }

    @Test
    void participants_of_all_transactions_that_enlist_themselves_are_limited() {
        for (int i = 0; i < DriverFixture.PARTICIPANTS_IN_FLIGHT_MAX; i++) {
            enlisted(writes.enlist(fixture.begin(), "orders", null, REQUEST));
        }
        assertRefused(Kind.OVERLOADED, writes.enlist(entry, "orders", null, REQUEST));
        assertEquals(TransactionState.ACTIVE, entry.transaction().state());
    }

    @Test
    void another_instance_is_refused_and_allows_only_rollback() {
        assertRefused(Kind.WRONG_STATE, writes.enlist(entry, "orders", new UUID(9, 9), REQUEST));
        assertMarked("resource manager orders restarted and lost earlier writes");
        assertRefused(Kind.WRONG_STATE, writes.enlist(entry, "orders", null, REQUEST));
    }

    private static Coordinator.Enlistment enlisted(Answer<Coordinator.Enlistment> answer) {
        return answer instanceof Answer.Given<Coordinator.Enlistment>(var enlistment)
                ? enlistment
                : fail("refused: " + answer);
    }

    private static void assertRefused(Kind kind, Answer<?> answer) {
        assertEquals(
                kind,
                answer instanceof Answer.Refused<?>(var refusal) ? refusal.kind() : fail("not refused: " + answer));
    }

    // Deletes and conditions

    @Test
    void a_delete_or_condition_is_sent_only_to_those_that_support_it() {
        for (ClientWrite write : List.of(
                new ClientWrite("orders", "a", new Update.Delete(), null),
                new ClientWrite("orders", "a", new Update.None(), new Condition.Absent()),
                new ClientWrite(
                        "orders", "a", new Update.Put(new JsonText("1")), new Condition.HasValue(new JsonText("1"))))) {
            TransactionEntry other = fixture.begin();
            assertRefused(Kind.NOT_SUPPORTED, writes.write(other, write).toCompletableFuture());
            assertEquals(TransactionState.MARKED_ROLLBACK, other.transaction().state());
            assertEquals(List.of(), takeSent());
        }
        fixture.registry.register("orders", "http://orders:1", DriverFixture.INSTANCE, Set.of(Registration.CONDITIONS));
        given(writes.write(entry, new ClientWrite("orders", "a", new Update.Delete(), null))
                .toCompletableFuture());
        assertEquals(List.of("Write orders a"), takeSent());
    }

    private CompletableFuture<Answer<Transaction>> write(String text) {
        return writes.write(entry, parsed(text)).toCompletableFuture();
    }

    private CompletableFuture<?> writeAll(boolean prepareFollows, String... texts) {
        return writes.writeAll(entry, Stream.of(texts).map(WritesTest::parsed).toList(), prepareFollows)
                .toCompletableFuture();
    }

    /** Parses a resource manager and a key. */
    private static ClientWrite parsed(String text) {
        int space = text.indexOf(' ');
        return new ClientWrite(text.substring(0, space), text.substring(space + 1), new JsonText("1"));
    }

    private List<String> takeSent() {
        List<String> sent = List.copyOf(participants.sent);
        participants.sent.clear();
        return sent;
    }

    private void assertMarked(String reason) {
        assertEquals(TransactionState.MARKED_ROLLBACK, entry.transaction().state());
        assertEquals(reason, entry.transaction().reason());
    }

    private static void given(CompletableFuture<Answer<Transaction>> answer) {
        assertInstanceOf(Answer.Given.class, answer.getNow(null));
    }

    private static void assertRefused(Kind kind, CompletableFuture<Answer<Transaction>> answer) {
        assertEquals(
                kind,
                answer.getNow(null) instanceof Answer.Refused<Transaction>(var refusal)
                        ? refusal.kind()
                        : fail("not refused: " + answer));
    }
}

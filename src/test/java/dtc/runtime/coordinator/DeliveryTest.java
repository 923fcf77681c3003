package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.CoordinatorEffect.Timing;
import dtc.coordinator.SampleRecords;
import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;
import dtc.protocol.Reply;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.Registry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(
        value = 60,
        threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // a retry may be offered to a closed queue forever
class DeliveryTest {

    /** The first pauses of {@link #backoff}. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Duration SECOND_PAUSE = PAUSE.multipliedBy(2);
    private static final Duration TIMEOUT = Duration.ofMillis(1100);
    private static final Duration PAUSE_MAX = Duration.ofMinutes(1);
    private static final int RESOURCE_MANAGERS_MAX = 500;
    private static final int ROLLBACK_ATTEMPTS_MAX = 3;
    private static final int IN_FLIGHT_MAX = 2;
    private static final int QUEUED_ROLLBACKS_MAX = 2;
    private static final Reply NO_ANSWER = new Reply.NoAnswer("test");

    private final FakeTime time = new FakeTime();
    private final Registry registry = new Registry(time, Duration.ofDays(1), RESOURCE_MANAGERS_MAX, _ -> true);
    private final FakeParticipants participants = new FakeParticipants();
    private final List<DeliveryEvent> events = new ArrayList<>();
    private final List<String> replied = new ArrayList<>();
    private final Backoff backoff = new Backoff(PAUSE.multipliedBy(2), PAUSE_MAX.multipliedBy(2), () -> 0);
    private final Delivery delivery = new Delivery(
            new CoordinatorSettings(
                    Duration.ZERO,
                    TIMEOUT,
                    TIMEOUT.multipliedBy(8),
                    Duration.ZERO,
                    new TransactionLimits(1, Duration.ZERO, 1),
                    IN_FLIGHT_MAX,
                    QUEUED_ROLLBACKS_MAX,
                    ROLLBACK_ATTEMPTS_MAX,
                    1),
            time,
            backoff,
            registry,
            new ParticipantMessages(registry, participants),
            listener(),
            (_, name, message, reply) -> replied.add(message.getClass().getSimpleName() + " " + name + ": "
                    + reply.getClass().getSimpleName()));
    private final TransactionEntry entry = entry(1);

    @BeforeEach
    void register() {
        register("orders", "http://localhost:1");
        register("payments", "http://localhost:2");
    }

    // First attempt

    @Test
    void an_outcome_is_sent_and_the_reply_is_passed_on() {
        deliver(entry, "orders", Outcome.COMMIT, Timing.NOW);
        deliver(entry, "payments", Outcome.ROLLBACK, Timing.NOW);
        assertEquals(List.of("Commit orders", "Rollback payments"), participants.sent);
        assertEquals(List.of("Commit orders: Acknowledged", "Rollback payments: Acknowledged"), replied);
    }

    @Test
    void an_acknowledgement_is_reported_with_the_time_since_the_decision() {
        entry.setDecidedNanos(time.nanos());
        participants.holding = true;
        deliver(entry, "orders", Outcome.COMMIT, Timing.NOW);
        time.advance(Duration.ofSeconds(3));
        participants.answer("Commit orders", new Reply.Acknowledged());
        assertEquals(
                List.of(
                        new DeliveryEvent.Sent(entry.id(), "orders", Outcome.COMMIT),
                        new DeliveryEvent.Acknowledged(entry.id(), "orders", Outcome.COMMIT, Duration.ofSeconds(3))),
                events);
    }

    @Test
    void a_missing_answer_is_passed_on_and_not_reported_as_an_acknowledgement() {
        participants.replies.put("Commit orders", NO_ANSWER);
        deliver(entry, "orders", Outcome.COMMIT, Timing.NOW);
        assertEquals(List.of("Commit orders: NoAnswer"), replied);
        assertEquals(List.of(new DeliveryEvent.Sent(entry.id(), "orders", Outcome.COMMIT)), events);
    }

    /** It is a vote and a commit in one: there was no decision before it. */
    @Test
    void a_one_phase_commit_is_not_reported_as_an_acknowledgement() {
        delivery.commitOnePhase(entry, "orders");
        assertEquals(List.of("CommitOnePhase orders: Acknowledged"), replied);
        assertEquals(List.of(new DeliveryEvent.Sent(entry.id(), "orders", Outcome.COMMIT)), events);
    }

    // Retries

    @Test
    void a_retry_is_sent_alone_after_a_pause_that_grows_with_each_attempt_at_the_same_participant() {
        retryCommit(entry, "orders");
        assertEquals(List.of(scheduled("orders", Outcome.COMMIT, PAUSE)), events);
        time.advance(PAUSE.minusMillis(1));
        assertEquals(List.of(), participants.sent);
        time.advance(Duration.ofMillis(1));
        assertEquals(List.of("Commit orders alone"), participants.sent);
        assertEquals(List.of("Commit orders: Acknowledged"), replied);

        events.clear();
        retryCommit(entry, "orders");
        retryCommit(entry, "payments");
        assertEquals(
                List.of(
                        scheduled("orders", Outcome.COMMIT, SECOND_PAUSE),
                        scheduled("payments", Outcome.COMMIT, PAUSE)),
                events);
    }

    @Test
    void a_commit_is_retried_without_limit() {
        int attempts = 10 * ROLLBACK_ATTEMPTS_MAX;
        for (int i = 0; i < attempts; i++) {
            retryCommit(entry, "orders");
            time.advance(PAUSE_MAX);
        }
        assertEquals(attempts, participants.sent.size());
    }

    @Test
    void a_rollback_is_dropped_after_some_attempts() {
        for (int i = 0; i < ROLLBACK_ATTEMPTS_MAX; i++) {
            deliver(entry, "orders", Outcome.ROLLBACK, Timing.AFTER_PAUSE_OR_DROP);
            time.advance(PAUSE_MAX);
        }
        assertEquals(List.of("Rollback orders alone", "Rollback orders alone"), participants.sent);
        assertEquals(0, time.timers());
    }

    @Test
    void a_rollback_is_dropped_if_too_many_are_queued() {
        for (int i = 1; i <= QUEUED_ROLLBACKS_MAX + 1; i++) {
            deliver(entry(i), "orders", Outcome.ROLLBACK, Timing.AFTER_PAUSE_OR_DROP);
        }
        assertEquals(QUEUED_ROLLBACKS_MAX, events.size(), "a dropped retry is not reported as scheduled");
        assertEquals(QUEUED_ROLLBACKS_MAX, delivery.backlog("orders"));
        deliver(entry, "payments", Outcome.ROLLBACK, Timing.AFTER_PAUSE_OR_DROP);
        assertEquals(1, delivery.backlog("payments"), "the limit is per resource manager");
    }

    @Test
    void a_slow_resource_manager_does_not_delay_the_retries_to_others() {
        participants.holding = true;
        for (int i = 1; i <= IN_FLIGHT_MAX + 1; i++) {
            retryCommit(entry(i), "orders");
        }
        retryCommit(entry, "payments");
        time.advance(PAUSE);
        assertEquals(List.of("Commit orders alone", "Commit orders alone", "Commit payments alone"), participants.sent);
    }

    @Test
    void the_backlog_counts_retries_that_are_queued_or_in_flight() {
        participants.holding = true;
        for (int i = 1; i <= IN_FLIGHT_MAX + 1; i++) {
            retryCommit(entry(i), "orders");
        }
        assertEquals(IN_FLIGHT_MAX + 1, delivery.backlog("orders"));
        assertEquals(0, delivery.backlog("payments"));
        time.advance(PAUSE);
        assertEquals(IN_FLIGHT_MAX + 1, delivery.backlog("orders"));
        for (int i = 1; i <= IN_FLIGHT_MAX + 1; i++) {
            participants.answer("Commit orders", new Reply.Acknowledged());
            assertEquals(IN_FLIGHT_MAX + 1 - i, delivery.backlog("orders"));
        }
    }

    /** A queue closes when it is idle. */
    @Test
    void a_retry_after_the_queue_was_idle_is_sent() {
        retryCommit(entry, "orders");
        time.advance(PAUSE);
        retryCommit(entry, "orders");
        time.advance(SECOND_PAUSE);
        assertEquals(2, participants.sent.size());
    }

    // Retries on request

    @Test
    void pauses_end_on_request_for_one_transaction_or_one_resource_manager() {
        TransactionEntry other = entry(2);
        retryCommit(entry, "orders");
        retryCommit(other, "orders");
        retryCommit(entry, "payments");
        assertEquals(1, delivery.retryNow("orders", other.id()));
        assertEquals(0, delivery.retryNow("payments", other.id()));
        assertEquals(List.of("Commit orders alone"), participants.sent);
        assertEquals(1, delivery.retryNow("orders"));
        assertEquals(0, delivery.retryNow("orders"));
        time.advance(PAUSE);
        assertEquals(
                List.of("Commit orders alone", "Commit orders alone", "Commit payments alone"),
                participants.sent,
                "each is sent once");
    }

    // Resource managers that are not registered

    @Test
    void a_retry_to_an_unregistered_resource_manager_waits_without_a_timer_and_is_sent_to_its_new_url() {
        registry.deregister("orders", null);
        retryCommit(entry, "orders");
        assertEquals(List.of(scheduled("orders", Outcome.COMMIT, null)), events);
        assertEquals(0, time.timers());
        register("payments", "http://localhost:2");
        assertEquals(List.of(), participants.sent);
        register("orders", "http://localhost:3");
        assertEquals(List.of("Commit orders alone"), participants.sent);
        assertNotNull(participants.lastTarget);
        assertEquals("http://localhost:3", participants.lastTarget.url());
    }

    /** After the registration the next pause is short, regardless of the time without a registration. */
    @Test
    void waiting_for_a_registration_does_not_count_as_an_attempt() {
        registry.deregister("orders", null);
        retryCommit(entry, "orders");
        register("orders", "http://localhost:1");
        events.clear();
        retryCommit(entry, "orders");
        assertEquals(List.of(scheduled("orders", Outcome.COMMIT, PAUSE)), events);
    }

    /**
     * For each of many resource managers, one thread registers it while another queues a retry to it. The second thread
     * starts with a varying delay, to hit the time between the check and the insertion into the queue.
     */
    @Test
    void a_retry_is_sent_even_if_its_resource_manager_registers_just_before_it_is_queued() {
        int rounds = RESOURCE_MANAGERS_MAX - 2;
        AtomicInteger registering = new AtomicInteger();
        AtomicInteger queued = new AtomicInteger();
        CompletableFuture<Void> registered = CompletableFuture.runAsync(() -> {
            for (int round = 1; round <= rounds; round++) {
                while (queued.get() < round - 1) {
                    Thread.onSpinWait();
                }
                registering.set(round);
                register("rm-" + round, "http://localhost:" + (1_000 + round));
            }
        });
        for (int round = 1; round <= rounds; round++) {
            String resourceManager = "rm-" + round;
            while (registering.get() < round) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < round % 100; i++) {
                Thread.onSpinWait();
            }
            retryCommit(entry, resourceManager);
            queued.set(round);
        }
        registered.join();
        time.advance(PAUSE);
        for (int round = 1; round <= rounds; round++) {
            assertEquals(0, delivery.backlog("rm-" + round), "round " + round);
        }
    }

    private void retryCommit(TransactionEntry of, String resourceManager) {
        deliver(of, resourceManager, Outcome.COMMIT, Timing.AFTER_PAUSE);
    }

    private void deliver(TransactionEntry of, String resourceManager, Outcome outcome, Timing timing) {
        delivery.deliver(of, new Deliver(resourceManager, outcome, timing));
    }

    private DeliveryEvent scheduled(String resourceManager, Outcome outcome, @Nullable Duration pause) {
        return new DeliveryEvent.RetryScheduled(entry.id(), resourceManager, outcome, pause);
    }

    private void register(String id, String url) {
        registry.register(id, url, entry.transaction().participants().getFirst().instance(), Set.of());
    }

    /** A transaction with the participants orders and payments. */
    private TransactionEntry entry(int number) {
        return new TransactionEntry(
                Transaction.recover(SampleRecords.committing(number)), RecordLog.of(new FakeLog(), time), time.nanos());
    }

    private TransactionListener listener() {
        return new TransactionListener() {
            @Override
            public void delivery(DeliveryEvent event) {
                events.add(event);
            }
        };
    }
}

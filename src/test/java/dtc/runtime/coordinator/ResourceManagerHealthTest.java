package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Ballot;
import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.FakeTime;
import dtc.runtime.Registry;
import dtc.testing.LogLines;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A resource manager that is down is logged once, and once when it is up again. */
class ResourceManagerHealthTest {

    private static final UUID INSTANCE = new UUID(1, 1);
    private static final String URL = "http://host:1";

    private final FakeTime time = new FakeTime();
    private final Registry registry = new Registry(time, Duration.ofSeconds(10), 10, _ -> true);
    private final ResourceManagerHealth health = new ResourceManagerHealth(registry, time);
    private final TwoPhaseCommit machine = new TwoPhaseCommit(10, 100);
    private final LogLines log = new LogLines(ResourceManagerHealth.class.getName());
    private long ids;

    @AfterEach
    void closeLog() {
        log.close();
    }

    @Test
    void a_lapsed_lease_is_logged_once_until_it_is_renewed() {
        register(INSTANCE);
        health.start();
        time.advance(Duration.ofSeconds(9));
        assertEquals(List.of(), log.take());
        time.advance(Duration.ofMinutes(5));
        assertEquals(
                List.of(
                        "WARN resource manager a at http://host:1 is down: its lease has lapsed; writes to it are refused,"
                                + " and their transactions roll back"),
                log.take());
        assertEquals(time.now().minusSeconds(299), down().since());
        for (int i = 0; i < 3; i++) {
            register(INSTANCE);
            time.advance(Duration.ofSeconds(5));
        }
        assertEquals(List.of("INFO resource manager a at http://host:1 is up again"), log.take());
    }

    @Test
    void missing_votes_are_logged_although_rollbacks_are_acknowledged() {
        register(INSTANCE);
        for (int i = 0; i < ResourceManagerHealth.FAILURES_MIN; i++) {
            assertNull(health.down(Objects.requireNonNull(registry.find("a"))));
            run(
                    new CoordinatorEvent.PrepareRequested(),
                    new CoordinatorEvent.VoteArrived(
                            "a", INSTANCE, Ballot.abortFor(VoteCause.TIMEOUT, "it did not answer in time")),
                    new CoordinatorEvent.Acknowledged("a"));
            health.check();
        }
        health.check();
        assertEquals(
                List.of("WARN resource manager a at http://host:1 is down: the last 3 vote requests failed:"
                        + " it did not answer in time; transactions that write to it roll back"),
                log.take());
        run(
                new CoordinatorEvent.PrepareRequested(),
                new CoordinatorEvent.VoteArrived("a", INSTANCE, Ballot.abort("the account is closed")));
        register(INSTANCE);
        health.check();
        assertEquals(List.of(), log.take());
        time.advance(ResourceManagerHealth.UP_AFTER.minusSeconds(1));
        register(INSTANCE);
        time.advance(Duration.ofSeconds(1));
        health.check();
        health.check();
        assertEquals(List.of("INFO resource manager a at http://host:1 is up again"), log.take());
    }

    @Test
    void a_resource_manager_that_acknowledges_only_some_outcomes_is_logged_once() {
        register(INSTANCE);
        for (int i = 0; i < 20; i++) {
            for (int j = 0; j < ResourceManagerHealth.FAILURES_MIN; j++) {
                run(new CoordinatorEvent.RollbackRequested(), new CoordinatorEvent.Unanswered("a", "no answer"));
            }
            health.check();
            register(INSTANCE);
            time.advance(Duration.ofSeconds(3));
            run(new CoordinatorEvent.RollbackRequested(), new CoordinatorEvent.Acknowledged("a"));
            health.check();
            time.advance(Duration.ofSeconds(3));
        }
        assertEquals(
                List.of(
                        "WARN resource manager a at http://host:1 does not acknowledge outcomes: the last 3 deliveries of"
                                + " outcomes failed: no answer; commits are sent until it acknowledges them"),
                log.take());
    }

    @Test
    void failed_writes_and_unacknowledged_outcomes_are_logged() {
        register(INSTANCE);
        for (int i = 0; i < ResourceManagerHealth.FAILURES_MIN; i++) {
            run(new CoordinatorEvent.WriteFailed("a", "it answered 500", false));
        }
        assertEquals("the last 3 writes failed: it answered 500", down().reason());
        register(new UUID(2, 2)); // a restart, which clears the earlier failures
        assertNull(health.down(Objects.requireNonNull(registry.find("a"))));
        for (int i = 0; i < ResourceManagerHealth.FAILURES_MIN; i++) {
            run(
                    new CoordinatorEvent.RollbackRequested(),
                    new CoordinatorEvent.Unanswered("a", "the connection was refused"));
        }
        assertEquals("the last 3 deliveries of outcomes failed: the connection was refused", down().reason());
    }

    @Test
    void failures_with_several_reasons_are_counted_by_reason() {
        register(INSTANCE);
        for (String reason : List.of("it could not be reached", "its certificate has expired")) {
            for (int i = 0; i < 2; i++) {
                run(new CoordinatorEvent.WriteFailed("a", reason, false));
            }
        }
        run(new CoordinatorEvent.WriteFailed("a", "it could not be reached", false));
        assertEquals(
                "the last 5 writes failed: it could not be reached (3), its certificate has expired (2)",
                down().reason());
        assertEquals("it could not be reached", down().lastError());
        assertEquals(time.now(), down().lastErrorAt());
        for (int i = 0; i < 10; i++) {
            run(new CoordinatorEvent.WriteFailed("a", "it answered " + (500 + i), false));
        }
        assertEquals(
                "the last 15 writes failed: it answered 505 (1), it answered 506 (1), it answered 507 (1),"
                        + " it answered 508 (1), it answered 509 (1), other reasons (10)",
                down().reason());
    }

    @Test
    void an_acknowledgment_in_time_does_not_end_the_failures_of_a_resource_manager_that_commits_slowly() {
        register(INSTANCE);
        for (int i = 0; i < 5; i++) {
            run(new CoordinatorEvent.RollbackRequested(), new CoordinatorEvent.Unanswered("a", "no answer"));
            time.advance(Duration.ofSeconds(1));
            if (i >= 2) {
                run(new CoordinatorEvent.RollbackRequested(), new CoordinatorEvent.Acknowledged("a"));
                assertNotNull(down());
            }
        }
        assertEquals("5 deliveries of outcomes failed: no answer", down().reason());
        assertEquals(time.now().minusSeconds(5), down().since());
        register(INSTANCE);
        time.advance(ResourceManagerHealth.UP_AFTER.minusSeconds(1));
        assertNull(health.down(Objects.requireNonNull(registry.find("a"))));
        assertNull(health.failing(Objects.requireNonNull(registry.find("a"))));
    }

    @Test
    void a_lapsed_lease_is_reported_with_the_last_failure() {
        register(INSTANCE);
        run(new CoordinatorEvent.RollbackRequested(), new CoordinatorEvent.Unanswered("a", "it could not be reached"));
        time.advance(Duration.ofSeconds(11));
        assertEquals(
                "its lease has lapsed, and the last delivery of an outcome failed: it could not be reached",
                down().reason());
    }

    @Test
    void a_resource_manager_that_deregisters_while_it_is_down_is_not_reported_as_up() {
        register(INSTANCE);
        time.advance(Duration.ofSeconds(11));
        health.check();
        log.take();
        registry.deregister("a", INSTANCE);
        health.check();
        assertEquals(List.of(), log.take());
    }

    private ResourceManagerHealth.Down down() {
        ResourceManagerHealth.Down down = health.down(Objects.requireNonNull(registry.find("a")));
        assertNotNull(down);
        return down;
    }

    private void register(UUID instance) {
        registry.register("a", URL, instance, Set.of());
    }

    /** Runs a transaction with a staged write to a and another participant, and applies the events. */
    private void run(CoordinatorEvent... events) {
        Transaction t = Transaction.begin(
                new TransactionId(new UUID(0x7000, ++ids)),
                Origin.ANONYMOUS,
                time.now(),
                time.now().plusSeconds(30));
        for (String name : List.of("a", "b")) {
            t = apply(t, new CoordinatorEvent.WriteRequested(name, INSTANCE, false, false));
        }
        if (!(events[0] instanceof CoordinatorEvent.WriteFailed)) {
            t = apply(t, new CoordinatorEvent.WriteStaged("a"));
        }
        for (CoordinatorEvent event : events) {
            t = apply(t, event);
        }
    }

    private Transaction apply(Transaction before, CoordinatorEvent event) {
        var step = machine.apply(before, event, time.now());
        health.applied(new AppliedEvent(before, event, step, 0, 0));
        return step.transaction();
    }
}

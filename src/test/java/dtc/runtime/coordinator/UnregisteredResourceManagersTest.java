package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.runtime.FakeTime;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.UnregisteredResourceManagers.Unregistered;
import dtc.testing.LogLines;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An operator sees which resource managers are missing, and why. */
class UnregisteredResourceManagersTest {

    private static final String REFUSAL = "the caller billing does not own this id";

    private final FakeTime time = new FakeTime();
    private final Registry registry = new Registry(time, Duration.ofSeconds(10), 10, _ -> true);
    private final UnregisteredResourceManagers unregistered = new UnregisteredResourceManagers(registry, time);
    private final TwoPhaseCommit machine = new TwoPhaseCommit(10, 100);
    private final LogLines log = new LogLines(UnregisteredResourceManagers.class.getName());
    private long ids;

    @AfterEach
    void closeLog() {
        log.close();
    }

    @Test
    void a_resource_manager_is_logged_once_while_transactions_write_to_it() {
        for (int i = 0; i < 100; i++) {
            write("a");
            time.advance(Duration.ofSeconds(5));
        }
        assertEquals(List.of(new Unregistered("a", null)), unregistered.all());
        assertEquals(List.of("WARN resource manager a is not registered: transactions write to it"), log.take());
        time.advance(UnregisteredResourceManagers.REPORTED_FOR);
        assertEquals(List.of(), unregistered.all());
        write("a");
        assertEquals(1, log.take().size());
    }

    @Test
    void a_refused_registration_is_the_reason_until_another_one_succeeds() {
        for (int i = 0; i < 3; i++) {
            write("a");
            unregistered.refused("a", REFUSAL);
        }
        assertEquals(List.of(new Unregistered("a", REFUSAL)), unregistered.all());
        assertEquals(
                List.of(
                        "WARN resource manager a is not registered: transactions write to it",
                        "WARN resource manager a is not registered: its registration is refused: " + REFUSAL),
                log.take());
        registry.register("a", "http://host:1", new UUID(1, 1), Set.of());
        assertEquals(List.of(), unregistered.all());
    }

    @Test
    void a_failed_write_to_a_registered_resource_manager_is_not_reported() {
        registry.register("a", "http://host:1", new UUID(1, 1), Set.of());
        write("a");
        assertEquals(List.of(), unregistered.all());
    }

    @Test
    void callers_that_invent_ids_are_reported_up_to_a_limit() {
        for (int i = 0; i < 2 * UnregisteredResourceManagers.REPORTED_MAX; i++) {
            unregistered.refused("a" + i, REFUSAL);
        }
        assertEquals(
                UnregisteredResourceManagers.REPORTED_MAX, unregistered.all().size());
        assertEquals(UnregisteredResourceManagers.REPORTED_MAX, log.take().size());
    }

    private void write(String resourceManager) {
        Transaction t = Transaction.begin(
                new TransactionId(new UUID(0x7000, ++ids)),
                Origin.ANONYMOUS,
                time.now(),
                time.now().plusSeconds(30));
        var event = new CoordinatorEvent.WriteNotSent(
                resourceManager, "resource manager " + resourceManager + " is not registered");
        unregistered.applied(new AppliedEvent(t, event, machine.apply(t, event, time.now()), 0, 0));
    }
}

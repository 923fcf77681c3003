package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.log.AppendResult;
import dtc.protocol.Refusal;
import dtc.runtime.Answer;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Which registrations are recorded, when they are answered, and what a restarted coordinator knows. */
class RegistrationsTest {

    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final String URL = "http://orders:1/x";
    private static final UUID INSTANCE = new UUID(1, 1);

    private final FakeLog log = new FakeLog();
    private FakeTime time = new FakeTime();
    private Registry registry = registry(_ -> true);
    private Registrations registrations = new Registrations(registry, log);

    @Test
    void a_registration_is_recorded_once_and_again_when_its_url_instance_or_features_change() {
        register("orders", URL, INSTANCE, "batch");
        List<RegistrationRecord> first = records();
        for (int i = 0; i < 10; i++) {
            time.advance(LEASE.dividedBy(3));
            register("orders", URL, INSTANCE, "batch");
        }
        assertEquals(first, records());
        time.advance(LEASE.multipliedBy(2));
        register("orders", URL, INSTANCE, "batch");
        assertEquals(first, records(), "it was late, and is otherwise the same");

        register("orders", URL, INSTANCE, "batch", "one-phase");
        assertEquals(Set.of("batch", "one-phase"), records().getFirst().features());
        register("orders", URL, new UUID(1, 2), "batch", "one-phase");
        assertEquals(List.of(INSTANCE), records().getFirst().superseded());
        time.advance(LEASE);
        register("orders", "http://moved:1", new UUID(1, 2));
        assertEquals("http://moved:1", records().getFirst().url());
    }

    @Test
    void a_registration_and_its_renewals_are_answered_once_it_is_durable() {
        CompletableFuture<AppendResult> append = new CompletableFuture<>();
        log.append = () -> append;
        var first = registrations.register("orders", URL, INSTANCE, Set.of()).toCompletableFuture();
        var renewal = registrations.register("orders", URL, INSTANCE, Set.of()).toCompletableFuture();
        assertFalse(first.isDone());
        assertFalse(renewal.isDone());
        append.complete(new AppendResult.Stored());
        assertInstanceOf(Answer.Given.class, first.join());
        assertInstanceOf(Answer.Given.class, renewal.join());
    }

    @Test
    void a_registration_that_the_log_refuses_is_refused_and_recorded_when_it_is_repeated() {
        log.appendsReturn(new AppendResult.Refused("the disk is full"));
        assertEquals(Refusal.Kind.LOG_REFUSING, refused());
        assertEquals(Refusal.Kind.LOG_REFUSING, refused());
        log.append = null;
        register("orders", URL, INSTANCE);
        assertEquals(1, records().size());

        log.appendsReturn(new AppendResult.Unknown());
        assertInstanceOf(
                Answer.Refused.class,
                registrations
                        .register("orders", URL, new UUID(1, 2), Set.of())
                        .toCompletableFuture()
                        .join());
    }

    @Test
    void a_restarted_coordinator_knows_each_resource_manager_for_one_lease() {
        register("orders", URL, INSTANCE, "batch");
        time.advance(Duration.ofDays(1));
        restart(_ -> true);

        Registration known = registry.find("orders");
        assertNotNull(known);
        assertEquals(URL, known.url());
        assertEquals(INSTANCE, known.instance());
        assertTrue(known.supportsBatches());
        assertTrue(registry.isLive(known));
        assertFalse(known.isConfirmed());
        assertEquals(Refusal.Kind.NAME_TAKEN, refusal("orders", "http://elsewhere:1", INSTANCE), "its lease is live");
        assertEquals(Refusal.Kind.NAME_TAKEN, refusal("payments", URL, new UUID(2, 2)), "its URL is in use");
        time.advance(LEASE);
        assertFalse(registry.isLive(known));
        register("orders", "http://elsewhere:1", INSTANCE);
    }

    @Test
    void the_first_registration_after_a_restart_is_reported_and_not_recorded_again() {
        register("orders", URL, INSTANCE);
        List<RegistrationRecord> before = records();
        restart(_ -> true);
        List<String> arrived = new ArrayList<>();
        registry.addRegistrationListener(arrived::add);
        log.append = () -> {
            throw new AssertionError("recorded again");
        };
        register("orders", URL, INSTANCE);
        register("orders", URL, INSTANCE);

        assertEquals(List.of("orders"), arrived, "outcomes that wait for it are sent");
        assertEquals(before, records());
        Registration confirmed = registry.find("orders");
        assertNotNull(confirmed);
        assertTrue(confirmed.isConfirmed());
        assertEquals(before.getFirst().registeredAt(), confirmed.registeredAt());
    }

    @Test
    void a_resource_manager_that_left_or_was_removed_is_not_known_after_a_restart() {
        register("orders", URL, INSTANCE);
        register("payments", "http://payments:1", INSTANCE);
        registry.deregister("orders", INSTANCE);
        time.advance(LEASE);
        registry.removeLapsed("payments");
        restart(_ -> true);
        assertNull(registry.find("orders"));
        assertNull(registry.find("payments"));
    }

    @Test
    void the_earlier_owner_of_a_url_is_still_displaced_after_a_restart() {
        register("orders", URL, INSTANCE);
        time.advance(LEASE);
        register("payments", URL, new UUID(2, 2));
        restart(_ -> true);
        assertNull(registry.findTarget("orders"));
        assertNotNull(registry.findTarget("payments"));
        assertEquals(Refusal.Kind.NAME_TAKEN, refusal("mail", URL, new UUID(3, 3)));
    }

    @Test
    void a_url_that_is_no_longer_allowed_is_not_restored() {
        register("orders", URL, INSTANCE);
        restart(url -> !url.equals(URL));
        assertNull(registry.find("orders"));
        assertEquals(List.of(), records());
    }

    @Test
    void an_earlier_instance_is_still_refused_after_a_restart() {
        register("orders", URL, INSTANCE);
        register("orders", URL, new UUID(1, 2));
        restart(_ -> true);
        assertEquals(Refusal.Kind.NAME_TAKEN, refusal("orders", URL, INSTANCE));
    }

    private Registry registry(Predicate<String> urlAllowed) {
        return new Registry(time, LEASE, 10, urlAllowed);
    }

    private void restart(Predicate<String> urlAllowed) {
        time = time.later();
        registry = registry(urlAllowed);
        registrations = new Registrations(registry, log);
        registrations.recover(records());
    }

    private List<RegistrationRecord> records() {
        return log.records().stream()
                .map(record -> RegistrationCodec.decode(record.bytes()))
                .toList();
    }

    private void register(String id, String url, UUID instance, String... features) {
        assertInstanceOf(
                Answer.Given.class,
                registrations
                        .register(id, url, instance, Set.of(features))
                        .toCompletableFuture()
                        .join());
    }

    private Refusal.Kind refused() {
        return refusal("orders", URL, INSTANCE);
    }

    private Refusal.Kind refusal(String id, String url, UUID instance) {
        return assertInstanceOf(
                        Answer.Refused.class,
                        registrations
                                .register(id, url, instance, Set.of())
                                .toCompletableFuture()
                                .join())
                .refusal()
                .kind();
    }
}

package dtc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who may register, how many, and which registration is replaced. */
class RegistryTest {

    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final int MAX = 3;

    private final FakeTime time = new FakeTime();
    private final Registry registry = new Registry(time, LEASE, MAX, url -> !url.contains("forbidden"));
    private final List<String> arrived = new ArrayList<>();

    @Test
    void registrations_are_limited_and_those_that_exist_are_still_renewed() {
        for (int i = 1; i <= MAX; i++) {
            register("rm-" + i);
        }
        for (int i = MAX + 1; i <= 1_000; i++) {
            assertEquals(Refusal.Kind.OVERLOADED, refused("rm-" + i, url("rm-" + i), instance(i)));
        }
        register("rm-1");
        assertEquals(MAX, registry.all().size());
    }

    @Test
    void a_url_that_is_not_allowed_is_refused() {
        assertEquals(Refusal.Kind.HOST_NOT_ALLOWED, refused("rm-1", url("forbidden"), instance(1)));
        assertNull(registry.find("rm-1"));
    }

    @Test
    void a_new_registration_replaces_the_one_that_lapsed_first_but_never_a_live_one() {
        register("rm-1");
        time.advance(Duration.ofSeconds(5));
        register("rm-2");
        register("rm-3");
        time.advance(Duration.ofSeconds(8));
        register("rm-3");
        time.advance(Duration.ofSeconds(9)); // the first two have lapsed
        register("rm-4");
        assertNull(registry.find("rm-1"));
        register("rm-5");
        assertNull(registry.find("rm-2"));
        assertEquals(Refusal.Kind.OVERLOADED, refused("rm-6", url("rm-6"), instance(6)));
        assertNotNull(registry.find("rm-3"));
    }

    @Test
    void repeated_renewals_change_nothing_and_notify_nobody() {
        registry.addRegistrationListener(arrived::add);
        for (int i = 0; i < 10_000; i++) {
            register("rm-1");
            register("rm-2");
        }
        assertEquals(List.of("rm-1", "rm-2"), arrived);
        assertEquals(2, registry.all().size());
    }

    @Test
    void an_id_under_a_live_lease_is_not_given_to_another_url() {
        register("rm-1");
        assertEquals(Refusal.Kind.NAME_TAKEN, refused("rm-1", url("elsewhere"), instance(2)));
        time.advance(LEASE);
        registry.addRegistrationListener(arrived::add);
        assertInstanceOf(Answer.Given.class, registry.register("rm-1", url("elsewhere"), instance(2), Set.of()));
        assertEquals(List.of("rm-1"), arrived);
    }

    @Test
    void a_limited_number_of_earlier_instances_is_remembered() {
        for (int i = 1; i <= 1_000; i++) {
            assertInstanceOf(Answer.Given.class, registry.register("rm-1", url("rm-1"), instance(i), Set.of()));
        }
        Registration last = registry.find("rm-1");
        assertNotNull(last);
        assertEquals(8, last.superseded().size());
        assertEquals(instance(999), last.superseded().getFirst());
        assertEquals(Refusal.Kind.NAME_TAKEN, refused("rm-1", url("rm-1"), instance(999)));
    }

    @Test
    void a_superseded_instance_does_not_deregister_its_successor() {
        register("rm-1");
        assertInstanceOf(Answer.Given.class, registry.register("rm-1", url("rm-1"), instance(2), Set.of()));
        registry.deregister("rm-1", instance(1));
        assertNotNull(registry.find("rm-1"));
        registry.deregister("rm-1", instance(2));
        registry.deregister("rm-1", instance(2)); // received twice
        assertNull(registry.find("rm-1"));
    }

    @Test
    void a_url_under_a_live_lease_is_not_given_to_another_id() {
        register("rm-1");
        for (String same : List.of(
                "http://rm-1.example/base",
                "HTTP://RM-1.Example/base",
                "http://rm-1.example:80/base",
                "http://rm-1.example/base/")) {
            assertEquals(Refusal.Kind.NAME_TAKEN, refused("rm-2", same, instance(2)), same);
        }
        for (String other : List.of(
                "https://rm-1.example/base",
                "http://rm-1.example:81/base",
                "http://rm-1.example/Base",
                "http://rm-1.example",
                "http://[::1]/base")) {
            assertInstanceOf(Answer.Given.class, registry.register("rm-2", other, instance(2), Set.of()), other);
            registry.deregister("rm-2", null);
        }
        assertEquals(
                List.of("rm-1"), registry.all().stream().map(Registration::id).toList());
    }

    @Test
    void equivalent_urls_are_one_address() {
        assertInstanceOf(Answer.Given.class, registry.register("rm-1", "http://[::1]:9/x", instance(1), Set.of()));
        assertEquals(Refusal.Kind.NAME_TAKEN, refused("rm-2", "http://[0:0:0:0:0:0:0:1]:9/x/", instance(2)));
        registry.addRegistrationListener(arrived::add);
        assertInstanceOf(Answer.Given.class, registry.register("rm-1", "HTTP://[0::1]:9/x", instance(1), Set.of()));
        assertEquals(List.of(), arrived, "a renewal");
    }

    @Test
    void nothing_is_sent_to_an_id_whose_url_was_taken_after_its_lease_until_it_registers_again() {
        register("rm-1");
        time.advance(LEASE);
        assertNotNull(registry.findTarget("rm-1"), "lapsed, but its outcomes are still delivered");
        assertInstanceOf(Answer.Given.class, registry.register("rm-2", url("rm-1"), instance(2), Set.of()));
        assertNull(registry.findTarget("rm-1"));
        Registration listed = registry.find("rm-1");
        assertNotNull(listed);
        assertFalse(registry.isLive(listed));
        assertEquals(Refusal.Kind.NAME_TAKEN, refused("rm-1", url("rm-1"), instance(1)));

        registry.addRegistrationListener(arrived::add);
        assertInstanceOf(Answer.Given.class, registry.register("rm-1", url("elsewhere"), instance(1), Set.of()));
        assertEquals(List.of("rm-1"), arrived);
        assertNotNull(registry.findTarget("rm-1"));
        registry.deregister("rm-1", null);
        assertEquals(Refusal.Kind.NAME_TAKEN, refused("rm-3", url("rm-1"), instance(3)), "rm-2 still has it");
    }

    @Test
    void a_url_is_free_after_its_id_was_deregistered_moved_or_removed() {
        register("rm-1");
        registry.deregister("rm-1", null);
        assertInstanceOf(Answer.Given.class, registry.register("rm-2", url("rm-1"), instance(2), Set.of()));
        time.advance(LEASE);
        assertInstanceOf(Answer.Given.class, registry.register("rm-2", url("moved"), instance(2), Set.of()));
        assertInstanceOf(Answer.Given.class, registry.register("rm-3", url("rm-1"), instance(3), Set.of()));
        time.advance(LEASE);
        assertInstanceOf(Answer.Given.class, registry.removeLapsed("rm-3"));
        assertInstanceOf(Answer.Given.class, registry.register("rm-1", url("rm-1"), instance(1), Set.of()));
        assertNotNull(registry.findTarget("rm-2"), "it had moved before");
    }

    @Test
    void the_generation_increases_with_each_new_instance_but_not_with_renewals() {
        long first = generation("rm-1", 1);
        assertEquals(first, generation("rm-1", 1));
        long second = generation("rm-1", 2);
        assertTrue(second > first);
        long other = generation("rm-2", 1);
        assertTrue(other > second);
        registry.deregister("rm-1", null);
        assertTrue(generation("rm-1", 2) > other, "it may have restarted");
        time.advance(LEASE);
        assertTrue(generation("rm-2", 1) > other);
    }

    private long generation(String id, int instance) {
        assertInstanceOf(Answer.Given.class, registry.register(id, url(id), instance(instance), Set.of()));
        Registration registered = registry.find(id);
        assertNotNull(registered);
        return registered.generation();
    }

    private void register(String id) {
        var answer = registry.register(id, url(id), instance(1), Set.of());
        assertTrue(answer instanceof Answer.Given, () -> id + ": " + answer);
    }

    private Refusal.Kind refused(String id, String url, UUID instance) {
        return assertInstanceOf(Answer.Refused.class, registry.register(id, url, instance, Set.of()))
                .refusal()
                .kind();
    }

    private static String url(String host) {
        return "http://" + host + ".example/base";
    }

    private static UUID instance(long number) {
        return new UUID(1, number);
    }
}

package dtc.runtime.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class MembershipTest {

    private static final Duration RETRY_MAX = Duration.ofSeconds(5);

    private final FakeTime time = new FakeTime();
    private final FakeCoordinatorLink coordinator = new FakeCoordinatorLink();
    private final List<String> reports = new ArrayList<>();
    private final Membership membership = new Membership(
            TestResourceManagers.inMemory(time, coordinator),
            coordinator,
            time,
            new Backoff(Duration.ofMillis(200), RETRY_MAX, new Random(1)),
            new Membership.Listener() {
                @Override
                public void registered(String id) {
                    reports.add("registered " + id);
                }

                @Override
                public void failed(String id, Throwable cause) {
                    reports.add("failed " + id);
                }
            });

    private int registrations() {
        return (int) coordinator.messages.stream()
                .filter(message -> message.equals("register orders"))
                .count();
    }

    @Test
    void it_registers_once_however_often_it_joins() {
        assertFalse(membership.isRegistered());
        membership.start();
        membership.start();
        assertTrue(membership.isRegistered());
        assertEquals(List.of("register orders"), coordinator.messages);
        assertEquals(List.of("registered orders"), reports);
    }

    @Test
    void it_renews_at_a_third_of_each_lease() {
        membership.start();
        time.advance(FakeCoordinatorLink.LEASE.dividedBy(3).minusNanos(1));
        assertEquals(1, registrations());
        time.advance(Duration.ofNanos(1));
        assertEquals(2, registrations());
        time.advance(FakeCoordinatorLink.LEASE);
        assertEquals(5, registrations());
        assertEquals(List.of("registered orders"), reports, "renewals are not reported");
    }

    @Test
    void it_retries_until_it_is_registered() {
        coordinator.leases.add(FakeCoordinatorLink.failure());
        coordinator.leases.add(FakeCoordinatorLink.failure());
        membership.start();
        assertFalse(membership.isRegistered());
        time.advance(Duration.ofSeconds(1));
        assertTrue(membership.isRegistered());
        assertEquals(List.of("failed orders", "failed orders", "registered orders"), reports);
    }

    @Test
    void a_link_that_throws_is_retried_too() {
        coordinator.throwing = true;
        membership.start();
        coordinator.throwing = false;
        time.advance(RETRY_MAX);
        assertTrue(membership.isRegistered());
    }

    @Test
    void a_failed_renewal_is_retried_and_reported() {
        membership.start();
        coordinator.leases.add(FakeCoordinatorLink.failure());
        time.advance(FakeCoordinatorLink.LEASE.dividedBy(3).plusMillis(200));
        assertEquals(List.of("registered orders", "failed orders", "registered orders"), reports);
        assertTrue(membership.isRegistered());
    }

    @Test
    void after_leaving_it_does_not_renew() {
        membership.start();
        membership.deregister();
        time.advance(FakeCoordinatorLink.LEASE.multipliedBy(3));
        assertEquals(List.of("register orders", "deregister orders"), coordinator.messages);
    }

    @Test
    void it_leaves_after_the_renewal_under_way() {
        CompletableFuture<Duration> renewal = new CompletableFuture<>();
        coordinator.leases.add(renewal);
        membership.start();
        CompletableFuture<?> left = membership.deregister().toCompletableFuture();
        assertEquals(List.of("register orders"), coordinator.messages);
        renewal.complete(FakeCoordinatorLink.LEASE);
        assertEquals(List.of("register orders", "deregister orders"), coordinator.messages);
        assertTrue(left.isDone());
    }

    @Test
    void it_leaves_although_the_renewal_under_way_fails() {
        CompletableFuture<Duration> renewal = new CompletableFuture<>();
        coordinator.leases.add(renewal);
        membership.start();
        membership.deregister();
        renewal.completeExceptionally(new IllegalStateException("no answer"));
        time.advance(RETRY_MAX);
        assertEquals(List.of("register orders", "deregister orders"), coordinator.messages);
    }
}

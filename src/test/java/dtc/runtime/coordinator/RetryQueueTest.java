package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.TransactionId;
import dtc.runtime.FakeTime;
import dtc.runtime.coordinator.RetryQueue.OfferResult;
import dtc.runtime.coordinator.RetryQueue.Retry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RetryQueueTest {

    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration FAILURE_PAUSE = Duration.ofSeconds(10);
    private static final Duration SLOT_TIMEOUT = Duration.ofSeconds(2);

    private final FakeTime time = new FakeTime();
    private final List<String> sent = new ArrayList<>();
    private final List<CompletableFuture<@Nullable Void>> inFlight = new ArrayList<>();
    private final Semaphore rollbackPermits = new Semaphore(3);
    private boolean idle;
    private final RetryQueue queue = newQueue();

    private RetryQueue newQueue() {
        var settings = new RetryQueue.Settings(2, 2, FAILURE_PAUSE, SLOT_TIMEOUT);
        return new RetryQueue(time, settings, rollbackPermits, () -> idle = true);
    }

    @Test
    void a_retry_is_sent_after_its_pause() {
        queue.offer(commit(1), PAUSE);
        assertEquals(List.of(), sent);
        time.advance(PAUSE);
        assertEquals(List.of("commit 1"), sent);
    }

    @Test
    void commits_are_sent_before_rollbacks_and_a_limited_number_at_a_time() {
        queue.offer(rollback(1), null);
        queue.offer(commit(2), null);
        queue.offer(commit(3), null);
        assertEquals(3, queue.resume(_ -> true));
        assertEquals(List.of("commit 2", "commit 3"), sent);
        inFlight.getFirst().complete(null);
        assertEquals(List.of("commit 2", "commit 3", "rollback 1"), sent);
    }

    @Test
    void rollbacks_are_dropped_if_too_many_are_queued_for_all_resource_managers() {
        RetryQueue other = newQueue();
        assertEquals(OfferResult.QUEUED, queue.offer(rollback(1), PAUSE));
        assertEquals(OfferResult.QUEUED, queue.offer(rollback(2), PAUSE));
        assertEquals(OfferResult.QUEUED, other.offer(rollback(3), PAUSE.multipliedBy(2)));
        assertEquals(OfferResult.DROPPED, other.offer(rollback(4), PAUSE));
        time.advance(PAUSE);
        assertEquals(List.of("rollback 1", "rollback 2"), sent);
        assertEquals(OfferResult.QUEUED, other.offer(rollback(5), PAUSE));
    }

    @Test
    void only_rollbacks_are_dropped() {
        for (int i = 0; i < 2; i++) {
            assertEquals(OfferResult.QUEUED, queue.offer(rollback(i), PAUSE));
        }
        assertEquals(OfferResult.DROPPED, queue.offer(rollback(2), PAUSE));
        for (int i = 0; i < 100; i++) {
            assertEquals(OfferResult.QUEUED, queue.offer(commit(i), PAUSE));
        }
        assertEquals(102, queue.size());
    }

    @Test
    void the_retries_of_one_transaction_can_be_resumed_alone() {
        queue.offer(commit(1), PAUSE);
        queue.offer(commit(2), PAUSE);
        assertEquals(1, queue.resume(retry -> retry.transaction().equals(id(2))));
        assertEquals(List.of("commit 2"), sent);
        assertEquals(0, queue.resume(retry -> retry.transaction().equals(id(2))));
    }

    @Test
    void a_retry_that_fails_because_of_an_internal_error_is_sent_again() {
        queue.offer(commit(1), PAUSE);
        time.advance(PAUSE);
        inFlight.getFirst().completeExceptionally(new IllegalStateException("a bug"));
        assertFalse(idle);
        time.advance(FAILURE_PAUSE);
        assertEquals(List.of("commit 1", "commit 1"), sent);
    }

    @Test
    void a_slow_retry_does_not_block_others() {
        for (int i = 1; i <= 4; i++) {
            queue.offer(commit(i), null);
        }
        queue.resume(_ -> true);
        assertEquals(List.of("commit 1", "commit 2"), sent);
        time.advance(SLOT_TIMEOUT);
        assertEquals(List.of("commit 1", "commit 2", "commit 3", "commit 4"), sent);
        assertEquals(4, queue.size());
        inFlight.getFirst().complete(null); // its slot was free already
        queue.offer(commit(5), PAUSE);
        time.advance(PAUSE);
        assertEquals(4, sent.size());
        inFlight.getLast().complete(null);
        assertEquals("commit 5", sent.getLast());
        inFlight.forEach(attempt -> attempt.complete(null));
        assertTrue(idle);
    }

    @Test
    void nothing_is_sent_during_a_suspension() {
        queue.offer(commit(1), PAUSE);
        queue.offer(commit(2), null);
        queue.suspend(Duration.ofSeconds(5));
        time.advance(Duration.ofMillis(4_999));
        assertEquals(List.of(), sent);
        time.advance(Duration.ofMillis(1));
        assertEquals(List.of("commit 1"), sent);
    }

    @Test
    void a_resumed_queue_is_not_suspended() {
        queue.offer(commit(1), PAUSE);
        queue.suspend(Duration.ofSeconds(5));
        queue.resume(_ -> true);
        assertEquals(List.of("commit 1"), sent);
    }

    @Test
    void an_idle_queue_closes_and_accepts_nothing_more() {
        queue.offer(commit(1), PAUSE);
        time.advance(PAUSE);
        assertFalse(idle);
        inFlight.getFirst().complete(null);
        assertTrue(idle);
        assertEquals(0, queue.size());
        assertEquals(OfferResult.CLOSED, queue.offer(commit(2), PAUSE));
    }

    private Retry commit(int number) {
        return retry("commit ", number, false);
    }

    private Retry rollback(int number) {
        return retry("rollback ", number, true);
    }

    private Retry retry(String what, int number, boolean mayBeDropped) {
        return new Retry(
                id(number),
                () -> {
                    sent.add(what + number);
                    CompletableFuture<@Nullable Void> attempt = new CompletableFuture<>();
                    inFlight.add(attempt);
                    return attempt;
                },
                mayBeDropped);
    }

    private static TransactionId id(int number) {
        return new TransactionId(new UUID(0, number));
    }
}

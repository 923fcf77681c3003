package dtc.runtime.participant;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A coordinator that records the messages and gives the answers that a test has prepared, in their order. */
final class FakeCoordinatorLink implements CoordinatorLink {

    static final Duration LEASE = Duration.ofSeconds(9);

    final List<String> messages = new ArrayList<>();
    /** Answers to registrations; without one, the lease. */
    final Queue<CompletionStage<Duration>> leases = new ArrayDeque<>();
    /** Answers to inquiries; without one, PENDING. */
    final Queue<CompletionStage<Outcome>> outcomes = new ArrayDeque<>();

    /** Whether the link itself fails. */
    boolean throwing;

    static <T> CompletionStage<T> failure() {
        return CompletableFuture.failedFuture(new IllegalStateException("the coordinator answered 500"));
    }

    private void record(String message) {
        messages.add(message);
        if (throwing) {
            throw new IllegalStateException("no connection");
        }
    }

    void answerOutcome(Outcome outcome) {
        outcomes.add(CompletableFuture.completedFuture(outcome));
    }

    @Override
    public CompletionStage<Duration> register(
            String id, UUID instance, Set<String> features, @Nullable TransactionId newestEvicted) {
        record("register " + id);
        CompletionStage<Duration> answer = leases.poll();
        return answer == null ? CompletableFuture.completedFuture(LEASE) : answer;
    }

    @Override
    public CompletionStage<Void> deregister(String id, UUID instance) {
        record("deregister " + id);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Outcome> outcome(TransactionId id) {
        record("outcome " + id);
        CompletionStage<Outcome> answer = outcomes.poll();
        return answer == null ? CompletableFuture.completedFuture(Outcome.PENDING) : answer;
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.Participant;
import dtc.protocol.Message;
import dtc.protocol.Outcome;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.runtime.Backoff;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Delivers outcomes to participants, with retries. The state machine decides whether to retry. This class counts the
 * attempts and schedules the next one. The timeout doubles with each attempt, so that a slow resource manager can
 * acknowledge.
 *
 * <p>There is one {@link RetryQueue} per resource manager, so that a slow resource manager does not delay others. The
 * number of queued commits is limited by the number of transactions in flight. Queued rollbacks have a separate limit.
 * Rollbacks beyond it are dropped, because a participant in doubt sends an inquiry.
 */
final class Delivery {

    /** Handles the reply to a message. */
    interface ReplyHandler {
        void replied(TransactionEntry entry, String resourceManager, Message message, Reply reply);
    }

    private final Time time;
    private final Backoff backoff;
    private final int rollbackAttemptsMax;
    private final Duration timeout;
    private final Duration timeoutMax;
    private final RetryQueue.Settings queueSettings;
    /** Limits the queued rollbacks of all queues together. Their transactions no longer count as in flight. */
    private final Semaphore rollbackPermits;

    private final Registry registry;
    private final ParticipantMessages messages;
    private final TransactionListener listeners;
    private final ReplyHandler handler;
    /** Resource managers with retries that are queued or in flight. */
    private final Map<String, RetryQueue> queues = new ConcurrentHashMap<>();

    Delivery(
            CoordinatorSettings settings,
            Time time,
            Backoff backoff,
            Registry registry,
            ParticipantMessages messages,
            TransactionListener listeners,
            ReplyHandler handler) {
        this.time = time;
        this.backoff = backoff;
        this.rollbackAttemptsMax = settings.rollbackAttemptsMax();
        this.timeout = settings.voteTimeout();
        this.timeoutMax = settings.deliveryTimeoutMax();
        this.queueSettings = new RetryQueue.Settings(
                settings.retriesInFlightMax(), settings.queuedRollbacksMax(), backoff.max(), timeout);
        this.rollbackPermits = new Semaphore(settings.transactions().participantsInFlightMax());
        this.registry = registry;
        this.messages = messages;
        this.listeners = listeners;
        this.handler = handler;
        registry.addRegistrationListener(this::retryNow);
    }

    void deliver(TransactionEntry entry, Deliver effect) {
        String name = effect.resourceManager();
        Outcome outcome = effect.outcome();
        switch (effect.timing()) {
            case NOW -> send(entry, name, message(entry, outcome), outcome, null);
            case AFTER_PAUSE -> {
                boolean registered = registry.findTarget(name) != null;
                retry(entry, name, outcome, registered ? pause(entry, name) : null, false);
                if (!registered && registry.findTarget(name) != null) {
                    retryNow(name); // it registered after the first check
                }
            }
            case AFTER_PAUSE_OR_DROP -> {
                int attempts = entry.countFailedDelivery(name);
                if (attempts < rollbackAttemptsMax) {
                    retry(entry, name, outcome, backoff.pause(attempts), true);
                }
            }
        }
    }

    /** Sends a one-phase commit to the only participant. */
    void commitOnePhase(TransactionEntry entry, String resourceManager) {
        Participant participant = entry.transaction().participant(resourceManager);
        if (participant != null) {
            var message = new Message.CommitOnePhase(entry.id(), participant.writes());
            send(entry, resourceManager, message, Outcome.COMMIT, null);
        }
    }

    private Duration pause(TransactionEntry entry, String resourceManager) {
        return backoff.pause(entry.countFailedDelivery(resourceManager));
    }

    private void retry(
            TransactionEntry entry, String name, Outcome outcome, @Nullable Duration pause, boolean mayBeDropped) {
        Supplier<CompletionStage<?>> attempt =
                () -> send(entry, name, message(entry, outcome), outcome, timeoutAfter(entry.failedDeliveries(name)));
        RetryQueue.Retry retry = new RetryQueue.Retry(entry.id(), attempt, mayBeDropped);
        RetryQueue.OfferResult offered;
        do {
            RetryQueue queue = queues.computeIfAbsent(name, this::newQueue);
            offered = queue.offer(retry, pause);
        } while (offered == RetryQueue.OfferResult.CLOSED);
        if (offered == RetryQueue.OfferResult.QUEUED) {
            listeners.delivery(new DeliveryEvent.RetryScheduled(entry.id(), name, outcome, pause));
        }
    }

    private void suspend(String resourceManager, Duration duration) {
        RetryQueue queue = queues.get(resourceManager);
        if (queue != null) {
            queue.suspend(duration);
        }
    }

    private RetryQueue newQueue(String resourceManager) {
        return new RetryQueue(time, queueSettings, rollbackPermits, () -> queues.remove(resourceManager));
    }

    /** Returns the timeout of an attempt after the given number of unanswered attempts. */
    private Duration timeoutAfter(int attempts) {
        Duration limit = timeout;
        for (int i = 0; i < attempts && limit.compareTo(timeoutMax) < 0; i++) {
            limit = limit.multipliedBy(2);
        }
        return limit.compareTo(timeoutMax) < 0 ? limit : timeoutMax;
    }

    private static Message message(TransactionEntry entry, Outcome outcome) {
        return switch (outcome) {
            case COMMIT -> new Message.Commit(entry.id());
            case ROLLBACK -> new Message.Rollback(entry.id());
            case PENDING -> throw new IllegalArgumentException("no outcome");
        };
    }

    private CompletionStage<?> send(
            TransactionEntry entry, String name, Message message, Outcome outcome, @Nullable Duration retryLimit) {
        Participant participant = entry.transaction().participant(name);
        if (participant == null || entry.isAbandoned()) {
            return CompletableFuture.completedFuture(null);
        }
        return messages.sendOutcome(
                        participant,
                        message,
                        retryLimit,
                        () -> listeners.delivery(new DeliveryEvent.Sent(entry.id(), name, outcome)))
                .thenAccept(reply -> {
                    handler.replied(entry, name, message, reply);
                    if (reply instanceof Reply.Unavailable(var _, Duration retryAfter) && retryAfter != null) {
                        suspend(name, retryAfter);
                    }
                    if (reply instanceof Reply.Acknowledged && !(message instanceof Message.CommitOnePhase)) {
                        Duration elapsed = Duration.ofNanos(entry.nanosSinceDecision(time.nanos()));
                        listeners.delivery(new DeliveryEvent.Acknowledged(entry.id(), name, outcome, elapsed));
                    }
                });
    }

    /** Ends the pauses of all retries to a resource manager. Returns the number of retries. */
    int retryNow(String resourceManager) {
        return retryNow(resourceManager, _ -> true);
    }

    /** Ends the pause of the retry to a resource manager for one transaction. Returns 1, or 0 if there is none. */
    int retryNow(String resourceManager, TransactionId id) {
        return retryNow(resourceManager, retry -> retry.transaction().equals(id));
    }

    private int retryNow(String resourceManager, Predicate<RetryQueue.Retry> filter) {
        RetryQueue queue = queues.get(resourceManager);
        return queue == null ? 0 : queue.resume(filter);
    }

    /** Number of retries to a resource manager that are queued or in flight. */
    int backlog(String resourceManager) {
        RetryQueue queue = queues.get(resourceManager);
        return queue == null ? 0 : queue.size();
    }
}

package dtc.runtime.messaging;

import dtc.coordinator.ReplyTable;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Sends several messages to one resource manager in one request. Messages are queued while the maximum number of
 * requests to it is in flight, and are sent as one request when a slot is free. A message is not delayed to form a
 * batch, except until the end of the event-loop turn.
 *
 * <p>Messages of one request succeed or fail independently. A request that is not answered within a timeout frees its
 * slot, so that it does not block queued messages. If a request fails as a whole, each of its messages is sent again in
 * a separate request. A message that is queued for too long fails without being sent.
 */
public final class BatchingParticipantClient implements ParticipantClient {

    /**
     * Configuration of the client.
     *
     * @param inFlightMax maximum number of requests in flight to one resource manager; further messages are queued
     * @param batchMax maximum number of messages in one request; 1 disables batching
     * @param batchBytesMax maximum size of a request in bytes; a single message may be longer
     * @param queuedMessagesMax maximum number of queued messages per resource manager
     * @param queuedTimeMax how long a message may be queued
     * @param slotTimeout how long an unanswered request occupies a slot
     */
    public record Settings(
            int inFlightMax,
            int batchMax,
            long batchBytesMax,
            int queuedMessagesMax,
            Duration queuedTimeMax,
            Duration slotTimeout) {}

    /** Bytes of JSON syntax and field names per message. */
    private static final long MESSAGE_OVERHEAD_BYTES = 120;

    private static final long WRITE_OVERHEAD_BYTES = 60;
    /** Maximum number of UTF-8 bytes per UTF-16 char. */
    private static final long BYTES_PER_CHAR_MAX = 3;

    private final ParticipantTransport transport;
    private final Time time;
    private final Settings settings;
    private final Executor endOfTurn;
    /** Resource managers with messages that are queued or in flight. */
    private final Map<Target, TargetQueue> queues = new ConcurrentHashMap<>();

    /** The part of a registration that does not change when it is renewed. */
    private record Target(String id, String url, UUID instance, Set<String> features) {
        private static Target of(Registration registration) {
            return new Target(registration.id(), registration.url(), registration.instance(), registration.features());
        }
    }

    /** @param resent whether it was sent before; it is unknown whether it was carried out */
    private record PendingMessage(Message message, long queuedNanos, CompletableFuture<Reply> reply, boolean resent) {
        private long bytesMax() {
            return MESSAGE_OVERHEAD_BYTES
                    + switch (message) {
                        case Message.Write write -> bytesMax(write);
                        case Message.Prepare prepare ->
                            prepare.writes().stream()
                                    .mapToLong(PendingMessage::bytesMax)
                                    .sum();
                        case Message.Commit _, Message.CommitOnePhase _, Message.Rollback _ -> 0;
                    };
        }

        private static long bytesMax(Message.Write write) {
            return WRITE_OVERHEAD_BYTES + BYTES_PER_CHAR_MAX * write.chars();
        }

        private boolean isCommit() {
            return switch (message) {
                case Message.Commit _, Message.CommitOnePhase _ -> true;
                case Message.Write _, Message.Prepare _, Message.Rollback _ -> false;
            };
        }

        private PendingMessage asResent() {
            return new PendingMessage(message, queuedNanos, reply, true);
        }

        /** Completes a message that was not sent. */
        private void fail(String detail) {
            reply.complete(resent ? new Reply.NoAnswer(detail) : new Reply.Unavailable(detail));
        }

        /** Completes a message that was sent in a separate request. */
        private void complete(Reply received) {
            reply.complete(resent ? ReplyTable.interpretAfterResend(message, received) : received);
        }
    }

    /** @param endOfTurn runs a task at the end of the current event-loop turn */
    public BatchingParticipantClient(ParticipantTransport transport, Time time, Settings settings, Executor endOfTurn) {
        this.transport = transport;
        this.time = time;
        this.settings = settings;
        this.endOfTurn = endOfTurn;
    }

    @Override
    public CompletionStage<Reply> sendSeparately(Registration target, Message message, Duration limit) {
        return transport.send(target, message, limit);
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        if (settings.batchMax() == 1 || !target.supportsBatches()) {
            return transport.send(target, message);
        }
        PendingMessage pending = new PendingMessage(message, time.nanos(), new CompletableFuture<>(), false);
        enqueue(target, pending);
        return pending.reply();
    }

    private void enqueue(Registration registration, PendingMessage pending) {
        Target target = Target.of(registration);
        while (!queues.computeIfAbsent(target, _ -> new TargetQueue(target, registration))
                .offer(pending)) {
            // The queue was closed, because it was idle. Retry with a new one.
        }
    }

    /** Number of queued messages to all resource managers. */
    public int queuedMessageCount() {
        return queues.values().stream().mapToInt(TargetQueue::size).sum();
    }

    private final class TargetQueue {
        private final Target target;
        private final Registration registration;
        /** Sent first, since they release locked keys. Guarded by this, as are the fields below. */
        private final Queue<PendingMessage> commits = new ArrayDeque<>();
        /** Messages of requests that failed as a whole. Each is sent in a separate request. */
        private final Queue<PendingMessage> resent = new ArrayDeque<>();

        private final Queue<PendingMessage> others = new ArrayDeque<>();
        /** Reduced after a request that failed as a whole. */
        private int batchMax = settings.batchMax();

        private int inFlight;
        /** Whether {@link #endTurn} is scheduled. */
        private boolean endTurnScheduled;

        private boolean sending;
        private boolean closed;

        private TargetQueue(Target target, Registration registration) {
            this.target = target;
            this.registration = registration;
        }

        private synchronized int size() {
            return commits.size() + resent.size() + others.size();
        }

        /** Returns false if this queue is closed. */
        private boolean offer(PendingMessage pending) {
            boolean full;
            boolean schedule;
            synchronized (this) {
                if (closed) {
                    return false;
                }
                full = size() >= settings.queuedMessagesMax();
                if (!full) {
                    queueOf(pending).add(pending);
                }
                schedule = !full && !endTurnScheduled;
                endTurnScheduled |= schedule;
            }
            if (full) {
                pending.fail("the limit of queued messages is reached");
            } else if (schedule) {
                endOfTurn.execute(this::endTurn);
            }
            return true;
        }

        private void endTurn() {
            synchronized (this) {
                endTurnScheduled = false;
            }
            sendQueued();
        }

        private Queue<PendingMessage> queueOf(PendingMessage pending) {
            return pending.isCommit() ? commits : pending.resent() ? resent : others;
        }

        /** Sends requests while messages are queued and a slot is free. Only one thread at a time runs the loop. */
        private void sendQueued() {
            synchronized (this) {
                if (sending) {
                    return;
                }
                sending = true;
            }
            while (true) {
                List<PendingMessage> expired = new ArrayList<>(0);
                List<PendingMessage> batch;
                synchronized (this) {
                    batch = inFlight < settings.inFlightMax() ? poll(expired) : List.of();
                    if (!batch.isEmpty()) {
                        inFlight++;
                    } else if (expired.isEmpty()) {
                        sending = false;
                        if (inFlight == 0) {
                            closed = true;
                            queues.remove(target, this);
                        }
                        return;
                    }
                }
                expired.forEach(pending -> pending.fail("the message was queued for too long"));
                if (!batch.isEmpty()) {
                    send(batch);
                }
            }
        }

        /** Removes the next batch from the queues. Guarded by this. */
        private List<PendingMessage> poll(List<PendingMessage> expired) {
            List<PendingMessage> batch = new ArrayList<>();
            long bytes = 0;
            while (size() > 0 && batch.size() < batchMax) {
                Queue<PendingMessage> queue = !commits.isEmpty() ? commits : !resent.isEmpty() ? resent : others;
                PendingMessage next = queue.element();
                if (time.nanos() - next.queuedNanos() > settings.queuedTimeMax().toNanos()) {
                    expired.add(queue.remove());
                    continue;
                }
                bytes += next.bytesMax();
                if (!batch.isEmpty() && (next.resent() || bytes > settings.batchBytesMax())) {
                    break;
                }
                batch.add(queue.remove());
                if (next.resent()) {
                    break;
                }
            }
            return batch;
        }

        private void send(List<PendingMessage> batch) {
            AtomicBoolean occupiesSlot = new AtomicBoolean(true);
            Time.Timer timer = time.after(settings.slotTimeout(), () -> freeSlot(occupiesSlot));
            CompletionStage<?> answered = batch.size() == 1 ? sendAlone(batch.getFirst()) : sendBatch(batch);
            answered.whenComplete((_, _) -> {
                timer.cancel();
                freeSlot(occupiesSlot); // after the replies, so that messages sent in response to them can share a
                // request
            });
        }

        private CompletionStage<?> sendAlone(PendingMessage pending) {
            return Stages.call(() -> transport.send(registration, pending.message()))
                    .whenComplete((reply, failure) -> {
                        if (failure != null) {
                            pending.reply().completeExceptionally(failure);
                            return;
                        }
                        if (!pending.resent() && reply.isFromResourceManager()) {
                            grow();
                        }
                        pending.complete(reply);
                    });
        }

        private CompletionStage<?> sendBatch(List<PendingMessage> batch) {
            return Stages.call(() -> transport.sendBatch(
                            registration,
                            batch.stream().map(PendingMessage::message).toList()))
                    .handle((replies, failure) -> {
                        if (failure != null || replies.isEmpty()) {
                            shrink(batch);
                            batch.forEach(pending -> resend(pending, failure != null));
                        } else {
                            complete(batch, replies);
                        }
                        return null;
                    });
        }

        private void resend(PendingMessage pending, boolean connectionLost) {
            if (connectionLost && pending.message() instanceof Message.Write && !registration.checksInstance()) {
                // The process may have restarted and lost earlier writes. It would still accept this one.
                pending.reply().complete(new Reply.NoAnswer("the connection was lost"));
            } else {
                enqueue(registration, pending.asResent());
            }
        }

        private void complete(List<PendingMessage> batch, List<Optional<Reply>> replies) {
            // If no message was answered, the batch may be too large to be answered in time.
            if (replies.stream()
                    .allMatch(reply -> reply.isPresent() && !reply.get().isFromResourceManager())) {
                shrink(batch);
            } else {
                grow();
            }
            for (int i = 0; i < batch.size(); i++) {
                // A message without an answer yet is sent without a slot, so that it does not block others.
                PendingMessage pending = batch.get(i);
                replies.get(i).ifPresentOrElse(pending.reply()::complete, () -> sendAlone(pending.asResent()));
            }
        }

        private synchronized void shrink(List<PendingMessage> failed) {
            batchMax = Math.max(1, failed.size() / 2);
        }

        private synchronized void grow() {
            batchMax = Math.min(settings.batchMax(), batchMax + 1);
        }

        private void freeSlot(AtomicBoolean occupiesSlot) {
            if (occupiesSlot.getAndSet(false)) {
                synchronized (this) {
                    inFlight--;
                }
                sendQueued();
            }
        }
    }
}

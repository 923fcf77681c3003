package dtc.runtime;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Has messages to one resource manager travel together. While as many requests to it are under way as it has lanes,
 * what else is for it gathers, and leaves as one request when a lane is free: nothing waits for more to come, so one
 * message on an idle lane leaves at once, alone.
 *
 * <p>Each message keeps its own fate. A request that is not answered soon gives its lane free, so that one which hangs
 * holds up nothing behind it; what a request as a whole failed to bring across is sent alone; and what waits for a lane
 * for too long is refused, and never sent.
 */
public final class Lanes implements Participants {

    /**
     * What can be configured.
     *
     * @param lanes requests under way to one resource manager, beyond which messages gather
     * @param batchMax messages in one request; 1 sends each alone, and at once
     * @param batchBytesMax bytes of one request, at most; a single message may be longer
     * @param waitingMax messages that wait for one resource manager
     * @param waitMax how long a message may wait for a lane
     * @param patience after which a request that is not answered gives its lane free
     */
    public record Settings(
            int lanes, int batchMax, long batchBytesMax, int waitingMax, Duration waitMax, Duration patience) {}

    /** Around what is in it, as JSON. */
    private static final long BYTES_OF_A_MESSAGE = 120;

    private static final long BYTES_OF_A_WRITE = 60;
    /** At most, of UTF-8 for each of UTF-16. */
    private static final long BYTES_OF_A_CHAR = 3;

    private final Exchanges exchanges;
    private final Time time;
    private final Settings settings;
    /** Of those to whom something is under way or waits. */
    private final Map<Addressee, Lane> lanes = new ConcurrentHashMap<>();

    private record Addressee(String url, UUID instance) {}

    private record Waiting(Message message, long sinceNanos, CompletableFuture<Reply> answer) {
        private long bytesAtMost() {
            return BYTES_OF_A_MESSAGE
                    + switch (message) {
                        case Message.Write write -> bytesAtMost(write);
                        case Message.Prepare prepare ->
                            prepare.writes().stream()
                                    .mapToLong(Waiting::bytesAtMost)
                                    .sum();
                        case Message.Commit _, Message.Rollback _ -> 0;
                    };
        }

        private static long bytesAtMost(Message.Write write) {
            return BYTES_OF_A_WRITE
                    + BYTES_OF_A_CHAR
                            * (write.key().length()
                                    + (long) write.value().text().length());
        }

        /** As one that takes nothing now: its sender sees to it that nothing of it is left there. */
        private void fail(String why) {
            answer.complete(new Reply(Reply.Kind.UNAVAILABLE, why));
        }
    }

    public Lanes(Exchanges exchanges, Time time, Settings settings) {
        this.exchanges = exchanges;
        this.time = time;
        this.settings = settings;
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        if (settings.batchMax() == 1 || !target.takesBatches()) {
            return exchanges.alone(target, message);
        }
        Waiting waiting = new Waiting(message, time.nanos(), new CompletableFuture<>());
        Addressee addressee = new Addressee(target.url(), target.instance());
        while (!lanes.computeIfAbsent(addressee, _ -> new Lane(addressee, target))
                .take(waiting)) {
            // It was idle, and is being removed: the next one is new.
        }
        return waiting.answer();
    }

    /** Messages that wait for a lane, to whomever. */
    public int waiting() {
        return lanes.values().stream().mapToInt(Lane::size).sum();
    }

    private final class Lane {
        private final Addressee addressee;
        private final Registration target;
        /** Guarded by this, as is what follows. */
        private final Queue<Waiting> waiting = new ArrayDeque<>();

        private int underWay;
        private boolean closed;

        private Lane(Addressee addressee, Registration target) {
            this.addressee = addressee;
            this.target = target;
        }

        private synchronized int size() {
            return waiting.size();
        }

        private boolean take(Waiting one) {
            boolean full;
            synchronized (this) {
                if (closed) {
                    return false;
                }
                full = waiting.size() >= settings.waitingMax();
                if (!full) {
                    waiting.add(one);
                }
            }
            if (full) {
                one.fail("too many messages wait for it");
            } else {
                next();
            }
            return true;
        }

        private void next() {
            List<Waiting> late = new ArrayList<>(0);
            List<Waiting> batch;
            synchronized (this) {
                batch = underWay < settings.lanes() ? gather(late) : List.of();
                if (!batch.isEmpty()) {
                    underWay++;
                } else if (underWay == 0 && waiting.isEmpty()) {
                    closed = true;
                    lanes.remove(addressee, this);
                }
            }
            late.forEach(one -> one.fail("it was too busy to be sent this in time"));
            if (!batch.isEmpty()) {
                exchange(batch);
            }
        }

        /** Guarded by this. */
        private List<Waiting> gather(List<Waiting> late) {
            List<Waiting> batch = new ArrayList<>();
            long bytes = 0;
            for (Waiting first = waiting.peek(); first != null; first = waiting.peek()) {
                if (time.nanos() - first.sinceNanos() > settings.waitMax().toNanos()) {
                    late.add(waiting.remove());
                    continue;
                }
                bytes += first.bytesAtMost();
                if (batch.size() == settings.batchMax() || (!batch.isEmpty() && bytes > settings.batchBytesMax())) {
                    break;
                }
                batch.add(waiting.remove());
            }
            return batch;
        }

        private void exchange(List<Waiting> batch) {
            AtomicBoolean holdsLane = new AtomicBoolean(true);
            Time.Timer patience = time.after(settings.patience(), () -> free(holdsLane));
            CompletionStage<?> answered = batch.size() == 1
                    ? alone(batch.getFirst(), false)
                    : Ports.call(() -> exchanges.together(
                                    target, batch.stream().map(Waiting::message).toList()))
                            .exceptionally(_ -> Collections.nCopies(batch.size(), Optional.empty()))
                            .thenAccept(replies -> deliver(batch, replies));
            answered.whenComplete((_, _) -> {
                patience.cancel();
                free(holdsLane); // after the answers, so that what follows from them leaves together
            });
        }

        private void deliver(List<Waiting> batch, List<Optional<Reply>> replies) {
            for (int i = 0; i < batch.size(); i++) {
                Waiting one = batch.get(i);
                replies.get(i).ifPresentOrElse(one.answer()::complete, () -> alone(one, true));
            }
        }

        /** Where {@code again}, it was in a request before, and nobody knows whether that was carried out. */
        private CompletionStage<?> alone(Waiting one, boolean again) {
            return Ports.call(() -> exchanges.alone(target, one.message())).whenComplete((reply, failure) -> {
                if (failure == null) {
                    boolean unclear = again && reply.kind() == Reply.Kind.UNREACHABLE;
                    one.answer().complete(unclear ? new Reply(Reply.Kind.SILENT, reply.detail()) : reply);
                } else {
                    one.answer().completeExceptionally(failure);
                }
            });
        }

        private void free(AtomicBoolean holdsLane) {
            if (holdsLane.getAndSet(false)) {
                synchronized (this) {
                    underWay--;
                }
                next();
            }
        }
    }
}

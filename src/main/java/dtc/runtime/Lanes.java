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
 * for too long fails, as surely not sent.
 */
public final class Lanes implements Participants {

    /**
     * What can be configured.
     *
     * @param lanes requests under way to one resource manager, beyond which messages gather
     * @param batchMax messages in one request
     * @param batchCharsMax characters of keys and values in one request; a single write may be longer
     * @param waitingMax messages that wait for one resource manager
     * @param waitMax how long a message may wait for a lane
     * @param patience after which a request that is not answered gives its lane free
     */
    public record Settings(
            int lanes, int batchMax, int batchCharsMax, int waitingMax, Duration waitMax, Duration patience) {}

    private final Exchanges exchanges;
    private final Time time;
    private final Settings settings;
    /** Of those to whom something is under way or waits. */
    private final Map<Addressee, Lane> lanes = new ConcurrentHashMap<>();

    private record Addressee(String url, UUID instance) {}

    private record Waiting(Message message, long sinceNanos, CompletableFuture<Reply> answer) {
        private int chars() {
            return switch (message) {
                case Message.Write write -> chars(write);
                case Message.Prepare prepare ->
                    prepare.writes().stream().mapToInt(Waiting::chars).sum();
                case Message.Commit _, Message.Rollback _ -> 0;
            };
        }

        private static int chars(Message.Write write) {
            return write.key().length() + write.value().text().length();
        }

        private void fail(String why) {
            answer.complete(new Reply(Reply.Kind.UNREACHABLE, why));
        }
    }

    public Lanes(Exchanges exchanges, Time time, Settings settings) {
        this.exchanges = exchanges;
        this.time = time;
        this.settings = settings;
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        if (!target.takesBatches()) {
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
            int chars = 0;
            for (Waiting first = waiting.peek(); first != null; first = waiting.peek()) {
                if (time.nanos() - first.sinceNanos() > settings.waitMax().toNanos()) {
                    late.add(waiting.remove());
                    continue;
                }
                chars += first.chars();
                if (batch.size() == settings.batchMax() || (!batch.isEmpty() && chars > settings.batchCharsMax())) {
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
                    ? alone(batch.getFirst())
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
                replies.get(i).ifPresentOrElse(one.answer()::complete, () -> alone(one));
            }
        }

        private CompletionStage<?> alone(Waiting one) {
            return Ports.call(() -> exchanges.alone(target, one.message())).whenComplete((reply, failure) -> {
                if (failure == null) {
                    one.answer().complete(reply);
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

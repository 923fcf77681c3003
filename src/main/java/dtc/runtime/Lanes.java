package dtc.runtime;

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
 * Has messages to one resource manager travel together. While as many requests to it are under way as it has lanes,
 * what else is for it gathers, and leaves as one request when a lane is free. Nothing waits for more to come, but for
 * what is at hand already: messages that the same turn of an event loop brings about leave together.
 *
 * <p>Each message keeps its own fate. A request that is not answered soon gives its lane free, so that one which hangs
 * holds up nothing behind it; what a request as a whole failed to bring across goes again, each alone; and what waits
 * for a lane for too long is refused, and never sent.
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
    private final Executor endOfTurn;
    /** Of those to whom something is under way or waits. */
    private final Map<Addressee, Lane> lanes = new ConcurrentHashMap<>();

    /** One process with one set of abilities: a registration but for its times. */
    private record Addressee(String id, String url, UUID instance, Set<String> features) {
        private static Addressee of(Registration target) {
            return new Addressee(target.id(), target.url(), target.instance(), target.features());
        }
    }

    /** @param again it was in a request before, and nobody knows whether that was carried out */
    private record Waiting(Message message, long sinceNanos, CompletableFuture<Reply> answer, boolean again) {
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

        private Waiting onceMore() {
            return new Waiting(message, sinceNanos, answer, true);
        }

        /** As one that takes nothing now: its sender sees to it that nothing of it is left there. */
        private void fail(String why) {
            answer.complete(new Reply(again ? Reply.Kind.SILENT : Reply.Kind.UNAVAILABLE, why));
        }
    }

    /** @param endOfTurn runs what it is given once what is at hand has been dealt with */
    public Lanes(Exchanges exchanges, Time time, Settings settings, Executor endOfTurn) {
        this.exchanges = exchanges;
        this.time = time;
        this.settings = settings;
        this.endOfTurn = endOfTurn;
    }

    @Override
    public CompletionStage<Reply> sendAlone(Registration target, Message message) {
        return exchanges.alone(target, message);
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        if (settings.batchMax() == 1 || !target.takesBatches()) {
            return exchanges.alone(target, message);
        }
        Waiting waiting = new Waiting(message, time.nanos(), new CompletableFuture<>(), false);
        give(target, waiting);
        return waiting.answer();
    }

    private void give(Registration target, Waiting one) {
        Addressee addressee = Addressee.of(target);
        while (!lanes.computeIfAbsent(addressee, _ -> new Lane(addressee, target))
                .take(one)) {
            // It was idle, and is being removed: the next one is new.
        }
    }

    /** Messages that wait for a lane, to whomever. */
    public int waiting() {
        return lanes.values().stream().mapToInt(Lane::size).sum();
    }

    private final class Lane {
        private final Addressee addressee;
        private final Registration target;
        /** Guarded by this, as is what follows. They go first: they let go of what others wait for. */
        private final Queue<Waiting> commits = new ArrayDeque<>();
        /** What was in a request that failed as a whole, and goes alone now. */
        private final Queue<Waiting> again = new ArrayDeque<>();

        private final Queue<Waiting> others = new ArrayDeque<>();
        /** Messages in one request; fewer after one that failed as a whole. */
        private int batchMax = settings.batchMax();

        private int underWay;
        /** Whether {@link #next} will run at the end of this turn. */
        private boolean due;

        private boolean sending;
        private boolean closed;

        private Lane(Addressee addressee, Registration target) {
            this.addressee = addressee;
            this.target = target;
        }

        private synchronized int size() {
            return commits.size() + again.size() + others.size();
        }

        private boolean take(Waiting one) {
            boolean full;
            boolean first;
            synchronized (this) {
                if (closed) {
                    return false;
                }
                full = size() >= settings.waitingMax();
                if (!full) {
                    queueOf(one).add(one);
                }
                first = !full && !due;
                due |= first;
            }
            if (full) {
                one.fail("too many messages wait for it");
            } else if (first) {
                endOfTurn.execute(this::turnEnds);
            }
            return true;
        }

        private void turnEnds() {
            synchronized (this) {
                due = false;
            }
            next();
        }

        private Queue<Waiting> queueOf(Waiting one) {
            return one.message() instanceof Message.Commit ? commits : one.again() ? again : others;
        }

        /** Sends as long as there is something to send and a lane for it: whoever does so does it for all. */
        private void next() {
            synchronized (this) {
                if (sending) {
                    return;
                }
                sending = true;
            }
            while (true) {
                List<Waiting> late = new ArrayList<>(0);
                List<Waiting> batch;
                synchronized (this) {
                    batch = underWay < settings.lanes() ? gather(late) : List.of();
                    if (!batch.isEmpty()) {
                        underWay++;
                    } else if (late.isEmpty()) {
                        sending = false;
                        if (underWay == 0) {
                            closed = true;
                            lanes.remove(addressee, this);
                        }
                        return;
                    }
                }
                late.forEach(one -> one.fail("it was too busy to be sent this in time"));
                if (!batch.isEmpty()) {
                    exchange(batch);
                }
            }
        }

        /** Guarded by this. */
        private List<Waiting> gather(List<Waiting> late) {
            List<Waiting> batch = new ArrayList<>();
            long bytes = 0;
            while (size() > 0 && batch.size() < batchMax) {
                Queue<Waiting> queue = !commits.isEmpty() ? commits : !again.isEmpty() ? again : others;
                Waiting next = queue.element();
                if (time.nanos() - next.sinceNanos() > settings.waitMax().toNanos()) {
                    late.add(queue.remove());
                    continue;
                }
                bytes += next.bytesAtMost();
                if (!batch.isEmpty() && (next.again() || bytes > settings.batchBytesMax())) {
                    break;
                }
                batch.add(queue.remove());
                if (next.again()) {
                    break;
                }
            }
            return batch;
        }

        private void exchange(List<Waiting> batch) {
            AtomicBoolean holdsLane = new AtomicBoolean(true);
            Time.Timer patience = time.after(settings.patience(), () -> free(holdsLane));
            CompletionStage<?> answered = batch.size() == 1 ? alone(batch.getFirst()) : together(batch);
            answered.whenComplete((_, _) -> {
                patience.cancel();
                free(holdsLane); // after the answers, so that what follows from them leaves together
            });
        }

        private CompletionStage<?> alone(Waiting one) {
            return Ports.call(() -> exchanges.alone(target, one.message())).whenComplete((reply, failure) -> {
                if (!one.again() && failure == null && reply.isAnswer()) {
                    grow();
                }
                if (failure == null) {
                    one.answer().complete(isUnclear(one, reply) ? new Reply(Reply.Kind.SILENT, reply.detail()) : reply);
                } else {
                    one.answer().completeExceptionally(failure);
                }
            });
        }

        /** Of what was sent before, such an answer does not tell whether that was carried out then. */
        private static boolean isUnclear(Waiting one, Reply reply) {
            return one.again()
                    && switch (reply.kind()) {
                        case UNREACHABLE -> true;
                        case UNKNOWN, CONFLICT, NO_ROOM -> one.message() instanceof Message.Commit;
                        case DONE, UNAVAILABLE, WRONG, SILENT -> false;
                    };
        }

        private CompletionStage<?> together(List<Waiting> batch) {
            return Ports.call(() -> exchanges.together(
                            target, batch.stream().map(Waiting::message).toList()))
                    .handle((replies, broken) -> {
                        if (broken != null || replies.isEmpty()) {
                            shrink(batch);
                            batch.forEach(one -> goAgain(one, broken != null));
                        } else {
                            deliver(batch, replies);
                        }
                        return null;
                    });
        }

        private void goAgain(Waiting one, boolean broken) {
            if (broken && one.message() instanceof Message.Write && !target.heedsInstance()) {
                // It may have died, and come back without the writes before this one: it would take it all the same.
                one.answer().complete(new Reply(Reply.Kind.SILENT, "the connection to it broke"));
            } else {
                give(target, one.onceMore());
            }
        }

        private void deliver(List<Waiting> batch, List<Optional<Reply>> replies) {
            // None is answered: so many may be too much for it in the time that there is.
            if (replies.stream()
                    .allMatch(reply -> reply.isPresent() && !reply.get().isAnswer())) {
                shrink(batch);
            } else {
                grow();
            }
            for (int i = 0; i < batch.size(); i++) {
                // One that has to wait there does so beside the lanes, where it holds up no other.
                Waiting one = batch.get(i);
                replies.get(i).ifPresentOrElse(one.answer()::complete, () -> alone(one.onceMore()));
            }
        }

        private synchronized void shrink(List<Waiting> failed) {
            batchMax = Math.max(1, failed.size() / 2);
        }

        private synchronized void grow() {
            batchMax = Math.min(settings.batchMax(), batchMax + 1);
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

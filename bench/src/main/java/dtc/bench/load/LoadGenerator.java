package dtc.bench.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/** Clients on a few event loops. It runs one load at a time. */
public final class LoadGenerator implements AutoCloseable {

    private static final int LOOPS = 2;

    /** How long after its end a loop may take for transactions in progress. */
    private static final Duration END_MAX = Duration.ofMinutes(5);

    private static final Duration COUNT_MAX = Duration.ofHours(1);

    private final List<LoadLoop> loops =
            IntStream.range(0, LOOPS).mapToObj(_ -> new LoadLoop()).toList();
    private final AtomicLong numbers = new AtomicLong();

    /** Runs a number of transactions in a closed loop: each client begins one when its last one has ended. */
    public ClosedLoopResult run(Transaction transaction, int clients, long transactions) {
        AtomicLong left = new AtomicLong(transactions);
        return closed(transaction, clients, () -> left.getAndDecrement() > 0, COUNT_MAX);
    }

    /** Runs transactions for a duration in a closed loop. */
    public ClosedLoopResult runFor(Transaction transaction, int clients, Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        return closed(transaction, clients, () -> System.nanoTime() < end, duration);
    }

    private ClosedLoopResult closed(Transaction transaction, int clients, BooleanSupplier goesOn, Duration atLeast) {
        long begin = System.nanoTime();
        List<CompletableFuture<LoadLoop.Count>> running = new ArrayList<>();
        for (int loop = 0; loop < loopCount(clients); loop++) {
            running.add(loops.get(loop).closed(transaction, share(clients, loop), goesOn, numbers::getAndIncrement));
        }
        List<LoadLoop.Count> counts = await(running, atLeast);
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new ClosedLoopResult(
                counts.stream().mapToLong(count -> count.committed).sum(),
                counts.stream().mapToLong(count -> count.rolledBack).sum(),
                counts.stream().mapToLong(count -> count.failed).sum(),
                seconds,
                firstFailure(counts));
    }

    /**
     * Runs transactions at a fixed rate, whether or not earlier ones have ended. Latency counts from the time at which
     * a transaction was due, so that a stall counts for every transaction that it delayed (no coordinated omission).
     */
    public OpenLoopResult runAtRate(Transaction transaction, int clients, double perSecond, Duration duration) {
        List<LoadLoop.Open> open = IntStream.range(0, loopCount(clients))
                .mapToObj(loop -> loops.get(loop).open(transaction, share(clients, loop), numbers::getAndIncrement))
                .toList();
        pace(open, perSecond, Math.max(1, Math.round(perSecond * duration.toNanos() / 1e9)));
        List<LoadLoop.Count> counts =
                await(open.stream().map(LoadLoop.Open::close).toList(), duration);
        return new OpenLoopResult(
                perSecond,
                micros(counts),
                counts.stream().mapToLong(count -> count.failed).sum(),
                firstFailure(counts));
    }

    private static void pace(List<LoadLoop.Open> loops, double perSecond, long arrivals) {
        double nanosBetween = 1e9 / perSecond;
        long begin = System.nanoTime();
        long sent = 0;
        while (sent < arrivals) {
            long due = Math.min(arrivals, (long) ((System.nanoTime() - begin) / nanosBetween) + 1);
            for (int loop = 0; loop < loops.size() && due > sent; loop++) {
                long[] times = new long[(int) (due - sent)];
                int taken = 0;
                for (long arrival = sent; arrival < due; arrival++) {
                    if (arrival % loops.size() == loop) {
                        times[taken++] = begin + (long) (arrival * nanosBetween);
                    }
                }
                if (taken > 0) {
                    loops.get(loop).arrive(Arrays.copyOf(times, taken));
                }
            }
            sent = Math.max(sent, due);
            LockSupport.parkNanos(begin + (long) (sent * nanosBetween) - System.nanoTime());
        }
    }

    private static int loopCount(int clients) {
        return Math.min(LOOPS, clients);
    }

    private static int share(int clients, int loop) {
        return clients / loopCount(clients) + (loop < clients % loopCount(clients) ? 1 : 0);
    }

    private static Histogram micros(List<LoadLoop.Count> counts) {
        Histogram all = new Histogram(counts.getFirst().micros);
        counts.forEach(count -> all.add(count.micros));
        return all;
    }

    private static String firstFailure(List<LoadLoop.Count> counts) {
        return counts.stream()
                .map(count -> count.firstFailure)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse("");
    }

    private static <T> List<T> await(List<CompletableFuture<T>> running, Duration atLeast) {
        try {
            CompletableFuture.allOf(running.toArray(CompletableFuture<?>[]::new))
                    .get(atLeast.plus(END_MAX).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException end) {
            throw new IllegalStateException("the load did not end", end);
        }
        return running.stream().map(CompletableFuture::join).toList();
    }

    @Override
    public void close() {
        loops.forEach(LoadLoop::close);
    }
}

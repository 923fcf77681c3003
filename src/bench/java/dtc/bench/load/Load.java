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

/** The load generator: clients on a few event loops. It does one thing at a time. */
public final class Load implements AutoCloseable {

    private static final int LANES = 2;

    /** How long after its time a loop may take for what is under way. */
    private static final Duration END_MAX = Duration.ofMinutes(5);

    private static final Duration COUNT_MAX = Duration.ofHours(1);

    private final List<Lane> lanes =
            IntStream.range(0, LANES).mapToObj(_ -> new Lane()).toList();
    private final AtomicLong numbers = new AtomicLong();

    /** So many transactions, each client one after the other. */
    public Tally count(Transaction transaction, int clients, long transactions) {
        AtomicLong left = new AtomicLong(transactions);
        return closed(transaction, clients, () -> left.getAndDecrement() > 0, COUNT_MAX);
    }

    /** Transactions for so long, each client one after the other. */
    public Tally last(Transaction transaction, int clients, Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        return closed(transaction, clients, () -> System.nanoTime() < end, duration);
    }

    private Tally closed(Transaction transaction, int clients, BooleanSupplier goesOn, Duration atLeast) {
        long begin = System.nanoTime();
        List<CompletableFuture<Lane.Count>> running = new ArrayList<>();
        for (int lane = 0; lane < lanes(clients); lane++) {
            running.add(lanes.get(lane).closed(transaction, share(clients, lane), goesOn, numbers::getAndIncrement));
        }
        List<Lane.Count> counts = await(running, atLeast);
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new Tally(
                counts.stream().mapToLong(count -> count.committed).sum(),
                counts.stream().mapToLong(count -> count.rolledBack).sum(),
                counts.stream().mapToLong(count -> count.failed).sum(),
                seconds,
                complaint(counts));
    }

    /**
     * Transactions that are due at even distances whether or not earlier ones have ended, as those of independent
     * customers are. Latency counts from the due time, so a system that stalls cannot hide it (no coordinated
     * omission).
     */
    public Latencies open(Transaction transaction, int clients, double perSecond, Duration duration) {
        List<Lane.Open> loops = IntStream.range(0, lanes(clients))
                .mapToObj(lane -> lanes.get(lane).open(transaction, share(clients, lane), numbers::getAndIncrement))
                .toList();
        pace(loops, perSecond, Math.max(1, Math.round(perSecond * duration.toNanos() / 1e9)));
        List<Lane.Open> ended = await(loops.stream().map(Lane.Open::close).toList(), duration);
        Histogram all = new Histogram(ended.getFirst().micros());
        ended.forEach(loop -> all.add(loop.micros()));
        List<Lane.Count> counts = ended.stream().map(Lane.Open::count).toList();
        return new Latencies(
                perSecond, all, counts.stream().mapToLong(count -> count.failed).sum(), complaint(counts));
    }

    private static void pace(List<Lane.Open> loops, double perSecond, long arrivals) {
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

    private static int lanes(int clients) {
        return Math.min(LANES, clients);
    }

    private static int share(int clients, int lane) {
        return clients / lanes(clients) + (lane < clients % lanes(clients) ? 1 : 0);
    }

    private static String complaint(List<Lane.Count> counts) {
        return counts.stream()
                .map(count -> count.complaint)
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
        lanes.forEach(Lane::close);
    }
}

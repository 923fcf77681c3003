package dtc.bench.load;

import dtc.bench.load.Http.UnexpectedAnswer;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One event loop with its share of the clients. Its state is accessed on that event loop only. */
final class LoadLoop implements AutoCloseable {

    private static final long LATENCY_MICROS_MAX = 600_000_000;
    private static final int DIGITS = 3;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final Context context = vertx.getOrCreateContext();
    private final Http http = new Http(vertx);

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    /** The counts and latencies of one loop. */
    static final class Count {
        final Histogram micros = new Histogram(LATENCY_MICROS_MAX, DIGITS);
        long committed;
        long rolledBack;
        long failed;

        @Nullable
        String firstFailure;

        private void add(AsyncResult<Outcome> result, long nanosSince) {
            micros.recordValue(Math.min(LATENCY_MICROS_MAX, (System.nanoTime() - nanosSince) / 1_000));
            if (result.failed()) {
                failed++;
                if (firstFailure == null) {
                    firstFailure = String.valueOf(result.cause());
                }
                return;
            }
            switch (result.result()) {
                case COMMITTED -> committed++;
                case ROLLED_BACK -> rolledBack++;
            }
        }
    }

    private Future<Outcome> begin(Transaction transaction, long number) {
        try {
            return transaction.run(http, number);
        } catch (UnexpectedAnswer unexpected) {
            return Future.failedFuture(unexpected);
        }
    }

    /** Each client begins a transaction as soon as its last one has ended, while {@code goesOn}. */
    CompletableFuture<Count> closed(
            Transaction transaction, int clients, BooleanSupplier goesOn, LongSupplier numbers) {
        Closed loop = new Closed(transaction, clients, goesOn, numbers);
        context.runOnContext(_ -> {
            for (int client = 0; client < clients; client++) {
                loop.next();
            }
        });
        return loop.done;
    }

    private final class Closed {
        private final Transaction transaction;
        private final BooleanSupplier goesOn;
        private final LongSupplier numbers;
        private final Count count = new Count();
        private final CompletableFuture<Count> done = new CompletableFuture<>();
        private int active;

        Closed(Transaction transaction, int clients, BooleanSupplier goesOn, LongSupplier numbers) {
            this.transaction = transaction;
            this.active = clients;
            this.goesOn = goesOn;
            this.numbers = numbers;
        }

        private void next() {
            if (goesOn.getAsBoolean()) {
                long begin = System.nanoTime();
                begin(transaction, numbers.getAsLong()).onComplete(result -> {
                    count.add(result, begin);
                    next();
                });
            } else if (--active == 0) {
                done.complete(count);
            }
        }
    }

    /** Accepts arrivals. Those that find no idle client wait, and the wait is part of their latency. */
    Open open(Transaction transaction, int clients, LongSupplier numbers) {
        return new Open(transaction, clients, numbers);
    }

    final class Open {
        private final Transaction transaction;
        private final LongSupplier numbers;
        private final Count count = new Count();
        private final CompletableFuture<Count> done = new CompletableFuture<>();
        private final ArrayDeque<Long> waiting = new ArrayDeque<>();
        private final int clients;
        private int idle;
        private boolean closed;

        Open(Transaction transaction, int clients, LongSupplier numbers) {
            this.transaction = transaction;
            this.clients = clients;
            this.idle = clients;
            this.numbers = numbers;
        }

        /** Arrivals that were due at the times, of {@link System#nanoTime()}. */
        void arrive(long[] due) {
            context.runOnContext(_ -> {
                for (long one : due) {
                    if (idle > 0) {
                        idle--;
                        start(one);
                    } else {
                        waiting.add(one);
                    }
                }
            });
        }

        /** Completes when all that arrived has ended. */
        CompletableFuture<Count> close() {
            context.runOnContext(_ -> {
                closed = true;
                finishIfDone();
            });
            return done;
        }

        private void start(long due) {
            begin(transaction, numbers.getAsLong()).onComplete(result -> {
                count.add(result, due);
                Long next = waiting.poll();
                if (next != null) {
                    start(next);
                } else {
                    idle++;
                    finishIfDone();
                }
            });
        }

        private void finishIfDone() {
            if (closed && idle == clients) {
                done.complete(count);
            }
        }
    }
}

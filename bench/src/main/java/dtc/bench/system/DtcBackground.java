package dtc.bench.system;

import dtc.bench.load.ClosedLoopResult;
import dtc.bench.load.Http;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.Outcome;
import dtc.bench.load.Transaction;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts background loads of DTC's coordinator.
 *
 * @param port the coordinator's
 * @param resourceManagers how many resource managers take part in transactions
 */
record DtcBackground(int port, int resourceManagers) {

    private static final int CLIENTS = 64;

    private static final int TRANSACTIONS = 10_000;
    private static final int RESOURCE_MANAGERS = 1_000;
    private static final int PAGES = 50;

    /** A quick run has a background smaller by this factor. */
    private static final int QUICK = 20;

    private static final String OPEN_FOR_AN_HOUR = "{\"timeoutMillis\":3600000}";

    /** A third of the lease that a coordinator grants unless told otherwise. */
    private static final double RENEWAL_SECONDS = 10.0 / 3;

    BackgroundLoad start(Background background, LoadGenerator load, boolean quick) {
        int factor = quick ? QUICK : 1;
        return switch (background) {
            case NONE -> () -> {};
            case OPEN_TRANSACTIONS -> openTransactions(load, TRANSACTIONS / factor);
            case RESOURCE_MANAGERS -> otherResourceManagers(load, RESOURCE_MANAGERS / factor);
            case OPEN_PAGES -> new OpenPages(port, PAGES / factor);
        };
    }

    private BackgroundLoad openTransactions(LoadGenerator load, int size) {
        Queue<String> open = new ConcurrentLinkedQueue<>();
        runAll(
                load,
                size,
                (http, number) -> http.send(HttpMethod.POST, port, "/transactions", Http.JSON, OPEN_FOR_AN_HOUR)
                        .compose(begun -> {
                            String transaction = begun.expect(201).location();
                            String path = transaction.substring(transaction.indexOf("/transactions/"));
                            open.add(path);
                            String write = Dtc.write((int) (number % resourceManagers), "open-" + number);
                            return http.send(HttpMethod.POST, port, path + "/writes", Http.JSON, write);
                        })
                        .map(answer -> {
                            answer.expect(204);
                            return Outcome.COMMITTED;
                        }));
        return () -> runAll(
                load,
                size,
                (http, _) -> http.send(HttpMethod.POST, port, open.remove() + "/rollback", Http.JSON, "")
                        .map(answer -> {
                            answer.expect(200);
                            return Outcome.ROLLED_BACK;
                        }));
    }

    private BackgroundLoad otherResourceManagers(LoadGenerator load, int size) {
        String instance = UUID.randomUUID().toString();
        AtomicInteger next = new AtomicInteger();
        runAll(
                load,
                size,
                (http, _) -> http.send(
                                HttpMethod.PUT,
                                port,
                                "/resource-managers/other-" + next.getAndIncrement(),
                                Http.JSON,
                                registration(instance))
                        .map(answer -> {
                            answer.expect(201);
                            return Outcome.COMMITTED;
                        }));
        ScheduledExecutorService renewals = Executors.newSingleThreadScheduledExecutor();
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        long nanosBetween = (long) (RENEWAL_SECONDS * 1e9 / size);
        var _ = renewals.scheduleAtFixedRate(
                () -> renew(http, next.getAndIncrement() % size, instance), 0, nanosBetween, TimeUnit.NANOSECONDS);
        return () -> {
            renewals.close();
            http.close();
            AtomicInteger deregistered = new AtomicInteger();
            runAll(load, size, (client, _) -> deregister(client, deregistered.getAndIncrement()));
        };
    }

    private Future<Outcome> deregister(Http http, int number) {
        return http.send(HttpMethod.DELETE, port, "/resource-managers/other-" + number, Http.JSON, "")
                .map(answer -> {
                    answer.expect(204);
                    return Outcome.COMMITTED;
                });
    }

    private void renew(HttpClient http, int number, String instance) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + port + "/resource-managers/other-" + number))
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(registration(instance)))
                .build();
        try {
            http.send(request, HttpResponse.BodyHandlers.discarding());
        } catch (IOException late) {
            // The next renewal comes within the lease.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static String registration(String instance) {
        return "{\"url\":\"http://127.0.0.1:9/rm/other\",\"instance\":\"" + instance + "\"}";
    }

    private static void runAll(LoadGenerator load, int size, Transaction call) {
        ClosedLoopResult result = load.run(call, CLIENTS, size);
        if (result.ended() != size) {
            throw new IllegalStateException("calls of the background load failed: " + result);
        }
    }
}

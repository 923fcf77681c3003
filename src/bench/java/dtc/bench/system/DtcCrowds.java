package dtc.bench.system;

import dtc.bench.load.Ending;
import dtc.bench.load.Http;
import dtc.bench.load.Load;
import dtc.bench.load.Tally;
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
 * Crowds at DTC's coordinator.
 *
 * @param port the coordinator's
 * @param resourceManagers how many take part in transactions
 */
record DtcCrowds(int port, int resourceManagers) {

    private static final int CLIENTS = 64;
    private static final String OPEN_FOR_AN_HOUR = "{\"timeoutMillis\":3600000}";

    /** A third of the lease that a coordinator grants unless told otherwise. */
    private static final double RENEWAL_SECONDS = 10.0 / 3;

    Gathering gather(Crowd crowd, Load load, int size) {
        return switch (crowd) {
            case NOBODY -> () -> {};
            case OPEN_TRANSACTIONS -> openTransactions(load, size);
            case RESOURCE_MANAGERS -> bystanders(load, size / 10);
            case OPEN_PAGES -> new OpenPages(port, size / 200);
        };
    }

    private Gathering openTransactions(Load load, int size) {
        Queue<String> open = new ConcurrentLinkedQueue<>();
        mustAll(
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
                            return Ending.COMMITTED;
                        }));
        return () -> mustAll(
                load,
                size,
                (http, _) -> http.send(HttpMethod.POST, port, open.remove() + "/rollback", Http.JSON, "")
                        .map(answer -> {
                            answer.expect(200);
                            return Ending.ROLLED_BACK;
                        }));
    }

    private Gathering bystanders(Load load, int size) {
        String instance = UUID.randomUUID().toString();
        AtomicInteger next = new AtomicInteger();
        mustAll(
                load,
                size,
                (http, _) -> http.send(
                                HttpMethod.PUT,
                                port,
                                "/resource-managers/bystander-" + next.getAndIncrement(),
                                Http.JSON,
                                registration(instance))
                        .map(answer -> {
                            answer.expect(201);
                            return Ending.COMMITTED;
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
            AtomicInteger leaving = new AtomicInteger();
            mustAll(load, size, (lane, _) -> leave(lane, leaving.getAndIncrement()));
        };
    }

    private Future<Ending> leave(Http http, int bystander) {
        return http.send(HttpMethod.DELETE, port, "/resource-managers/bystander-" + bystander, Http.JSON, "")
                .map(answer -> {
                    answer.expect(204);
                    return Ending.COMMITTED;
                });
    }

    private void renew(HttpClient http, int bystander, String instance) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + port + "/resource-managers/bystander-" + bystander))
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
        return "{\"url\":\"http://127.0.0.1:9/rm/bystander\",\"instance\":\"" + instance + "\"}";
    }

    private static void mustAll(Load load, int size, Transaction call) {
        Tally tally = load.count(call, CLIENTS, size);
        if (tally.ended() != size) {
            throw new IllegalStateException("a crowd did not gather or go: " + tally);
        }
    }
}

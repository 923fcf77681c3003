package dtc.bench.system;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Logger;

/** Open pages of DTC's console. Each requests its content every two seconds. Pages are read and not rendered. */
final class OpenPages implements BackgroundLoad {

    private static final Logger LOG = Logger.getLogger("bench");

    /** The pages, which are opened in turn. */
    private static final List<String> PAGES = List.of(
            "/",
            "/console/transactions",
            "/console/transactions?state=COMMITTED",
            "/console/transactions?cause=VOTE_TIMEOUT",
            "/console/resource-managers",
            "/console/resource-managers/rm-0");

    /** Requests of each page for warm-up. */
    private static final int WARMED_BY = 300;

    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private static final Duration OPEN_MAX = Duration.ofSeconds(30);

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final CountDownLatch opened;
    private final AtomicLong refreshes = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private volatile boolean closed;

    OpenPages(int port, int size) {
        PAGES.forEach(page -> warm(URI.create("http://127.0.0.1:" + port + page)));
        opened = new CountDownLatch(size);
        for (int number = 0; number < size; number++) {
            String base = "http://127.0.0.1:" + port;
            String page = base + PAGES.get(number % PAGES.size());
            HttpRequest refresh = HttpRequest.newBuilder(URI.create(page))
                    .header("HX-Request", "true")
                    .build();
            // The pages are opened at different times.
            long delay = INTERVAL.toMillis() * number / size;
            var _ = timer.scheduleAtFixedRate(
                    () -> refresh(refresh), delay, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        }
        try {
            if (!opened.await(OPEN_MAX.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException(String.format(Locale.ROOT, "%d pages did not open", opened.getCount()));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Without the header of a refresh, a page is rendered for each request. */
    private void warm(URI page) {
        for (int i = 0; i < WARMED_BY; i++) {
            read(HttpRequest.newBuilder(page).build());
        }
    }

    private void refresh(HttpRequest page) {
        Thread.ofVirtual().start(() -> {
            try {
                bytes.addAndGet(read(page));
                refreshes.incrementAndGet();
                opened.countDown();
            } catch (IllegalStateException failed) {
                if (!closed) {
                    LOG.warning("a page was not refreshed: " + failed);
                }
            }
        });
    }

    /** The page's length in bytes. */
    private int read(HttpRequest page) {
        try {
            HttpResponse<byte[]> answer = http.send(page, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(String.format(Locale.ROOT, "%s: %d", page.uri(), answer.statusCode()));
            }
            return answer.body().length;
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    @Override
    public void close() {
        closed = true;
        timer.shutdownNow();
        http.shutdownNow();
        LOG.info(String.format(
                Locale.ROOT, "open pages were refreshed %d times, %.1f MB in all", refreshes.get(), bytes.get() / 1e6));
    }
}

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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * Open pages of DTC's console. Each listens to the server's events, and requests its page again at each one, as the
 * page's script does. Pages are read and not rendered.
 */
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

    private static final Duration OPEN_MAX = Duration.ofSeconds(30);

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
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
            Thread.ofVirtual().start(() -> keepOpen(base + "/console/beats", page));
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

    private void keepOpen(String beats, String page) {
        HttpRequest listen = HttpRequest.newBuilder(URI.create(beats))
                .header("Accept", "text/event-stream")
                .build();
        HttpRequest refresh = HttpRequest.newBuilder(URI.create(page))
                .header("HX-Request", "true")
                .build();
        try {
            HttpResponse<Stream<String>> events = http.send(listen, HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = events.body()) {
                lines.filter(line -> line.startsWith("data:"))
                        .takeWhile(_ -> !closed)
                        .forEach(_ -> refresh(refresh));
            }
        } catch (IOException | RuntimeException failed) {
            if (!closed) {
                LOG.warning("a page lost its connection: " + failed);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void refresh(HttpRequest page) {
        bytes.addAndGet(read(page));
        refreshes.incrementAndGet();
        opened.countDown();
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
        http.shutdownNow();
        LOG.info(String.format(
                Locale.ROOT, "open pages were refreshed %d times, %.1f MB in all", refreshes.get(), bytes.get() / 1e6));
    }
}

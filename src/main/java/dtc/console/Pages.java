package dtc.console;

import dtc.runtime.BuildVersion;
import dtc.runtime.Time;
import dtc.security.ApiAccess;
import dtc.security.Caller;
import dtc.security.ForwardedPrefix;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** Renders pages. Open pages request their content again at an interval, and share one rendering in each interval. */
@Singleton
class Pages {

    /** The interval at which open pages request their content: see {@code tags/live.html}. */
    static final Duration INTERVAL = Duration.ofSeconds(2);

    /** Only resources of this process; no inline scripts or styles, and no framing by other pages. */
    private static final String CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /** The attribute of a page with the status of the response, if it is not 200. */
    static final String STATUS = "status";

    /** Pages kept until the next interval. */
    private static final int KEPT_MAX = 64;

    private static final MediaType HTML = MediaType.TEXT_HTML_TYPE.withCharset("utf-8");

    private final ApiAccess access;
    private final Time time;
    private final AtomicReference<Kept> kept = new AtomicReference<>(new Kept(0, new ConcurrentHashMap<>()));
    private volatile Instant startedAt = Instant.EPOCH;

    /** The pages that were rendered in one interval. */
    private record Kept(long interval, Map<String, Rendered> pages) {}

    /** The page as it is sent, so that it is also encoded and compressed once. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Rendered(int status, byte[] html, byte[] compressed) {

        static Rendered of(TemplateInstance page) {
            int status = page.getAttribute(STATUS) instanceof Integer other ? other : 200;
            byte[] html = page.render().getBytes(StandardCharsets.UTF_8);
            return new Rendered(status, html, Gzip.compress(html));
        }
    }

    /**
     * The frame of every page.
     *
     * @param root the address to which all links on the page are relative: a path with a slash at the end
     * @param self the address from which the page requests its content, relative to {@code root}
     * @param base the address of this coordinator as the viewer reaches it, without a slash at the end
     * @param curl the start of a curl command, with a placeholder for the token if callers must present one
     */
    public record Frame(
            String root, String self, String base, Instant startedAt, Instant now, boolean mayAct, String curl) {

        /** The version of this process. */
        public BuildVersion version() {
            return BuildVersion.CURRENT;
        }
    }

    @CheckedTemplate(basePath = "console", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static final class Templates {
        static native TemplateInstance overview(Frame frame, Overview.Model model);

        static native TemplateInstance transactions(Frame frame, TransactionList.Model model);

        static native TemplateInstance transaction(Frame frame, TransactionView.Model model);

        static native TemplateInstance resourceManagers(Frame frame, List<ResourceManagers.Row> rows, int total);

        static native TemplateInstance resourceManager(Frame frame, ResourceManagers.Model model);

        static native TemplateInstance actions(Frame frame, List<Audit.Entry> entries, int max);

        static native TemplateInstance tryIt(
                Frame frame, List<String> resourceManagers, List<String> embedded, boolean faults, boolean isClient);

        static native TemplateInstance confirm(
                Frame frame, Actions.Confirmation confirmation, String reason, String problem);

        static native TemplateInstance message(Frame frame, String message);

        private Templates() {}
    }

    Pages(ApiAccess access, Time time) {
        this.access = access;
        this.time = time;
    }

    void start(@Observes StartupEvent event) {
        startedAt = time.now();
    }

    /** A page whose content is requested again at each interval. Those requests share a rendering. */
    Response live(RoutingContext call, Function<Frame, TemplateInstance> page) {
        Frame frame = frame(call);
        if (call.request().getHeader("HX-Request") == null) {
            return respond(call, Rendered.of(page.apply(frame))); // a page that is opened shows the latest changes
        }
        String key = "%s %s %s".formatted(frame.mayAct(), frame.base(), frame.self());
        Map<String, Rendered> pages = keptNow().pages();
        return respond(
                call,
                pages.size() < KEPT_MAX || pages.containsKey(key)
                        ? pages.computeIfAbsent(key, _ -> Rendered.of(page.apply(frame)))
                        : Rendered.of(page.apply(frame)));
    }

    Response html(RoutingContext call, Function<Frame, TemplateInstance> page) {
        return respond(call, Rendered.of(page.apply(frame(call))));
    }

    /** A message instead of the page. {@code message.html} has the texts. */
    static TemplateInstance message(Frame frame, int status, String message) {
        return Templates.message(frame, message).setAttribute(STATUS, status);
    }

    /** Discards the renderings, so that an operator's change is visible at once. */
    void discardKept() {
        kept.set(new Kept(interval(), new ConcurrentHashMap<>()));
    }

    private Kept keptNow() {
        long now = interval();
        return kept.updateAndGet(
                current -> current.interval() == now ? current : new Kept(now, new ConcurrentHashMap<>()));
    }

    private long interval() {
        return Math.floorDiv(time.nanos(), INTERVAL.toNanos());
    }

    private Frame frame(RoutingContext call) {
        String root = ForwardedPrefix.root(call.request());
        String path = Objects.requireNonNullElse(call.request().path(), "").replaceFirst("^/+", "");
        String query = call.request().query();
        HostAndPort authority = call.request().authority();
        return new Frame(
                root,
                (path.isEmpty() ? "." : path) + (query == null ? "" : "?" + query),
                "%s://%s%s"
                        .formatted(call.request().scheme(), authority == null ? "localhost" : authority, root)
                        .replaceFirst("/+$", ""),
                startedAt,
                time.now(),
                caller(call).isOperator(),
                access.requiresTokens() ? "curl -s -H \"Authorization: Bearer $TOKEN\"" : "curl -s");
    }

    Caller caller(RoutingContext call) {
        return access.caller(call);
    }

    private static Response respond(RoutingContext call, Rendered page) {
        boolean compressed = Gzip.isAccepted(call);
        return Response.status(page.status())
                .type(HTML)
                .entity(compressed ? page.compressed() : page.html())
                .header(HttpHeaders.CONTENT_ENCODING, compressed ? Gzip.NAME : null)
                .header(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING)
                .header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                .header("X-Content-Type-Options", "nosniff")
                .header("Referrer-Policy", "same-origin")
                .header("Cross-Origin-Opener-Policy", "same-origin")
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }
}

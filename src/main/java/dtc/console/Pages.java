package dtc.console;

import dtc.runtime.Time;
import dtc.security.ForwardedPrefix;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Renders pages with their frame and headers. Viewers of the same page share one rendering. */
@Singleton
class Pages {

    /** Only resources of this process; no inline scripts or styles, and no framing by other pages. */
    private static final String CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /** Pages kept until the next update. */
    private static final int KEPT_MAX = 64;

    private static final MediaType HTML = MediaType.TEXT_HTML_TYPE.withCharset("utf-8");

    private final ConsoleAccess access;
    private final LiveUpdates updates;
    private final Time time;
    private final AtomicReference<Kept> kept = new AtomicReference<>(new Kept(0));

    /** The renderings of one update. */
    private record Kept(long update, Map<String, Rendering> byKey) {
        private Kept(long update) {
            this(update, new ConcurrentHashMap<>());
        }

        /** All open pages reload at once, and share the first rendering. */
        private Rendering of(String key, Supplier<Page> page) {
            return byKey.size() < KEPT_MAX
                    ? byKey.computeIfAbsent(key, _ -> new Rendering(page))
                    : byKey.getOrDefault(key, new Rendering(page));
        }
    }

    /** A page, rendered when it is first requested. */
    private static final class Rendering {
        private final Supplier<Page> page;
        /** Guarded by this. */
        private @Nullable Rendered rendered;

        private Rendering(Supplier<Page> page) {
            this.page = page;
        }

        private synchronized Rendered rendered() {
            if (rendered == null) {
                rendered = page.get().render();
            }
            return rendered;
        }
    }

    /** The page as it is sent, so that it is also encoded once. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Rendered(int status, byte[] html) {}

    /** The content, and the status of the response. */
    record Page(int status, TemplateInstance template) {

        static Page of(TemplateInstance template) {
            return new Page(200, template);
        }

        private Rendered render() {
            return new Rendered(status, template.render().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The request for a page. */
    record Request(HttpHeaders headers, UriInfo uri, RoutingContext caller) {

        /** The address of the page, from which it reloads its content, relative to {@link #root()}. */
        String self() {
            String query = uri.getRequestUri().getRawQuery();
            String path = uri.getRequestUri().getRawPath().replaceFirst("^/+", "");
            return (path.isEmpty() ? "." : path) + (query == null ? "" : "?" + query);
        }

        /** The address to which all links are relative: a path with a slash at the end. */
        String root() {
            return ForwardedPrefix.root(caller.request());
        }

        /** The address of this coordinator as the viewer reaches it, without a trailing slash. */
        String base() {
            return uri.getBaseUri().resolve(root()).toString().replaceFirst("/+$", "");
        }

        boolean isRefresh() {
            return headers.getHeaderString("HX-Request") != null;
        }
    }

    /**
     * The frame of every page.
     *
     * @param nav the navigation link that the page belongs to
     * @param root the address to which all links on the page are relative
     * @param startedAt when this coordinator started, so that a page notices a restart
     * @param mayAct whether the viewer may change anything
     * @param curl the start of a curl command, with a token if one is required
     */
    public record Frame(
            String title,
            String nav,
            String root,
            String self,
            String startedAt,
            Timestamp asOf,
            boolean mayAct,
            String curl) {}

    /** A message shown instead of the requested page. */
    public record Message(String heading, String text, String link, String linkText) {}

    /**
     * The confirmation of an action.
     *
     * @param consequences what will happen
     * @param problem the error in the submitted form; empty if there is none
     */
    public record Confirmation(
            String heading,
            String subject,
            List<String> consequences,
            String button,
            boolean grave,
            String reason,
            int reasonCharsMax,
            String problem,
            String token,
            String back) {}

    /**
     * The form that runs a transaction.
     *
     * @param embedded resource managers of this process, in which faults can be injected
     * @param missingRole the role that the viewer lacks to run it; empty if it lacks none
     */
    public record Trial(List<String> resourceManagers, List<String> embedded, boolean faults, String missingRole) {

        /** The resource managers of the first writes: up to two, those of this process first. */
        public List<String> first() {
            return Stream.concat(embedded.stream().filter(resourceManagers::contains), resourceManagers.stream())
                    .distinct()
                    .limit(2)
                    .toList();
        }
    }

    @CheckedTemplate(basePath = "console", defaultName = CheckedTemplate.HYPHENATED_ELEMENT_NAME)
    static final class Templates {
        static native TemplateInstance overview(Frame frame, Overview.Model model);

        static native TemplateInstance transactions(Frame frame, TransactionList.Model model);

        static native TemplateInstance transaction(Frame frame, TransactionView.Model model);

        static native TemplateInstance resourceManagers(Frame frame, List<ResourceManagers.Row> rows, int total);

        static native TemplateInstance resourceManager(
                Frame frame, ResourceManagers.Row row, List<TransactionList.Row> waiting, List<Audit.Row> audit);

        static native TemplateInstance actions(Frame frame, List<Audit.Row> rows, int max);

        static native TemplateInstance tryIt(Frame frame, Trial trial);

        static native TemplateInstance confirm(Frame frame, Confirmation confirmation);

        static native TemplateInstance message(Frame frame, Message message);

        private Templates() {}
    }

    Pages(ConsoleAccess access, LiveUpdates updates, Time time) {
        this.access = access;
        this.updates = updates;
        this.time = time;
    }

    Frame frame(Request request, String title, String nav) {
        Instant now = time.now();
        return new Frame(
                title,
                nav,
                request.root(),
                request.self(),
                updates.startedAt().toString(),
                Timestamp.of(now, now),
                access.mayAct(request.caller()),
                access.curl());
    }

    /** A page with live updates. Its reloads are rendered once per update, for all viewers. */
    Response live(Request request, Supplier<Page> page) {
        if (!request.isRefresh()) {
            return html(page.get()).build(); // a page that is opened shows the latest changes
        }
        String key = access.mayAct(request.caller()) + request.base() + request.self();
        return respond(keptNow().of(key, page).rendered()).build();
    }

    /** Discards the renderings, so that an operator's change is visible before the next update. */
    void discardKept() {
        kept.set(new Kept(updates.number()));
    }

    private Kept keptNow() {
        long update = updates.number();
        return kept.updateAndGet(current -> current.update() == update ? current : new Kept(update));
    }

    Page message(Request request, int status, Message message) {
        return new Page(status, Templates.message(frame(request, message.heading(), ""), message));
    }

    Response.ResponseBuilder html(Page page) {
        return respond(page.render());
    }

    private static Response.ResponseBuilder respond(Rendered page) {
        return Response.status(page.status())
                .type(HTML)
                .entity(page.html())
                .header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                .header("X-Content-Type-Options", "nosniff")
                .header("Referrer-Policy", "same-origin")
                .header("Cross-Origin-Opener-Policy", "same-origin")
                .header(HttpHeaders.CACHE_CONTROL, "no-store");
    }
}

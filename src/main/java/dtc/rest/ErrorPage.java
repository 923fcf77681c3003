package dtc.rest;

import dtc.security.ForwardedPrefix;
import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.regex.Pattern;

/** The HTML page for an error on a path of the console. */
final class ErrorPage {

    private static final Pattern CONSOLE_PATH = Pattern.compile("/?|/console(/.*)?");

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Type", "text/html;charset=utf-8",
            "Content-Security-Policy",
                    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'self'; frame-ancestors 'none'",
            "X-Content-Type-Options", "nosniff");

    @CheckedTemplate(basePath = "")
    static final class Templates {
        static native TemplateInstance error(String root, String title, String detail);

        private Templates() {}
    }

    private ErrorPage() {}

    /** Whether the client is a browser that opens a page. Scripts and tools get a problem document. */
    static boolean isRequestedBy(HttpServerRequest request) {
        return CONSOLE_PATH.matcher(RequestPath.of(request)).matches()
                && request.headers().getAll(HttpHeaders.ACCEPT).stream().anyMatch(value -> value.contains("text/html"));
    }

    static Map<String, String> headers() {
        return HEADERS;
    }

    static String render(ProblemException problem, HttpServerRequest request) {
        String title = problem.status() + " " + Problems.title(problem.status());
        return Templates.error(ForwardedPrefix.root(request), title, problem.detail())
                .render();
    }
}

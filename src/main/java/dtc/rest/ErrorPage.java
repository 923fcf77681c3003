package dtc.rest;

import dtc.security.ForwardedPrefix;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.regex.Pattern;

/** The HTML page for an error on a path of the console. */
final class ErrorPage {

    private static final Pattern CONSOLE_PATH = Pattern.compile("/?|/console(/.*)?");

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Type", "text/html;charset=utf-8",
            "Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options", "nosniff");

    private ErrorPage() {}

    /** Whether the client is a browser that opens a page. Scripts and tools get a problem document. */
    static boolean isFor(HttpServerRequest request) {
        return CONSOLE_PATH.matcher(RequestPath.of(request)).matches()
                && request.headers().getAll(HttpHeaders.ACCEPT).stream().anyMatch(value -> value.contains("text/html"));
    }

    static Map<String, String> headers() {
        return HEADERS;
    }

    static String html(ProblemException problem, HttpServerRequest request) {
        String root = ForwardedPrefix.root(request);
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                  <meta charset="utf-8">
                  <meta name="viewport" content="width=device-width, initial-scale=1">
                  <title>%1$s · DTC</title>
                  <link rel="stylesheet" href="%3$sconsole/console.css">
                </head>
                <body>
                  <main>
                    <h1>%1$s</h1>
                    <p>%2$s</p>
                    <p><a href="%3$s">Overview</a></p>
                  </main>
                </body>
                </html>
                """.formatted(
                        problem.status() + " " + Problems.title(problem.status()), escaped(problem.detail()), root);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}

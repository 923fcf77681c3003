package dtc.packaged;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.UnaryOperator;

/** Generates requests as bytes, each given as a character of ISO 8859-1. Most are malformed in one or two places. */
final class WireFuzz {

    /** An operation of the OpenAPI document, with a path whose parameters are filled in. */
    record Operation(String method, String path) {}

    /**
     * What one client sends.
     *
     * @param validRequests the number of requests if all are well-formed HTTP, otherwise 0
     * @param isHead whether it is one request with the method HEAD
     * @param isApi whether all requests are for paths of the API
     * @param parts the bytes, in the parts in which they are sent
     * @param ends whether the client then closes its side of the connection
     */
    record Case(int validRequests, boolean isHead, boolean isApi, List<String> parts, boolean ends) {
        @Override
        public String toString() {
            String all = String.join("", parts);
            return (all.length() > 4_000 ? all.substring(0, 4_000) + "... " + all.length() : all)
                    .replace("\r", "\\r")
                    .replace("\n", "\\n\n");
        }
    }

    private static final List<String> METHODS = List.of(
            "GET",
            "POST",
            "PUT",
            "DELETE",
            "OPTIONS",
            "PATCH",
            "TRACE",
            "CONNECT",
            "get",
            "PRI",
            "G\u00c4T",
            "",
            "M".repeat(100),
            "GET\t",
            "G(T",
            "\u0000");

    private static final List<String> VERSIONS = List.of(
            "HTTP/1.0",
            "HTTP/0.9",
            "HTTP/2.0",
            "HTTP/1.2",
            "HTTP/11",
            "http/1.1",
            "HTTP/1.1 ",
            "HTTP/1.",
            "HTTPS/1.1",
            "",
            "HTTP/1.1\u0000",
            "HTTP/4294967297.1",
            "HTTP/-1.1");

    private static final List<String> TARGETS = List.of(
            "*",
            "/",
            "//",
            "/..",
            "/transactions/../transactions",
            "\\transactions",
            "http://localhost/transactions",
            "http://[/transactions",
            "/transactions?limit=\u00ff",
            "/transactions/%",
            "/transactions/%00",
            "/transactions/%c0%af",
            "/transactions#x",
            "/transactions?a=b?c=d",
            "/transactions/ x",
            "/q/health",
            "/q/..",
            "/q/metrics/%zz",
            "/q/swagger-ui/%2e%2e/",
            "/console/\u0001",
            "/console/transactions?after=%ff",
            "/\u00ff",
            "localhost:80",
            "/" + "a".repeat(8_500),
            "/" + "a/".repeat(1_000),
            "/transactions;a=b",
            "/rm/orders//entries",
            "/console/console.css?x=%");

    private static final List<String> HEADERS = List.of(
            "Host: elsewhere",
            "Host:",
            "Host: a b",
            "Host: localhost:99999",
            "Host: [::1",
            "host : localhost",
            "X: \u0000",
            "X: a\u0007b",
            "X: \u00ff\u00fe",
            "X",
            ": x",
            " X: folded",
            "\tX: folded",
            "X\u0000: y",
            "X Y: z",
            "X(: y",
            "X: " + "y".repeat(15_000),
            "X: " + "y".repeat(17_000),
            "Expect: 100-continue",
            "Expect: nonsense",
            "Connection: close",
            "Connection: keep-alive",
            "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Connection: Content-Length",
            "Content-Type: text/plain",
            "Content-Type: application/json;charset=nonsense",
            "Content-Type: /",
            "Content-Type:",
            "Content-Type: multipart/form-data",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Encoding: gzip",
            "Content-Encoding: ,",
            "Accept: text/html",
            "Accept: ;;;",
            "Accept: */*;q=x",
            "Accept-Language: \u00ff",
            "Accept-Encoding: gzip",
            "Accept-Charset: x",
            "Range: bytes=0-",
            "Idempotency-Key: ",
            "Idempotency-Key: a\r\nIdempotency-Key: b",
            "Prefer: respond-async",
            "Prefer: wait=99999999999",
            "Prefer: ,;=",
            "Authorization: Bearer x",
            "Authorization: \u00ff",
            "Authorization: Basic " + "A".repeat(1_000),
            "Cookie: =;=;",
            "Origin: null",
            "Origin: http://[",
            "X-Forwarded-For: \"",
            "X-Forwarded-Prefix: //x",
            "X-Forwarded-Host: a b",
            "Forwarded: for=\"[",
            "If-Match: \"",
            "If-Modified-Since: x",
            "TE: trailers",
            "Trailer: Content-Length",
            "DTC-Resource-Manager: nobody",
            "DTC-Instance: x",
            "DTC-Transaction: x",
            "DTC-Write-Sequence: x",
            "DTC-Write-Count: -1",
            "Sec-Fetch-Site: x",
            "HX-Request: true",
            "Last-Event-ID: \u0001");

    /** Of the right length in decimal digits. */
    private static final List<UnaryOperator<String>> LENGTHS = List.of(
            length -> "Content-Length: " + length + "0",
            length -> "Content-Length: 0",
            length -> "Content-Length: 1",
            length -> "Content-Length: +" + length,
            length -> "Content-Length: -" + length,
            length -> "Content-Length: 0x" + length,
            length -> "Content-Length: 00" + length,
            length -> "Content-Length: " + length + ", " + length,
            length -> "Content-Length: " + length + ", 1",
            length -> "Content-Length: " + length + "\r\nContent-Length: " + length,
            length -> "Content-Length: " + length + "\r\nContent-Length: 1",
            length -> "Content-Length: 9223372036854775808",
            length -> "Content-Length: 99999999",
            length -> "Content-Length: " + length + " x",
            length -> "Content-Length:",
            length -> "Content-Length\u000b: " + length,
            length -> "Content-Length : " + length,
            length -> "Content-Length: " + length + "\r\nTransfer-Encoding: chunked",
            length -> "Transfer-Encoding: chunked\r\nContent-Length: " + length,
            length -> "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            length -> "Transfer-Encoding: chunked, chunked",
            length -> "Transfer-Encoding: chunked, identity",
            length -> "Transfer-Encoding: identity\r\nContent-Length: " + length,
            length -> "Transfer-Encoding: gzip, chunked",
            length -> "Transfer-Encoding: xchunked",
            length -> "Transfer-Encoding: \"chunked\"",
            length -> "Transfer-Encoding:\r\n chunked",
            length -> "Transfer-Encoding : chunked",
            length -> "Transfer-Encoding: \u000bchunked\r\nContent-Length: " + length,
            length -> "Transfer-Encoding: CHUNKED",
            length -> "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: " + length,
            length -> "X: y");

    private static final List<String> BODIES = List.of(
            "",
            "{}",
            "{\"autoCommit\":true}",
            "null",
            "[]",
            "\"",
            "{\"timeoutMillis\":1e400}",
            "\u00ef\u00bb\u00bf{}",
            "\u00ff\u00fe",
            "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":1}]}",
            "{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":{}}",
            "{\"key\":\"k\",\"value\":[1e5]}",
            "{\"url\":\"http://127.0.0.1:1\",\"instance\":\"x\"}",
            "{\"reason\":\"\\u0000\"}",
            "[".repeat(2_000),
            "{\"items\":[{\"kind\":\"prepare\"}]}",
            "x".repeat(5_000),
            "{\"a\":" + "1".repeat(1_500) + "}",
            "GET /transactions HTTP/1.1\r\nHost: localhost\r\n\r\n");

    private static final List<String> CHUNK_ENDS = List.of(
            "\n",
            "\r",
            "",
            "\r\n\r\n",
            ";\r\n",
            ";a=b\r\n",
            ";a=\"\r\n\"\r\n",
            "; " + "x".repeat(20_000) + "\r\n",
            " \r\n",
            "\t\r\n",
            ";\u0000\r\n");

    private static final List<String> CHUNK_SIZES = List.of(
            "",
            "-1",
            "g",
            "ffffffff",
            "fffffffffffffffff",
            "7fffffffffffffff",
            "0x5",
            "+5",
            " 5",
            "5 5",
            "1_0",
            "\u00ff");

    private static final List<String> TRAILERS = List.of(
            "",
            "X: y\r\n",
            "Content-Length: 5\r\n",
            "Host: elsewhere\r\n",
            "X\r\n",
            ": \r\n",
            "X: " + "y".repeat(20_000) + "\r\n",
            "Transfer-Encoding: chunked\r\n",
            "X: \u0000\r\n");

    private final Random random;
    private final List<Operation> operations;

    WireFuzz(long seed, List<Operation> operations) {
        this.random = new Random(seed);
        this.operations = operations;
    }

    Case next() {
        if (random.nextInt(20) == 0) {
            Operation operation = any(operations);
            return new Case(1, true, isApi(operation.path()), List.of(request("HEAD", operation.path(), "")), true);
        }
        boolean valid = random.nextInt(4) == 0;
        int count = random.nextInt(1, 5);
        int broken = random.nextInt(count);
        boolean isApi = true;
        StringBuilder bytes = new StringBuilder();
        for (int i = 0; i < count; i++) {
            if (valid || i != broken) {
                Operation operation = any(operations);
                isApi &= isApi(operation.path());
                bytes.append(request(operation.method(), operation.path(), any(BODIES)));
            } else {
                isApi = false;
                bytes.append(broken());
            }
        }
        boolean ends = random.nextInt(3) == 0;
        if (!ends) {
            bytes.append("GET /transactions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        }
        return new Case(valid ? (ends ? count : count + 1) : 0, false, isApi, split(bytes.toString()), ends);
    }

    private static boolean isApi(String path) {
        return !path.startsWith("/q");
    }

    private List<String> split(String bytes) {
        int size = switch (random.nextInt(6)) {
            case 0 -> 1;
            case 1 -> random.nextInt(2, 40);
            case 2 -> random.nextInt(100, 2_000);
            default -> Math.max(1, bytes.length());
        };
        int first = random.nextInt(size) + 1;
        List<String> parts = new ArrayList<>();
        parts.add(bytes.substring(0, Math.min(first, bytes.length())));
        for (int from = first; from < bytes.length(); from += size) {
            parts.add(bytes.substring(from, Math.min(bytes.length(), from + size)));
        }
        return parts;
    }

    /** A well-formed request. */
    private String request(String method, String path, String body) {
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        if (random.nextBoolean()) {
            return head + "Content-Length: " + body.length() + "\r\n\r\n" + body;
        }
        String extension = random.nextInt(4) == 0 ? ";a=b" : "";
        StringBuilder chunks = new StringBuilder();
        for (int from = 0; from < body.length(); ) {
            int size = Math.min(body.length() - from, random.nextInt(1, 400));
            String digits = Integer.toHexString(size);
            chunks.append(random.nextBoolean() ? digits : "00" + digits.toUpperCase(Locale.ROOT))
                    .append(extension)
                    .append("\r\n")
                    .append(body, from, from + size)
                    .append("\r\n");
            from += size;
        }
        return head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0" + extension + "\r\n\r\n";
    }

    private String broken() {
        Operation operation = any(operations);
        String method = operation.method();
        String target = operation.path();
        String version = "HTTP/1.1";
        String end = "\r\n";
        String body = any(BODIES);
        String length = "Content-Length: " + body.length();
        List<String> headers = new ArrayList<>(List.of("Host: localhost", "Content-Type: application/json"));
        for (int i = random.nextInt(1, 3); i > 0; i--) {
            switch (random.nextInt(9)) {
                case 0 -> method = any(METHODS);
                case 1 -> target = any(TARGETS);
                case 2 -> version = any(VERSIONS);
                case 3 -> end = any(List.of("\n", "\r", "\r\r\n", "\n\r"));
                case 4 -> length = any(LENGTHS).apply(Integer.toString(body.length()));
                case 5 -> {
                    length = "Transfer-Encoding: chunked";
                    body = brokenChunks(body);
                }
                case 6 -> headers.add(random.nextInt(headers.size() + 1), any(HEADERS));
                case 7 -> headers.remove(0);
                default -> {
                    String whole = head(method, target, version, headers, length, end) + body;
                    return mutated(whole);
                }
            }
            if (headers.isEmpty()) {
                headers.add("X: y");
            }
        }
        return head(method, target, version, headers, length, end) + body;
    }

    private static String head(
            String method, String target, String version, List<String> headers, String length, String end) {
        return method + " " + target + " " + version + end + String.join(end, headers) + end + length + end + end;
    }

    private String brokenChunks(String body) {
        String size = random.nextInt(3) == 0 ? any(CHUNK_SIZES) : Integer.toHexString(body.length());
        String sizeEnd = random.nextInt(2) == 0 ? any(CHUNK_ENDS) : "\r\n";
        String chunkEnd = random.nextInt(3) == 0 ? any(CHUNK_ENDS) : "\r\n";
        return size + sizeEnd + body + chunkEnd + "0\r\n" + any(TRAILERS) + "\r\n";
    }

    private String mutated(String bytes) {
        StringBuilder mutated = new StringBuilder(bytes);
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            int at = random.nextInt(mutated.length());
            char any = (char) random.nextInt(256);
            switch (random.nextInt(4)) {
                case 0 -> mutated.setCharAt(at, any);
                case 1 -> mutated.insert(at, any);
                case 2 -> mutated.deleteCharAt(at);
                default -> mutated.insert(at, mutated.substring(at, Math.min(mutated.length(), at + 30)));
            }
            if (mutated.isEmpty()) {
                mutated.append(any);
            }
        }
        return mutated.toString();
    }

    private <T> T any(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    static byte[] bytes(String part) {
        return part.getBytes(StandardCharsets.ISO_8859_1);
    }
}

package dtc.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Parses what a server sent on one connection, strictly. */
public final class HttpResponses {

    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] [1-5]\\d\\d [\\x20-\\x7e]*");
    private static final Pattern HEADER = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\\x20-\\x7e]*");

    /** The bytes are not a sequence of complete responses. */
    public static final class MalformedException extends Exception {
        MalformedException(String message) {
            super(message);
        }
    }

    private final byte[] bytes;
    private final boolean answerHead;
    private int at;

    private HttpResponses(byte[] bytes, boolean answerHead) {
        this.bytes = bytes;
        this.answerHead = answerHead;
    }

    /**
     * Parses the bytes to the end.
     *
     * @param answerHead whether the responses answer HEAD, and so have no body
     */
    public static List<RawClient.Response> parse(byte[] bytes, boolean answerHead) throws MalformedException {
        HttpResponses parser = new HttpResponses(bytes, answerHead);
        List<RawClient.Response> responses = new ArrayList<>();
        while (parser.at < bytes.length) {
            responses.add(parser.next());
        }
        return responses;
    }

    private RawClient.Response next() throws MalformedException {
        String statusLine = line();
        require(STATUS_LINE.matcher(statusLine).matches(), statusLine);
        Map<String, List<String>> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            require(HEADER.matcher(line).matches(), line);
            String[] parts = line.split(":", 2);
            headers.merge(
                    parts[0].toLowerCase(Locale.ROOT),
                    List.of(parts[1].strip()),
                    (a, b) -> Stream.concat(a.stream(), b.stream()).toList());
        }
        int status = Integer.parseInt(statusLine.substring(9, 12));
        boolean hasBody = !answerHead && status >= 200 && status != 204 && status != 304;
        String body = hasBody ? new String(body(headers), StandardCharsets.UTF_8) : "";
        return new RawClient.Response(statusLine, headers, body);
    }

    private byte[] body(Map<String, List<String>> headers) throws MalformedException {
        List<String> length = headers.getOrDefault("content-length", List.of());
        List<String> encoding = headers.getOrDefault("transfer-encoding", List.of());
        if (length.isEmpty() && encoding.isEmpty()) {
            return take(bytes.length - at); // to a request of HTTP/1.0: up to the end of the connection
        }
        require(length.size() + encoding.size() == 1, "length of the body: " + headers);
        if (encoding.isEmpty()) {
            return take(number(length.getFirst(), 10));
        }
        require(encoding.equals(List.of("chunked")), headers.toString());
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int size = number(line(), 16); size > 0; size = number(line(), 16)) {
            body.writeBytes(take(size));
            require(line().isEmpty(), "end of a chunk");
        }
        require(line().isEmpty(), "end of the chunks");
        return body.toByteArray();
    }

    private static int number(String digits, int radix) throws MalformedException {
        try {
            return Integer.parseUnsignedInt(digits, radix);
        } catch (NumberFormatException _) {
            throw new MalformedException("no number: " + digits);
        }
    }

    private byte[] take(int length) throws MalformedException {
        require(at + length <= bytes.length, "cut");
        byte[] taken = new byte[length];
        System.arraycopy(bytes, at, taken, 0, length);
        at += length;
        return taken;
    }

    private String line() throws MalformedException {
        for (int end = at; end + 1 < bytes.length; end++) {
            if (bytes[end] == '\r' && bytes[end + 1] == '\n') {
                String line = new String(bytes, at, end - at, StandardCharsets.ISO_8859_1);
                at = end + 2;
                return line;
            }
        }
        throw new MalformedException("cut");
    }

    private static void require(boolean condition, String message) throws MalformedException {
        if (!condition) {
            throw new MalformedException(message);
        }
    }
}

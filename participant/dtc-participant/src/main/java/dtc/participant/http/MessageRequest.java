package dtc.participant.http;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A request of the coordinator, or of an operator. */
public final class MessageRequest {

    private final String method;
    private final String path;
    private final Function<String, @Nullable String> header;
    private final byte[] body;

    /**
     * Creates a request.
     *
     * @param path the decoded path below the URL of the resource manager, for example {@code /transactions}
     * @param header returns the value of a header, or null if it is absent
     */
    public MessageRequest(String method, String path, Function<String, @Nullable String> header, byte[] body) {
        this.method = method;
        this.path = path;
        this.header = header;
        this.body = body;
    }

    String method() {
        return method;
    }

    String path() {
        return path;
    }

    @Nullable
    String header(String name) {
        return header.apply(name);
    }

    byte[] body() {
        return body;
    }
}

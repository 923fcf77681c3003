package dtc.rest;

import jakarta.ws.rs.ConstrainedTo;
import jakarta.ws.rs.RuntimeType;
import jakarta.ws.rs.ext.Provider;
import jakarta.ws.rs.ext.ReaderInterceptor;
import jakarta.ws.rs.ext.ReaderInterceptorContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Refuses request bodies that are not UTF-8. The JSON parser also accepts UTF-16 and UTF-32, and reads some malformed
 * UTF-8 as other characters, so that a key could be taken for another one.
 */
@Provider
@ConstrainedTo(RuntimeType.SERVER)
public final class EncodingCheck implements ReaderInterceptor {

    private static final char REPLACEMENT = '\uFFFD';

    @Override
    public Object aroundReadFrom(ReaderInterceptorContext context) throws IOException {
        byte[] body = context.getInputStream().readAllBytes();
        if (!isUtf8(body)) {
            throw Problems.invalidParameter("body", "must be UTF-8");
        }
        context.setInputStream(new ByteArrayInputStream(body));
        return context.proceed();
    }

    /** Whether the text is well-formed and has no NUL, which JSON never contains, and by which UTF-16 is detected. */
    private static boolean isUtf8(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        boolean mayBeMalformed = text.indexOf(REPLACEMENT) >= 0;
        return text.indexOf(0) < 0 && !(mayBeMalformed && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), body));
    }
}

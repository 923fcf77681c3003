package dtc.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Parses optional request bodies. They are not parsed by Quarkus REST, because clients send empty bodies with any
 * content type.
 */
final class OptionalBody {

    private OptionalBody() {}

    /** Returns null if there is no body. */
    static <T> @Nullable T read(
            ObjectMapper mapper, @Nullable MediaType type, byte @Nullable [] body, Class<T> bodyType)
            throws IOException {
        if (body == null || isBlank(body)) {
            return null;
        }
        if (type == null || !MediaType.APPLICATION_JSON_TYPE.isCompatible(type)) {
            throw new NotSupportedException();
        }
        return mapper.readValue(body, bodyType);
    }

    private static boolean isBlank(byte[] body) {
        for (byte b : body) {
            if (!Character.isWhitespace(b)) {
                return false;
            }
        }
        return true;
    }
}

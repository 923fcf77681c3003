package dtc.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.response.Response;

/** Reads JSON responses. The JSON paths of REST Assured compile a Groovy script at each call. */
public final class Json {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    public static JsonNode of(Response response) {
        try {
            return MAPPER.readTree(response.asString());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(response.asString(), e);
        }
    }

    /** Returns the text of a member of the document. */
    public static String text(Response response, String member) {
        return of(response).path(member).asText();
    }
}

package dtc.participant.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    @Test
    void values_keep_their_text() {
        assertEquals(
                Map.of(
                        "a", "1.10",
                        "b", "-0.0",
                        "c", "1e5",
                        "d", "{ \"y\" : [1, {}], \"x\":\"}\" }",
                        "e", "\"\\u0000 \\\" ü\"",
                        "f", "null",
                        "g", "[ ]",
                        "h", "true"),
                Json.members("{\"a\":1.10 , \"b\": -0.0,\"c\":1e5, \"d\": { \"y\" : [1, {}], \"x\":\"}\" },"
                        + " \"e\" : \"\\u0000 \\\" ü\",\"f\":null,\"g\":[ ] , \"h\":true }"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "key", "1", "{} {}", "{\"a\":}", "{\"a\":1,\"a\":2}", "{\"a\":01}", "null"})
    void anything_but_one_object_is_refused(String text) {
        assertNull(Json.members(text));
    }

    @Test
    void strings_and_numbers_are_converted() {
        assertEquals("ü\n", Json.string("\"ü\\n\""));
        assertNull(Json.string("1"));
        assertNull(Json.string(null));
        assertEquals(5L, Json.number("5"));
        assertNull(Json.number("\"5\""));
        assertNull(Json.number("99999999999999999999"));
    }

    @Test
    void written_objects_can_be_read() {
        String json = Json.object(Map.of("quote \"", Json.quoted("back\\slash \u0001")));
        assertEquals(Map.of("quote \"", "\"back\\\\slash \\u0001\""), Json.members(json));
    }
}

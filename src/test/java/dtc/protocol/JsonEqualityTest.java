package dtc.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonEqualityTest {

    @ParameterizedTest
    @CsvSource(quoteCharacter = '\'', delimiter = '|', textBlock = """
            1                     | 1.0                    | true
            1                     | 10e-1                  | true
            100                   | 1E+2                   | true
            0.1                   | 1e-1                   | true
            -0.0                  | 0                      | true
            0e99                  | 0                      | true
            -1                    | 1                      | false
            1e999999999999999999  | 10e999999999999999998  | true
            1e999999999999999999  | 1e999999999999999998   | false
            9007199254740993      | 9007199254740992       | false
            0.30000000000000004   | 0.3                    | false
            12345678901234567890.12 | 12345678901234567890.120 | true
            "1"                   | 1                      | false
            "a"                   | "\\u0061"               | true
            "\\n"                  | "\\u000a"               | true
            "\\/"                  | "/"                    | true
            "\\ud83d\\ude00"        | "\uD83D\uDE00"           | true
            "a"                   | "A"                    | false
            "\\""                  | "\\\\"                  | false
            null                  | "null"                 | false
            null                  | false                  | false
            true                  | true                   | true
            {}                    | []                     | false
            []                    | [[]]                   | false
            [1,2]                 | [2,1]                  | false
            [1,2]                 | [1.0,2e0]              | true
            [12]                  | [1,2]                  | false
            {"a":1,"b":[{}]}      | {"b":[{}],"a":1.0}     | true
            {"a":1}               | {"a":1,"b":null}       | false
            {"a":{"b":1}}         | {"a":{"b":"1"}}        | false
            {"a":"b"}             | {"b":"a"}              | false
            """)
    void values_are_compared_rather_than_text(String one, String other, boolean equal) {
        assertEquals(equal, JsonEquality.isEqual(new JsonText(one), new JsonText(other)));
        assertEquals(equal, JsonEquality.isEqual(new JsonText(other), new JsonText(one)));
    }

    @Test
    void deep_values_are_compared() {
        String deep = "[".repeat(1_000) + "]".repeat(1_000);
        assertEquals(true, JsonEquality.isEqual(new JsonText(deep), new JsonText(" " + deep)));
        String objects = "{\"a\":".repeat(1_000) + "1" + "}".repeat(1_000);
        assertEquals(true, JsonEquality.isEqual(new JsonText(objects), new JsonText(objects.replace("1", "1.0"))));
    }

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private static final Comparator<JsonNode> NUMBERS =
            (one, other) -> one.getNodeType() == JsonNodeType.NUMBER && other.getNodeType() == JsonNodeType.NUMBER
                    ? one.decimalValue().compareTo(other.decimalValue())
                    : one.equals(other) ? 0 : 1;

    /** Compared with a library, which does not accept exponents of any size. The seed is fixed. */
    @Test
    void random_values_are_compared_as_by_a_library() throws JsonProcessingException {
        Random random = new Random(7);
        int equal = 0;
        for (int i = 0; i < 50_000; i++) {
            String one = value(random, 2);
            String other = value(random, 2);
            boolean expected = MAPPER.readTree(one).equals(NUMBERS, MAPPER.readTree(other));
            equal += expected ? 1 : 0;
            assertEquals(expected, JsonEquality.isEqual(new JsonText(one), new JsonText(other)), one + " " + other);
        }
        assertEquals(true, equal > 1_000, "few are equal");
    }

    private static String value(Random random, int depth) {
        return switch (random.nextInt(depth == 0 ? 3 : 5)) {
            case 0 ->
                List.of("1", "1.0", "10e-1", "0.1E1", "100", "1e2", "-1", "0", "-0.0")
                        .get(random.nextInt(9));
            case 1 ->
                List.of("\"a\"", "\"\\u0061\"", "\"\"", "\"\\\\\"", "\"\\\"\"").get(random.nextInt(5));
            case 2 -> List.of("true", "false", "null").get(random.nextInt(3));
            case 3 -> {
                List<String> elements = new ArrayList<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    elements.add(value(random, depth - 1));
                }
                yield "[" + String.join(",", elements) + "]";
            }
            default -> {
                List<String> names = new ArrayList<>(List.of("a", "b"));
                if (random.nextBoolean()) {
                    names = names.reversed();
                }
                List<String> members = new ArrayList<>();
                for (String name : names.subList(0, random.nextInt(3))) {
                    members.add("\"" + name + "\":" + value(random, depth - 1));
                }
                yield "{" + String.join(",", members) + "}";
            }
        };
    }
}

package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleWriteTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    1                    | 2
                    1.5                  | 2.5
                    "a"                  | "a2"
                    true                 | false
                    null                 | 1
                    {}                   | {"other":true}
                    {"a":{"b":1},"c":2}  | {"a":{"b":2},"c":2}
                    []                   | [true]
                    ["x",1]              | ["x2",1]
                    """)
    void a_value_is_varied(String value, String other) {
        assertEquals(
                new SampleWrite("k", value, other),
                SampleWrite.parse("{\"key\":\"k\",\"value\":" + value + "}", null)
                        .orElseThrow());
    }

    @Test
    void a_second_write_contains_the_other_value() {
        assertEquals(
                new SampleWrite("k", "1", "\"x\""),
                SampleWrite.parse("{\"key\":\"k\",\"value\":1}", "{\"value\":\"x\"}")
                        .orElseThrow());
    }
}

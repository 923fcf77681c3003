package dtc.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Text from other systems becomes one line of plain text. */
class PlainTextTest {

    @Test
    void line_breaks_and_direction_marks_are_removed() {
        assertEquals("a b c d e f", PlainText.singleLine("a\nb\u2028c\u2029d\u202ee\u0085f", 100));
        assertEquals("a  b", PlainText.singleLine("a\ud83d b", 100));
        assertEquals(" Grüße, 世界 🙂 ", PlainText.singleLine(" Grüße, 世界 🙂 ", 100));
    }

    @Test
    void long_text_is_truncated_between_characters() {
        assertEquals("ab🙂", PlainText.singleLine("ab🙂cd", 3));
    }

    @ParameterizedTest
    @CsvSource({
        "PT168H, 7 days",
        "PT24H, 1 day",
        "PT36H, 36 hours",
        "PT1H, 1 hour",
        "PT90M, 90 minutes",
        "PT1S, 1 second",
        "PT1.5S, 1500 milliseconds",
        "PT0S, 0 milliseconds"
    })
    void durations_are_readable(Duration duration, String text) {
        assertEquals(text, PlainText.formatDuration(duration));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "1, 1 byte",
        "1023, 1023 bytes",
        "10239, 10239 bytes",
        "10240, 10 KiB",
        "67108863, 63 MiB",
        "67108864, 64 MiB",
        "9223372036854775807, 8589934591 GiB"
    })
    void sizes_are_readable(long bytes, String text) {
        assertEquals(text, PlainText.formatBytes(bytes));
    }
}

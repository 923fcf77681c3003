package dtc.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What others wrote is one line of plain text. */
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
}

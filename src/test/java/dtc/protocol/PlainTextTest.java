package dtc.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What others wrote is one line of plain text. */
class PlainTextTest {

    @Test
    void nothing_begins_a_line_or_turns_the_direction_of_what_follows() {
        assertEquals("a b c d e f", PlainText.line("a\nb\u2028c\u2029d\u202ee\u0085f", 100));
        assertEquals("a  b", PlainText.line("a\ud83d b", 100));
        assertEquals(" Grüße, 世界 🙂 ", PlainText.line(" Grüße, 世界 🙂 ", 100));
    }

    @Test
    void what_is_too_long_is_cut_between_characters() {
        assertEquals("ab🙂", PlainText.line("ab🙂cd", 3));
    }
}

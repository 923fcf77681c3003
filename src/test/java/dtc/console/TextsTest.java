package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What others wrote is one line of plain text. */
class TextsTest {

    @Test
    void nothing_begins_a_line_or_turns_the_direction_of_what_follows() {
        assertEquals("a b c d e f", Texts.line("a\nb\u2028c\u2029d\u202ee\u0085f"));
        assertEquals("Grüße, 世界 🙂", Texts.line(" Grüße, 世界 🙂 "));
    }
}

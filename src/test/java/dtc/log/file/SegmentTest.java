package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SegmentTest {

    @Test
    void names_do_not_depend_on_the_default_locale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-SA-u-nu-arab"));
            assertEquals("\u0661", String.format(Locale.ROOT, "%d", 1), "its digits are not those of ASCII");

            assertEquals("segment-0000000001.log", Segment.name(1));
            assertEquals(OptionalLong.of(1), Segment.number("segment-0000000001.log"));
        } finally {
            Locale.setDefault(before);
        }
    }
}

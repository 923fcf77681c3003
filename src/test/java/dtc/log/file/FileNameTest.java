package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.log.file.FileName.Kind;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

class FileNameTest {

    @Test
    @ResourceLock(Resources.LOCALE)
    void names_do_not_depend_on_the_default_locale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-SA-u-nu-arab"));
            assertEquals("\u0661", String.format(Locale.getDefault(), "%d", 1), "its digits are not those of ASCII");

            assertEquals("segment-0000000001-00000002.log", FileName.segment(1, 2));
            assertEquals("segment-0000000001.log", FileName.segment(1, 0));
            assertEquals("claim-00000003", FileName.claim(3));
            assertEquals("manifest-00000003", FileName.manifest(3));
            assertEquals(new FileName(Kind.SEGMENT, 1, 2), FileName.parse("segment-0000000001-00000002.log"));
            assertEquals(new FileName(Kind.LEGACY_SEGMENT, 1, 0), FileName.parse("segment-0000000001.log"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void other_names_are_not_log_files() {
        for (String name : List.of(
                "segment-1.log",
                "claim-1",
                "claim-EEEEEEEE",
                "claim-0000000x",
                "claim-0000000\u0660",
                "manifest-00000001.old",
                "lock",
                "segment-\u0660\u0660\u0660.log",
                "x")) {
            assertNull(FileName.parse(name), name);
        }
        assertNull(FileName.parse("claim-99999999"), "the highest epoch has 24 bits");
        assertEquals("segment-0000000001.log", FileName.withAsciiDigits("segment-000000000\u0661.log"));
    }

    @Test
    void the_highest_epoch_is_that_of_any_file() {
        assertEquals(0, FileName.highestEpoch(List.of("lock", "segment-0000000009.log")));
        assertEquals(
                7,
                FileName.highestEpoch(
                        List.of("claim-00000003.superseded", "segment-0000000001-00000007.log", "manifest-00000006")));
    }
}

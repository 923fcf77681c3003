package dtc.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrationCodecTest {

    /** Resource manager "o" at "u", without anything optional. */
    private static final String BARE = "01 01016f 020175 031000000000000000010000000000000002";

    private static RegistrationRecord decode(String hex) {
        return RegistrationCodec.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))));
    }

    @Test
    void a_record_is_read_as_it_was_written() {
        RegistrationRecord full = new RegistrationRecord(
                "orders",
                "https://orders.example:8443/rm/orders",
                new UUID(1, 9),
                List.of(new UUID(1, 8), new UUID(1, 7)),
                Set.of("one-phase", "batch", "x".repeat(64)),
                true,
                Instant.ofEpochMilli(1_764_450_000_000L));
        RegistrationRecord bare = new RegistrationRecord(
                "o", "u", new UUID(1, 2), List.of(), Set.of(), false, Instant.EPOCH.plusMillis(1));

        for (RegistrationRecord record : List.of(full, bare)) {
            assertEquals(record, RegistrationCodec.decode(RegistrationCodec.encode(record)));
        }
    }

    @Test
    void the_layout_does_not_change() {
        assertEquals(
                new RegistrationRecord("o", "u", new UUID(1, 2), List.of(), Set.of(), false, Instant.EPOCH),
                decode(BARE));
        assertEquals(
                new RegistrationRecord(
                        "o",
                        "u",
                        new UUID(1, 2),
                        List.of(new UUID(0, 3), new UUID(0, 4)),
                        Set.of("f", "g"),
                        true,
                        Instant.ofEpochMilli(5)),
                decode(BARE + "041000000000000000000000000000000003 041000000000000000000000000000000004"
                        + "050166 050167 060101 80080000000000000005"));
    }

    @Test
    void an_unknown_ancillary_field_is_ignored() {
        assertEquals(decode(BARE), decode(BARE + "ff0101"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "02", "01", "01 01016f", BARE + "070101", BARE + "060102", BARE + "0605"})
    void anything_else_is_refused(String hex) {
        assertThrows(IllegalArgumentException.class, () -> decode(hex));
    }

    @Test
    void the_id_of_a_record_is_that_of_no_transaction() {
        assertNotEquals(RegistrationCodec.recordId("orders"), RegistrationCodec.recordId("payments"));
        for (int i = 0; i < 100; i++) {
            UUID id = RegistrationCodec.recordId("rm-" + i).value();
            assertTrue(id.version() == 8 && id.variant() == 2, id.toString());
        }
    }
}

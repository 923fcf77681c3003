package dtc.log;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.TransactionId;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LogIdentityTest {

    private static final long TIME = 1_790_000_000_000L;

    @Test
    void abort_is_presumed_only_for_ids_that_the_log_issued() {
        LogIdentity identity = new LogIdentity(0xBEEF, 7, Set.of(), 0);
        assertTrue(identity.presumesAbort(id(0xBEEF, 1)));
        assertTrue(identity.presumesAbort(id(0xBEEF, 7)));
        assertFalse(identity.presumesAbort(id(0xBEEF, 8)), "a later process of a copy of this log");
        assertFalse(identity.presumesAbort(id(0xBEEF, 0)));
        assertFalse(identity.presumesAbort(id(0xBEEE, 7)));
        assertFalse(identity.presumesAbort(new TransactionId(UUID.fromString("00000000-0000-4000-8000-000000000000"))));
    }

    @Test
    void abort_is_presumed_for_all_ids_of_an_adopted_tag() {
        LogIdentity identity = new LogIdentity(0xBEEF, 7, Set.of(0xCAFE), 0);
        assertTrue(identity.presumesAbort(id(0xCAFE, 0xFFFFFF)));
        assertFalse(identity.presumesAbort(id(0xCAFF, 1)));
    }

    @Test
    void abort_is_presumed_for_ids_from_before_the_log_received_its_tag() {
        LogIdentity identity = new LogIdentity(0xBEEF, 7, Set.of(), TIME);
        assertTrue(identity.presumesAbort(id(0x1234, 99)));
        assertFalse(identity.presumesAbort(TransactionId.of(TIME + 1, 0, 0x1234, 99, 0)));
        assertTrue(identity.presumesAbort(TransactionId.of(TIME + 1, 0, 0xBEEF, 7, 0)));
    }

    @Test
    void tags_and_epochs_out_of_range_are_refused() {
        assertThrows(IllegalArgumentException.class, () -> new LogIdentity(0x10000, 1, Set.of(), 0));
        assertThrows(IllegalArgumentException.class, () -> new LogIdentity(1, 0, Set.of(), 0));
        assertThrows(IllegalArgumentException.class, () -> new LogIdentity(1, 0x1000000, Set.of(), 0));
        assertThrows(IllegalArgumentException.class, () -> new LogIdentity(1, 1, Set.of(-1), 0));
    }

    private static TransactionId id(int tag, int number) {
        return TransactionId.of(TIME, 0, tag, number, 0);
    }
}

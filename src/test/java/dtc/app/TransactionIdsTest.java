package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Cases 62 and 74: the order of ids survives clocks that jump. */
class TransactionIdsTest {

    private final JumpingTime time = new JumpingTime();

    @Test
    void ids_are_ordered_when_the_clock_is_set_back_or_forth() {
        TransactionIds ids = new TransactionIds(time);
        TransactionId first = ids.get();
        time.clock = time.clock.minus(Duration.ofDays(1));
        time.nanos += 5_000_000;
        TransactionId second = ids.get();
        time.clock = time.clock.plus(Duration.ofDays(365));
        TransactionId third = ids.get();
        assertEquals(7, first.value().version());
        assertTrue(first.isOlderThan(second));
        assertTrue(second.isOlderThan(third));
        assertEquals(5, millis(second) - millis(first));
        assertEquals(millis(second), millis(third));
    }

    @Test
    void ids_follow_the_newest_id_after_a_restart_with_a_clock_set_back() {
        TransactionId before = new TransactionIds(time).get();
        time.clock = time.clock.minus(Duration.ofDays(1));
        TransactionIds after = new TransactionIds(time);
        after.continueAfter(before);
        assertTrue(before.isOlderThan(after.get()));
        assertEquals(1, millis(after.get()) - millis(before));
    }

    private static long millis(TransactionId id) {
        return id.value().getMostSignificantBits() >>> 16;
    }

    private static final class JumpingTime implements Time {
        private Instant clock = Instant.parse("2026-01-01T00:00:00Z");
        private long nanos;

        @Override
        public Instant now() {
            return clock;
        }

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public Timer after(Duration delay, Runnable action) {
            throw new UnsupportedOperationException();
        }
    }
}

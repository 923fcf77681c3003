package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogIdentity;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids stay ordered when the clock jumps. */
class TransactionIdsTest {

    private static final LogIdentity IDENTITY = new LogIdentity(0xBEEF, 7, Set.of(), 0);

    private final JumpingTime time = new JumpingTime();

    @ParameterizedTest
    @ValueSource(strings = {"PT5M", "PT-5M", "PT1H", "PT-1H", "P1D", "P-1D", "P3650D", "P-3650D"})
    void ids_stay_ordered_when_the_clock_jumps(Duration jump) {
        TransactionIds ids = ids();
        TransactionId last = ids.get();
        for (Duration by : new Duration[] {jump, jump.negated(), Duration.ZERO}) {
            time.clock = time.clock.plus(by);
            for (int i = 0; i < 10_000; i++) {
                TransactionId next = ids.get();
                assertTrue(last.isOlderThan(next));
                last = next;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-5M", "PT-1H", "P-1D", "P1D"})
    void ids_follow_the_newest_id_of_an_earlier_process(Duration jump) {
        TransactionIds before = ids();
        before.get();
        TransactionId newest = before.get();
        time.clock = time.clock.plus(jump);
        TransactionIds after = ids();
        after.continueAfter(newest);
        assertTrue(newest.isOlderThan(after.get()));
    }

    @Test
    void an_id_contains_the_time_and_the_identity_of_the_log() {
        TransactionIds ids = ids();
        TransactionId id = ids.get();
        assertEquals(7, id.value().version());
        assertEquals(2, id.value().variant());
        assertEquals(time.clock.toEpochMilli(), id.timeMillis());
        assertEquals(0xBEEF, id.tag());
        assertEquals(7, id.epoch());
        assertEquals(id, TransactionId.parse(id.toString()).orElseThrow());
    }

    @Test
    void ids_of_one_millisecond_differ() {
        TransactionIds ids = ids();
        Set<TransactionId> all = new HashSet<>();
        for (int i = 0; i < 100_000; i++) {
            all.add(ids.get());
        }
        assertEquals(100_000, all.size());
        assertEquals(100_000 / 4096, ids.aheadMillis());
        time.clock = time.clock.plusSeconds(1);
        assertEquals(0, ids.aheadMillis());
        assertEquals(time.clock.toEpochMilli(), ids.get().timeMillis());
    }

    @Test
    void all_fields_are_kept_at_their_limits() {
        TransactionId largest = TransactionId.of(
                TransactionId.TIME_MILLIS_MAX,
                TransactionId.COUNTER_MAX,
                TransactionId.TAG_MAX,
                TransactionId.EPOCH_MAX,
                -1);
        assertEquals(UUID.fromString("7fffffff-ffff-7fff-bfff-ffffffffffff"), largest.value());
        assertEquals(TransactionId.TAG_MAX, largest.tag());
        assertEquals(TransactionId.EPOCH_MAX, largest.epoch());
        TransactionId smallest = TransactionId.of(0, 0, 0, 0, 0);
        assertEquals(UUID.fromString("00000000-0000-7000-8000-000000000000"), smallest.value());
        assertEquals(0, smallest.tag());
        assertEquals(0, smallest.epoch());
    }

    @Test
    void ids_of_other_generators_and_impossible_times_change_nothing() {
        TransactionIds ids = ids();
        ids.continueAfter(new TransactionId(UUID.fromString("ffffffff-ffff-4fff-bfff-ffffffffffff")));
        ids.continueAfter(new TransactionId(UUID.fromString("ffffffff-ffff-7fff-bfff-ffffffffffff")));
        assertEquals(time.clock.toEpochMilli(), ids.get().timeMillis());
    }

    @Test
    void without_an_identity_two_processes_generate_different_ids() {
        TransactionIds one = new TransactionIds(time, null, new Random(1));
        TransactionIds other = new TransactionIds(time, null, new Random(2));
        assertNotEquals(
                one.get().tag() << 24 | one.get().epoch(),
                other.get().tag() << 24 | other.get().epoch());
    }

    private TransactionIds ids() {
        return new TransactionIds(time, IDENTITY, new Random(1));
    }

    private static final class JumpingTime implements Time {
        private Instant clock = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public Instant now() {
            return clock;
        }

        @Override
        public long nanos() {
            return 0;
        }

        @Override
        public Timer after(Duration delay, Runnable action) {
            throw new UnsupportedOperationException();
        }
    }
}

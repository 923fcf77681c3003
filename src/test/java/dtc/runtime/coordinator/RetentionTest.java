package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.TransactionId;
import dtc.runtime.FakeTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RetentionTest {

    private static final Duration AGE = Duration.ofHours(1);

    private final FakeTime time = new FakeTime();
    private final List<TransactionId> forgotten = new ArrayList<>();
    private final Retention retention = new Retention(time, AGE, 3, 100, forgotten::add);

    @Test
    void a_transaction_is_forgotten_after_the_retention_time() {
        retention.add(id(1), 1, Duration.ZERO);
        time.advance(AGE.minusMinutes(1));
        assertEquals(List.of(), forgotten);
        time.advance(Duration.ofMinutes(2));
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void the_time_before_a_restart_counts() {
        retention.add(id(1), 1, AGE.minusMinutes(1));
        time.advance(Duration.ofMinutes(2));
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void those_that_finished_first_are_forgotten_if_there_are_too_many() {
        for (int i = 1; i <= 5; i++) {
            retention.add(id(i), 1, Duration.ZERO);
        }
        assertEquals(List.of(id(1), id(2)), forgotten);
    }

    @Test
    void those_that_finished_first_are_forgotten_if_they_take_too_much_memory() {
        retention.add(id(1), 40, Duration.ZERO);
        retention.add(id(2), 40, Duration.ZERO);
        retention.add(id(3), 60, Duration.ZERO);
        assertEquals(List.of(id(1)), forgotten);
        retention.remove(id(2));
        retention.add(id(4), 40, Duration.ZERO);
        assertEquals(List.of(id(1)), forgotten);
        retention.add(id(5), 1, Duration.ZERO);
        assertEquals(List.of(id(1), id(3)), forgotten);
    }

    @Test
    void the_newest_transaction_is_kept_regardless_of_its_size() {
        retention.add(id(1), 1_000, Duration.ZERO);
        assertEquals(List.of(), forgotten);
        retention.add(id(2), 1_000, Duration.ZERO);
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void a_removed_transaction_is_not_forgotten() {
        retention.add(id(1), 1, Duration.ZERO);
        assertTrue(retention.remove(id(1)));
        assertFalse(retention.remove(id(1)));
        time.advance(AGE.multipliedBy(2));
        assertEquals(List.of(), forgotten);
    }

    private static TransactionId id(int number) {
        return new TransactionId(new UUID(0, number));
    }
}

package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.coordinator.Transaction;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The limits of timelines of ended transactions. */
class EndedTimelinesTest {

    private static final int EMPTY = timeline(0).bytes();

    @Test
    void the_oldest_is_removed_if_there_are_too_many() {
        Timelines.Ended ended = new Timelines.Ended(2, Long.MAX_VALUE);
        add(ended, 1, 2, 3);
        assertEquals(List.of(2, 3), found(ended));
    }

    @Test
    void the_oldest_are_removed_if_they_take_too_much_memory() {
        Timelines.Ended ended = new Timelines.Ended(100, 3L * EMPTY);
        add(ended, 1, 2, 3);
        assertEquals(List.of(1, 2, 3), found(ended));
        Timeline long4 = timeline(4);
        deliver(long4, 3 * EMPTY / 150);
        ended.add(id(4), long4);
        assertEquals(List.of(4), found(ended));
    }

    @Test
    void what_is_added_later_counts_too() {
        Timelines.Ended ended = new Timelines.Ended(100, 3L * EMPTY);
        add(ended, 1, 2);
        Timeline growing = timeline(3);
        ended.add(id(3), growing);
        deliver(growing, 1);
        ended.changed(id(3));
        assertEquals(List.of(2, 3), found(ended));
    }

    @Test
    void what_is_removed_no_longer_counts() {
        Timelines.Ended ended = new Timelines.Ended(100, 2L * EMPTY);
        add(ended, 1, 2);
        ended.remove(id(1));
        assertNull(ended.find(id(1)));
        add(ended, 3);
        assertEquals(List.of(2, 3), found(ended));
    }

    @Test
    void the_newest_is_kept_however_long_it_is() {
        Timelines.Ended ended = new Timelines.Ended(100, 1);
        add(ended, 1, 2);
        assertEquals(List.of(2), found(ended));
    }

    @Test
    void a_timeline_of_endless_retries_is_limited() {
        Timeline timeline = timeline(1);
        deliver(timeline, 10_000);
        int full = timeline.bytes();
        deliver(timeline, 1);
        assertEquals(full, timeline.bytes());
        assertNotNull(timeline.snapshot(1).events().stream()
                .filter(TimelineEvent.Omitted.class::isInstance)
                .findFirst()
                .orElse(null));
    }

    private static void add(Timelines.Ended ended, int... numbers) {
        for (int number : numbers) {
            ended.add(id(number), timeline(number));
        }
    }

    private static List<Integer> found(Timelines.Ended ended) {
        return IntStream.range(1, 10)
                .filter(number -> ended.find(id(number)) != null)
                .boxed()
                .toList();
    }

    private static void deliver(Timeline timeline, int times) {
        for (int i = 0; i < times; i++) {
            timeline.sent("orders", Outcome.COMMIT, i);
        }
    }

    private static Timeline timeline(int number) {
        return new Timeline(Transaction.begin(id(number), Origin.ANONYMOUS, Instant.EPOCH, Instant.EPOCH), 0);
    }

    private static TransactionId id(int number) {
        return new TransactionId(new UUID(0x7000, 0x8000000000000000L + number));
    }
}

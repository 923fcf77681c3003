package dtc.log.fenced;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dtc.log.AppendResult;
import dtc.log.fenced.Owner.Formats;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a {@link FencedStore} guarantees with any implementation of the store below it. */
public abstract class FencedStoreContract {

    private static final AppendResult STORED = new AppendResult.Stored();
    private static final AppendResult FENCED = new AppendResult.Fenced();

    private final String cluster = "test-" + UUID.randomUUID();
    private final List<String> fatal = new ArrayList<>();

    private FencedStore first;
    private FencedStore second;
    private Held one;
    private Held two;

    /** The same store at every call. */
    protected abstract KeyValueStore store();

    @BeforeEach
    void createTwoNumbers() throws Exception {
        first = process(Formats.SUPPORTED);
        second = process(Formats.SUPPORTED);
        one = get(first.create("first:1"));
        two = get(second.create("second:2"));
    }

    private FencedStore process(Formats formats) {
        return new FencedStore(
                store(),
                cluster,
                RandomGenerator.getDefault(),
                (delay, action) -> CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS)
                        .execute(action),
                fatal::add,
                formats);
    }

    protected static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static ByteBuffer batch(long number) {
        return ByteBuffer.wrap(("batch " + number).getBytes(StandardCharsets.UTF_8));
    }

    private static Held sealed(SealResult result) {
        return assertInstanceOf(SealResult.Sealed.class, result).held();
    }

    private void append(FencedStore process, Held held, long first, long last) throws Exception {
        for (long sequence = first; sequence <= last; sequence++) {
            assertEquals(STORED, get(process.append(held, sequence, batch(sequence))));
        }
    }

    private static SequencedMap<Long, ByteBuffer> read(FencedStore process, Held held) throws Exception {
        SequencedMap<Long, ByteBuffer> batches = new LinkedHashMap<>();
        assertEquals(Holding.HELD, get(process.read(held, batches::put)));
        return batches;
    }

    // Numbers

    @Test
    void each_process_creates_a_number_of_its_own() throws Exception {
        assertEquals(List.of(1, 2), List.of(one.number(), two.number()));
        assertNotEquals(one.owner().claim(), two.owner().claim());
        assertEquals(first.identity(), second.identity());
        assertEquals(new NumberState.Issued(one.owner()), get(second.find(1)));
        assertEquals(new NumberState.NeverIssued(), get(second.find(3)));
        assertEquals(new TreeMap<>(Map.of(1, one.owner(), 2, two.owner())), get(second.owners()));
    }

    @Test
    void numbers_that_are_created_at_the_same_time_are_different() throws Exception {
        List<CompletionStage<Held>> creations = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            creations.add(process(Formats.SUPPORTED).create("at:once"));
        }
        Set<Integer> numbers = new TreeSet<>();
        for (CompletionStage<Held> creation : creations) {
            numbers.add(get(creation).number());
        }
        assertEquals(Set.of(3, 4, 5, 6, 7), numbers);
    }

    @Test
    void clusters_do_not_share_numbers() throws Exception {
        FencedStore other = new FencedStore(
                store(), cluster + "-b", RandomGenerator.getDefault(), (_, _) -> {}, fatal::add, Formats.SUPPORTED);
        assertEquals(1, get(other.create("other:1")).number());
        assertEquals(Set.of(1), get(other.owners()).keySet());
    }

    @Test
    void a_finished_number_is_done() throws Exception {
        append(first, one, 1, 3);
        assertEquals(Holding.HELD, get(first.finish(one)));

        assertEquals(new NumberState.Done(), get(second.find(1)));
        assertEquals(Set.of(2), get(second.owners()).keySet());
        assertEquals(FENCED, get(first.append(one, 4, batch(4))));
        assertEquals(Holding.HELD, get(first.finish(one)), "again, after a lost answer");
        assertEquals(new SealResult.Changed(), get(second.seal(1, one.owner(), two)));
        assertEquals(3, get(process(Formats.SUPPORTED).create("third:3")).number());
    }

    // Seals

    @Test
    void a_seal_returns_the_head_and_fences_the_owner() throws Exception {
        append(first, one, 1, 2);
        Held held = sealed(get(second.seal(1, one.owner(), two)));

        assertEquals(List.of(1L, 2L), List.of((long) held.number(), held.head()));
        assertEquals(2, held.owner().holder());
        assertEquals("second:2", held.owner().address());
        assertEquals(FENCED, get(first.append(one, 3, batch(3))));
        assertEquals(Holding.FENCED, get(first.delete(one, 1)));
        assertEquals(Holding.FENCED, get(first.finish(one)));
        assertEquals(Holding.FENCED, get(first.confirm(one)));
        assertEquals(Holding.FENCED, get(first.read(one, (_, _) -> {})));
        assertEquals(2, read(second, held).size());
        append(second, held, 3, 3);
        assertEquals(3, get(first.head(1)));
    }

    @Test
    void only_one_of_two_seals_succeeds() throws Exception {
        FencedStore third = process(Formats.SUPPORTED);
        Held three = get(third.create("third:3"));
        Held held = sealed(get(second.seal(1, one.owner(), two)));

        assertEquals(new SealResult.Changed(), get(third.seal(1, one.owner(), three)));
        assertEquals(Holding.HELD, get(second.confirm(held)));
        Held again = sealed(get(third.seal(1, held.owner(), three)));
        assertNotEquals(held.owner().claim(), again.owner().claim());
        assertEquals(Holding.FENCED, get(second.confirm(held)));
    }

    @Test
    void a_second_seal_by_the_same_process_has_a_new_claim() throws Exception {
        FencedStore third = process(Formats.SUPPORTED);
        Held three = get(third.create("third:3"));
        Held held = sealed(get(second.seal(1, one.owner(), two)));
        Held lost = sealed(get(third.seal(1, held.owner(), three)));
        Held again = sealed(get(second.seal(1, lost.owner(), two)));

        assertNotEquals(held.owner(), again.owner());
        assertEquals(FENCED, get(second.append(held, 1, batch(1))), "under the first claim");
        append(second, again, 1, 1);
    }

    @Test
    void a_process_whose_number_is_sealed_cannot_seal() throws Exception {
        FencedStore third = process(Formats.SUPPORTED);
        Held three = get(third.create("third:3"));
        sealed(get(third.seal(2, two.owner(), three)));

        assertEquals(new SealResult.Fenced(), get(second.seal(1, one.owner(), two)));
        assertEquals(new NumberState.Issued(one.owner()), get(first.find(1)));
    }

    @Test
    void a_number_with_an_unknown_format_is_not_sealed() throws Exception {
        FencedStore newer = process(new Formats(1, 2, 2));
        Held three = get(newer.create("third:3"));

        assertEquals(new SealResult.UnknownFormat(), get(first.seal(3, three.owner(), one)));
        assertEquals(Holding.HELD, get(newer.confirm(three)));
        assertInstanceOf(SealResult.Sealed.class, get(newer.seal(1, one.owner(), three)));
    }

    // Appends

    @Test
    void an_append_that_is_sent_again_is_stored_once() throws Exception {
        append(first, one, 1, 1);
        assertEquals(STORED, get(first.append(one, 1, batch(1))));
        append(first, one, 2, 2);
        Held held = sealed(get(second.seal(1, one.owner(), two)));
        assertEquals(List.of(2L, 1L), List.copyOf(read(second, held).sequencedKeySet()));
    }

    @Test
    void a_batch_that_is_too_long_is_refused() throws Exception {
        assertInstanceOf(
                AppendResult.Refused.class, get(first.append(one, 1, ByteBuffer.allocate(LogBatch.BYTES_MAX + 1))));
        assertEquals(STORED, get(first.append(one, 1, ByteBuffer.allocate(LogBatch.BYTES_MAX))));
    }

    @Test
    void another_batch_with_the_same_number_is_fatal() throws Exception {
        append(first, one, 1, 1);
        CompletionStage<AppendResult> other = first.append(one, 1, batch(7));

        assertInstanceOf(
                StoreChangedException.class,
                assertThrows(ExecutionException.class, () -> get(other)).getCause());
        assertEquals(List.of("batch 1 of number 1 cannot be appended: the newest batch is 1"), fatal);
    }

    // Reads

    @Test
    void a_log_is_read_newest_batch_first_in_pages() throws Exception {
        append(first, one, 1, 300);
        Held held = sealed(get(second.seal(1, one.owner(), two)));
        SequencedMap<Long, ByteBuffer> batches = read(second, held);

        assertEquals(
                LongStream.rangeClosed(1, 300).boxed().toList().reversed(), List.copyOf(batches.sequencedKeySet()));
        batches.forEach((sequence, bytes) -> assertEquals(batch(sequence), bytes));
    }

    @Test
    void large_batches_are_read_in_small_pages() throws Exception {
        append(first, one, 1, 20);
        for (long sequence = 21; sequence <= 30; sequence++) {
            assertEquals(STORED, get(first.append(one, sequence, ByteBuffer.allocate(LogBatch.BYTES_MAX))));
        }
        append(first, one, 31, 200);
        Held held = sealed(get(second.seal(1, one.owner(), two)));

        assertEquals(200, read(second, held).size());
    }

    @Test
    void batches_that_were_deleted_are_left_out() throws Exception {
        append(first, one, 1, 5);
        assertEquals(Holding.HELD, get(first.delete(one, 1)));
        assertEquals(Holding.HELD, get(first.delete(one, 2)));
        assertEquals(Holding.HELD, get(first.delete(one, 2)), "again, after a lost answer");
        Held held = sealed(get(second.seal(1, one.owner(), two)));

        assertEquals(List.of(5L, 4L, 3L), List.copyOf(read(second, held).sequencedKeySet()));
        assertEquals(batch(4), get(second.batch(held, 4)).orElseThrow());
    }

    @Test
    void a_new_log_is_empty() throws Exception {
        assertEquals(Map.of(), read(first, one));
        Held held = sealed(get(second.seal(1, one.owner(), two)));
        assertEquals(0, held.head());
        assertEquals(Map.of(), read(second, held));
    }
}

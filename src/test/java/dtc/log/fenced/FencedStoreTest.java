package dtc.log.fenced;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.fenced.Owner.Formats;
import dtc.runtime.FakeTime;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Late, repeated and missing answers, and stores that lost data. */
class FencedStoreTest extends FencedStoreContract {

    private static final ByteBuffer BATCH = ByteBuffer.wrap(new byte[] {1, 2, 3});
    private static final ByteBuffer NEXT = ByteBuffer.wrap(new byte[] {4, 5});

    private final MemoryKeyValueStore memory = new MemoryKeyValueStore();
    private final SteppedStore steps = new SteppedStore(memory);
    private final FakeTime time = new FakeTime();
    private final List<String> fatal = new ArrayList<>();

    private FencedStore process;
    private Held held;
    private FencedStore other;
    private Held otherHeld;

    @Override
    protected KeyValueStore store() {
        return memory;
    }

    @BeforeEach
    void createNumbers() throws Exception {
        process = newProcess(steps);
        held = get(process.create("process:1"));
        other = newProcess(memory);
        otherHeld = get(other.create("other:1"));
    }

    private FencedStore newProcess(KeyValueStore store) {
        return new FencedStore(store, "c", RandomGenerator.getDefault(), time::after, fatal::add, Formats.SUPPORTED);
    }

    private Held sealByOther() throws Exception {
        return assertInstanceOf(SealResult.Sealed.class, get(other.seal(held.number(), held.owner(), otherHeld)))
                .held();
    }

    private static boolean isDone(CompletionStage<?> stage) {
        return stage.toCompletableFuture().isDone();
    }

    @Test
    void a_request_without_an_answer_is_sent_again_after_a_pause_without_limit() throws Exception {
        steps.stop();
        CompletionStage<AppendResult> append = process.append(held, 1, BATCH);
        for (int i = 1; i <= 50; i++) {
            assertEquals(i, steps.requests().size());
            steps.last().lose();
            assertEquals(i, steps.requests().size());
            time.advance(StoreRequests.RESEND_PAUSE);
        }
        assertFalse(isDone(append));
        steps.last().execute().answer();
        assertEquals(new AppendResult.Stored(), get(append));
        assertEquals(1, memory.keys("/log/").size());
    }

    @Test
    void an_append_that_was_executed_without_an_answer_is_stored() throws Exception {
        steps.stop();
        CompletionStage<AppendResult> append = process.append(held, 1, BATCH);
        steps.last().execute().lose();
        time.advance(StoreRequests.RESEND_PAUSE);
        steps.last().execute().answer();

        assertEquals(new AppendResult.Stored(), get(append));
    }

    @Test
    void an_append_that_was_executed_before_a_seal_is_fenced_and_not_refused() throws Exception {
        steps.stop();
        CompletionStage<AppendResult> append = process.append(held, 1, BATCH);
        steps.last().execute().lose();
        assertEquals(1, sealByOther().head());
        time.advance(StoreRequests.RESEND_PAUSE);
        steps.last().execute().answer();

        assertEquals(new AppendResult.Fenced(), get(append));
    }

    @Test
    void a_late_append_changes_nothing_after_a_seal() throws Exception {
        steps.stop();
        CompletionStage<AppendResult> append = process.append(held, 1, BATCH);
        SteppedStore.Request<?> late = steps.last();
        late.lose();
        Held sealed = sealByOther();
        late.execute();
        assertEquals(0, memory.keys("/log/").size());
        assertEquals(new AppendResult.Stored(), get(other.append(sealed, 1, NEXT)));
        time.advance(StoreRequests.RESEND_PAUSE);
        steps.last().execute().answer();
        assertEquals(new AppendResult.Fenced(), get(append));
    }

    @Test
    void a_late_append_changes_nothing_after_later_appends() throws Exception {
        steps.stop();
        CompletionStage<AppendResult> append = process.append(held, 1, BATCH);
        SteppedStore.Request<?> late = steps.last();
        late.execute().answer();
        steps.go();
        assertEquals(new AppendResult.Stored(), get(append));
        assertEquals(new AppendResult.Stored(), get(process.append(held, 2, NEXT)));
        assertEquals(Holding.HELD, get(process.delete(held, 1)));
        long revision = memory.revision();
        late.execute();

        assertEquals(revision, memory.revision());
    }

    @Test
    void a_number_that_was_created_without_an_answer_is_created_once() throws Exception {
        SteppedStore answers = new SteppedStore(memory);
        FencedStore third = newProcess(answers);
        answers.stop();
        CompletionStage<Held> create = third.create("third:1");
        answers.last().execute().answer(); // the read
        answers.last().execute().lose();
        newProcess(memory).create("fourth:1");
        time.advance(StoreRequests.RESEND_PAUSE);
        answers.last().execute().answer();

        assertEquals(3, get(create).number());
        assertEquals(Set.of(1, 2, 3, 4), get(other.owners()).keySet());
    }

    @Test
    void a_number_that_another_process_takes_first_is_not_used() throws Exception {
        SteppedStore answers = new SteppedStore(memory);
        FencedStore third = newProcess(answers);
        answers.stop();
        CompletionStage<Held> create = third.create("third:1");
        answers.last().execute().answer();
        assertEquals(3, get(newProcess(memory).create("fourth:1")).number());
        answers.go();
        answers.last().execute().answer();

        assertEquals(4, get(create).number());
    }

    @Test
    void a_seal_that_was_executed_without_an_answer_succeeds() throws Exception {
        steps.stop();
        CompletionStage<SealResult> seal = process.seal(2, otherHeld.owner(), held);
        steps.last().execute().lose();
        time.advance(StoreRequests.RESEND_PAUSE);
        steps.last().execute().answer();

        Held sealed = assertInstanceOf(SealResult.Sealed.class, get(seal)).held();
        steps.go();
        assertEquals(Holding.HELD, get(process.confirm(sealed)));
    }

    @Test
    void a_late_seal_changes_nothing_after_another_one() throws Exception {
        steps.stop();
        CompletionStage<SealResult> seal = process.seal(2, otherHeld.owner(), held);
        SteppedStore.Request<?> late = steps.last();
        late.lose();
        FencedStore third = newProcess(memory);
        Held three = get(third.create("third:1"));
        Held sealed = assertInstanceOf(SealResult.Sealed.class, get(third.seal(2, otherHeld.owner(), three)))
                .held();
        late.execute();
        time.advance(StoreRequests.RESEND_PAUSE);
        steps.last().execute().answer();

        assertEquals(new SealResult.Changed(), get(seal));
        assertEquals(Holding.HELD, get(third.confirm(sealed)));
    }

    @Test
    void a_read_is_fenced_if_the_number_is_sealed_before_its_end() throws Exception {
        for (long sequence = 1; sequence <= 4; sequence++) {
            get(process.append(held, sequence, BATCH));
        }
        Held current = new Held(held.number(), held.owner(), 4);
        steps.stop();
        List<Long> read = new ArrayList<>();
        CompletionStage<Holding> result = process.read(current, (sequence, _) -> read.add(sequence));
        steps.last().execute().answer();
        assertEquals(List.of(4L, 3L), read);
        Held sealed = sealByOther();
        get(other.append(sealed, 5, NEXT));
        steps.go();
        steps.last().execute().answer();

        assertEquals(Holding.FENCED, get(result));
        assertEquals(List.of(4L, 3L, 2L, 1L), read);
    }

    @Test
    void a_read_is_fenced_if_another_process_deletes_batches_meanwhile() throws Exception {
        for (long sequence = 1; sequence <= 4; sequence++) {
            get(process.append(held, sequence, BATCH));
        }
        Held sealed = sealByOther();
        for (long sequence = 1; sequence <= 3; sequence++) {
            get(other.delete(sealed, sequence));
        }
        get(other.finish(sealed));
        assertEquals(Holding.FENCED, get(process.read(new Held(held.number(), held.owner(), 4), (_, _) -> {})));
        assertEquals(List.of(), fatal);
    }

    @Test
    void a_missing_batch_is_fatal() throws Exception {
        for (long missing : List.of(1L, 3L, 4L, 5L)) {
            FencedStore owner = newProcess(memory);
            Held number = get(owner.create("owner:1"));
            for (long sequence = 1; sequence <= 5; sequence++) {
                get(owner.append(number, sequence, BATCH));
            }
            memory.remove(memory.batches(number.number()).get((int) missing - 1));
            fatal.clear();
            CompletionStage<Holding> read = owner.read(new Held(number.number(), number.owner(), 5), (_, _) -> {});
            // Without the oldest batch, the log looks like one that was cleaned.
            assertEquals(
                    missing == 1
                            ? List.of()
                            : List.of("batch %s of number %s is missing".formatted(missing, number.number())),
                    fatal);
            assertEquals(missing > 1, read.toCompletableFuture().isCompletedExceptionally());
        }
    }

    @Test
    void another_store_is_fatal() throws Exception {
        steps.replace(memory.copy("another", memory.revision()));
        CompletionStage<AppendResult> append = process.append(held, 1, BATCH);

        assertEquals(List.of("the store has the id another instead of memory"), fatal);
        assertTrue(append.toCompletableFuture().isCompletedExceptionally());
        assertTrue(process.append(held, 1, BATCH).toCompletableFuture().isCompletedExceptionally());
        assertEquals(1, fatal.size());
    }

    @Test
    void a_store_with_the_content_of_another_one_is_fatal() {
        FencedStore third = newProcess(memory.copy("restored", memory.revision()));
        assertTrue(third.create("third:1").toCompletableFuture().isCompletedExceptionally());
        assertEquals(List.of("the store has the id restored, but its content is from the store memory"), fatal);
    }

    @Test
    void a_lower_revision_is_fatal() throws Exception {
        get(process.append(held, 1, BATCH));
        long revision = memory.revision();
        steps.replace(memory.copy("memory", revision - 2));
        process.append(held, 2, NEXT);

        assertEquals(
                List.of("the revision of the store is %s, but it was %s before".formatted(revision - 1, revision)),
                fatal);
    }

    @Test
    void an_answer_that_is_overtaken_by_a_newer_one_is_not_fatal() throws Exception {
        steps.stop();
        CompletionStage<NumberState> early = process.find(1);
        SteppedStore.Request<?> overtaken = steps.last().execute();
        steps.go();
        get(process.append(held, 1, BATCH));
        overtaken.answer();

        assertInstanceOf(NumberState.Issued.class, get(early));
        assertEquals(List.of(), fatal);
    }

    @Test
    void other_tags_are_fatal() throws Exception {
        StoreIdentity identity = process.identity();
        memory.put(
                "dtc/c/store",
                new StoreIdentity(identity.storeId(), List.of((identity.tag() + 1) % 0x10000, identity.tag()))
                        .encode());
        process.append(held, 1, BATCH);

        assertEquals(List.of("the identity of the store has changed; it was " + identity), fatal);
        assertEquals(0, memory.keys("/log/").size());
    }

    @Test
    void numbers_of_dead_holders_and_own_numbers_that_are_not_held_are_abandoned() {
        TreeMap<Integer, Owner> owners =
                new TreeMap<>(Map.of(1, owner(1), 2, owner(2), 3, owner(2), 4, owner(4), 5, owner(4), 6, owner(6)));
        assertEquals(
                Set.of(2, 3, 5),
                FencedStore.abandoned(owners, number -> number != 2, 4, Set.of(4))
                        .keySet());
        assertEquals(
                Set.of(2, 3),
                FencedStore.abandoned(owners, number -> number != 2, 4, Set.of(4, 5))
                        .keySet());
    }

    private static Owner owner(int holder) {
        return new Owner("claim", holder, Formats.SUPPORTED, "host:1");
    }
}

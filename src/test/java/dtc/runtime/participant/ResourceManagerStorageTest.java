package dtc.runtime.participant;

import static dtc.runtime.participant.HostedParticipantContract.await;
import static dtc.runtime.participant.HostedParticipantContract.event;
import static dtc.runtime.participant.HostedParticipantContract.id;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.protocol.Vote;
import dtc.resource.Change;
import dtc.resource.DictionaryLimits;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.CommitRefused;
import dtc.resource.ResourceEffect.Committed;
import dtc.resource.ResourceEffect.RollbackRefused;
import dtc.resource.ResourceEffect.RolledBack;
import dtc.resource.ResourceEffect.Staged;
import dtc.resource.ResourceEffect.Unknown;
import dtc.resource.ResourceEvent;
import dtc.runtime.FakeTime;
import dtc.runtime.participant.HostedParticipant.Progress;
import dtc.runtime.participant.StoreException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Which answers wait for the store, and what follows when it fails. */
class ResourceManagerStorageTest {

    private static final TransactionId ONE = id(1);
    private static final TransactionId TWO = id(2);
    private static final TransactionId THREE = id(3);
    private static final Duration SECONDS = Duration.ofSeconds(3);

    private final FakeTime time = new FakeTime();
    private final FakeCoordinatorLink coordinator = new FakeCoordinatorLink();
    private final ManualStore store = new ManualStore();
    private final ResourceManager resourceManager = started();

    private ResourceManager created() {
        return TestResourceManagers.over(
                time, coordinator, new DictionaryLimits(10, 1_000, DictionaryLimits.UNLIMITED, 10), store);
    }

    private ResourceManager started() {
        ResourceManager created = created();
        created.start().toCompletableFuture().join();
        return created;
    }

    private CompletableFuture<Progress<Ballot>> prepare(TransactionId id, ResourceEvent.Write... writes) {
        return resourceManager
                .prepare(new ResourceEvent.Prepare(id, List.of(writes), null))
                .toCompletableFuture();
    }

    private CompletableFuture<Progress<CommitAnswer>> commit(TransactionId id) {
        return resourceManager.commit(new ResourceEvent.Commit(id, null)).toCompletableFuture();
    }

    private CompletableFuture<?> rollback(TransactionId id) {
        return resourceManager.rollback(id).toCompletableFuture();
    }

    private static void assertUnavailable(CompletionStage<?> stage) {
        CompletionException failure = assertThrows(
                CompletionException.class, () -> stage.toCompletableFuture().join());
        assertInstanceOf(StoreException.class, failure.getCause());
    }

    private static <T> Progress<T> done(T answer) {
        return new Progress.Done<>(answer);
    }

    @Test
    void an_answer_waits_until_its_change_is_durable_and_so_does_a_repeated_one() throws Exception {
        assertInstanceOf(Staged.class, await(resourceManager.write(event(ONE, 1, "k", "1"))), "not stored");
        CompletableFuture<?> vote = prepare(ONE);
        CompletableFuture<?> again = prepare(ONE);
        assertFalse(vote.isDone() || again.isDone());
        store.storeAll();
        assertEquals(done(Ballot.COMMIT), vote.join());
        assertEquals(done(Ballot.COMMIT), again.join());
        assertEquals(done(Ballot.COMMIT), prepare(ONE).join(), "nothing to wait for");
        CompletableFuture<?> commit = commit(ONE);
        CompletableFuture<?> repeated = commit(ONE);
        CompletableFuture<?> tooLate = rollback(ONE);
        CompletableFuture<?> voted = prepare(ONE);
        assertFalse(commit.isDone() || repeated.isDone() || tooLate.isDone() || voted.isDone());
        store.storeAll();
        assertEquals(done(new Committed(ONE)), commit.join());
        assertEquals(done(new Committed(ONE)), repeated.join());
        assertEquals(new RollbackRefused(ONE), tooLate.join());
        assertEquals(done(Ballot.COMMIT), voted.join());
    }

    @Test
    void a_refusal_waits_until_it_is_durable() {
        CompletableFuture<?> unknown = commit(ONE);
        CompletableFuture<?> onePhase =
                resourceManager.commit(new ResourceEvent.Commit(TWO, 1)).toCompletableFuture();
        CompletableFuture<?> rollback = rollback(THREE);
        CompletableFuture<?> late =
                resourceManager.write(event(THREE, 1, "k", "1")).toCompletableFuture();
        CompletableFuture<?> abort = prepare(id(4));
        for (CompletableFuture<?> answer : List.of(unknown, onePhase, rollback, late, abort)) {
            assertFalse(answer.isDone());
        }
        store.storeAll();
        assertEquals(done(new Unknown(ONE)), unknown.join());
        assertInstanceOf(CommitRefused.class, ((Progress.Done<?>) onePhase.join()).answer());
        assertEquals(new RolledBack(THREE), rollback.join());
        assertTrue(late.isDone() && abort.isDone());
    }

    @Test
    void reads_wait_for_earlier_changes() {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        CompletableFuture<?> before = resourceManager.entry("k").toCompletableFuture();
        store.reads.remove().complete(Map.of());
        assertEquals(Optional.empty(), before.join());
        var _ = commit(ONE);
        CompletableFuture<Optional<JsonText>> after = resourceManager.entry("k").toCompletableFuture();
        CompletableFuture<?> page = resourceManager.entries(null, 10).toCompletableFuture();
        CompletableFuture<?> open = resourceManager.openTransactions(10).toCompletableFuture();
        assertTrue(store.reads.isEmpty());
        assertFalse(page.isDone() || open.isDone());
        store.storeAll();
        store.reads.remove().complete(Map.of("k", new JsonText("1")));
        assertEquals(Optional.of(new JsonText("1")), after.join());
        assertEquals(Map.of("k", new JsonText("1")), page.join());
        assertEquals(Map.of(), open.join());
    }

    @Test
    void one_append_is_made_at_a_time_and_the_changes_in_between_follow_together() {
        store.batchMax = 2;
        for (int i = 1; i <= 4; i++) {
            var _ = rollback(id(i));
        }
        assertEquals(List.of(ONE), ids(store.appends.element()));
        assertEquals(1, store.appends.size());
        ManualStore.Append first = store.appends.remove();
        store.store(first);
        first.answer().complete(null);
        assertEquals(List.of(TWO, THREE), ids(store.appends.element()));
        store.storeAll();
        assertEquals(4, store.tables.ended.size());
    }

    @Test
    void under_load_an_append_is_delayed_so_that_more_changes_share_it() {
        store.appendDelay = Duration.ofMillis(5);
        rollBack(1, 1);
        assertEquals(1, store.appends.size(), "a single change is not delayed");
        rollBack(2, 9);
        store.storeNext();
        assertEquals(8, store.appends.element().changes().size(), "one change before them is no load");
        rollBack(10, 10);
        store.storeNext();
        CompletableFuture<?> delayed = rollback(id(11));
        time.advance(Duration.ofMillis(4));
        assertTrue(store.appends.isEmpty());
        time.advance(Duration.ofMillis(1));
        assertEquals(
                List.of(id(10), id(11)),
                ids(store.appends.element()).subList(0, 2),
                "the rest are evictions of outcomes");
        store.storeNext();
        assertTrue(delayed.isDone());
        rollBack(12, 12);
        assertEquals(1, store.appends.size(), "no load any more");
    }

    private void rollBack(long first, long last) {
        for (long i = first; i <= last; i++) {
            var _ = rollback(id(i));
        }
    }

    @Test
    void a_session_that_fails_during_the_delay_of_an_append_stores_nothing() {
        store.appendDelay = Duration.ofMillis(5);
        rollBack(1, 9);
        store.storeNext();
        store.storeNext();
        CompletableFuture<?> delayed = rollback(id(10));
        store.fenced = true;
        assertUnavailable(resourceManager.identity());
        time.advance(Duration.ofMillis(5));
        assertTrue(store.appends.isEmpty());
        assertUnavailable(delayed);
    }

    private static List<TransactionId> ids(ManualStore.Append append) {
        return append.changes().stream().map(Change::id).toList();
    }

    @Test
    void a_vote_that_waits_for_the_store_is_not_blocked_and_one_that_waits_for_a_key_is() {
        var _ = prepare(TWO, event(TWO, 1, "k", "2"));
        store.storeAll();
        CompletableFuture<Progress<Ballot>> waits = prepare(ONE, event(ONE, 1, "k", "1"));
        CompletionStage<Ballot> vote = ((Progress.Blocked<Ballot>) waits.join()).answer();
        var _ = commit(TWO);
        assertFalse(vote.toCompletableFuture().isDone());
        assertFalse(prepare(ONE).isDone(), "it has the key, and waits for the store");
        store.storeAll();
        assertEquals(Ballot.COMMIT, vote.toCompletableFuture().join());
    }

    @Test
    void conditions_are_read_once_the_key_is_held_and_earlier_changes_are_durable() {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        var _ = commit(ONE);
        CompletableFuture<Progress<Ballot>> vote = prepare(
                TWO,
                new ResourceEvent.Write(TWO, 1, "k", new Update.Delete(), new Condition.HasValue(new JsonText("1"))));
        assertTrue(store.reads.isEmpty(), "the commit is not durable yet");
        assertEquals(1, resourceManager.statistics().lockedKeys());
        store.storeAll();
        store.reads.remove().complete(Map.of("k", new JsonText("1")));
        assertFalse(vote.isDone());
        store.storeAll();
        assertEquals(done(Ballot.COMMIT), vote.join());
    }

    @Test
    void after_an_append_of_unknown_fate_the_store_is_opened_again_before_anything_else() throws Exception {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        await(resourceManager.write(event(THREE, 1, "m", "1")));
        CompletableFuture<?> commit = commit(ONE);
        CompletableFuture<?> vote = prepare(TWO, event(TWO, 1, "l", "1"));
        CompletableFuture<?> read = resourceManager.entry("k").toCompletableFuture();
        ManualStore.Append unknown = store.appends.remove();
        store.store(unknown); // it was stored, and the answer is lost
        store.openFailures.add(ManualStore.lost());
        unknown.answer().completeExceptionally(ManualStore.lost());
        List.of(commit, vote, read).forEach(ResourceManagerStorageTest::assertUnavailable);
        assertUnavailable(commit(ONE));
        assertUnavailable(resourceManager.entry("k"));
        assertUnavailable(resourceManager.identity());
        assertFalse(resourceManager.isAvailable());
        assertTrue(store.appends.isEmpty());

        time.advance(SECONDS);
        assertTrue(resourceManager.isAvailable());
        assertEquals(2, store.tables.epoch());
        assertEquals(done(new Committed(ONE)), commit(ONE).join(), "as it was stored");
        assertEquals(store.tables.instance, await(resourceManager.identity()).instance());
        CompletableFuture<Progress<Ballot>> lost = prepare(THREE);
        store.storeAll();
        assertEquals(Vote.ABORT, ((Progress.Done<Ballot>) lost.join()).answer().vote(), "staged writes are lost");
    }

    @Test
    void a_change_that_was_not_stored_did_not_happen() throws Exception {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        var _ = commit(ONE);
        store.appends.remove().answer().completeExceptionally(ManualStore.lost());
        assertTrue(resourceManager.isAvailable());
        assertEquals(1, resourceManager.statistics().lockedKeys(), "still prepared");
        assertEquals(done(Ballot.COMMIT), prepare(ONE).join());
        CompletableFuture<?> rollback = rollback(ONE);
        store.storeAll();
        assertEquals(new RolledBack(ONE), rollback.join());
    }

    @Test
    void a_read_without_an_answer_ends_the_session_and_a_refused_one_does_not() {
        CompletableFuture<?> refused = resourceManager.entry("k").toCompletableFuture();
        store.reads.remove().completeExceptionally(new StoreException(Kind.REFUSED, "out of memory"));
        assertUnavailable(refused);
        assertEquals(1, store.tables.epoch());
        var _ = resourceManager.entry("k");
        store.reads.remove().completeExceptionally(ManualStore.lost());
        time.advance(SECONDS);
        assertEquals(2, store.tables.epoch());
    }

    @Test
    void values_that_cannot_be_read_for_a_condition_end_the_session() {
        CompletableFuture<?> vote =
                prepare(ONE, new ResourceEvent.Write(ONE, 1, "k", new Update.None(), new Condition.Absent()));
        store.reads.remove().completeExceptionally(new StoreException(Kind.REFUSED, "out of memory"));
        assertUnavailable(vote);
        time.advance(SECONDS);
        assertEquals(0, resourceManager.statistics().lockedKeys());
    }

    @Test
    void a_fenced_process_never_opens_the_store_again() {
        CompletableFuture<?> rollback = rollback(ONE);
        store.appends.remove().answer().completeExceptionally(StoredTables.fenced());
        assertUnavailable(rollback);
        time.advance(Duration.ofHours(1));
        assertFalse(resourceManager.isAvailable());
        assertUnavailable(resourceManager.identity());
        assertEquals(1, store.tables.epoch());
    }

    @Test
    void a_process_that_finds_another_one_when_it_opens_the_store_again_stays_closed() {
        CompletableFuture<?> rollback = rollback(ONE);
        store.openFailures.add(ManualStore.lost());
        store.openFailures.add(StoredTables.fenced());
        store.appends.remove().answer().completeExceptionally(ManualStore.lost());
        assertUnavailable(rollback);
        time.advance(Duration.ofHours(1));
        assertTrue(store.openFailures.isEmpty());
        assertFalse(resourceManager.isAvailable());
        assertUnavailable(resourceManager.identity());
        assertEquals(1, store.tables.epoch());
    }

    @Test
    void a_registration_is_preceded_by_a_check_of_the_epoch() {
        store.fenced = true;
        assertUnavailable(resourceManager.identity());
        assertFalse(resourceManager.isAvailable());
    }

    @Test
    void the_outcome_of_what_was_prepared_is_asked_for_after_a_restart() throws Exception {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        ResourceManager next = started();
        coordinator.answerOutcome(Outcome.COMMIT); // to the earlier process, which is fenced
        coordinator.answerOutcome(Outcome.COMMIT);
        time.advance(HostedParticipantContract.INQUIRY);
        store.storeAll();
        assertEquals(Map.of("k", new JsonText("1")), await(next.entries(null, 10)));
        assertEquals(resourceManager.instance(), next.instance());
    }

    @Test
    void what_an_operator_resolves_is_not_asked_for() {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        store.tables.resolvedByOperator.add(ONE);
        var _ = commit(TWO);
        store.appends.remove().answer().completeExceptionally(ManualStore.lost());
        time.advance(SECONDS.multipliedBy(10));
        assertEquals(List.of(), coordinator.messages);
        assertEquals(1, resourceManager.statistics().lockedKeys());
        assertTrue(resourceManager.statistics().oldestInDoubt().compareTo(SECONDS) > 0);
        CompletableFuture<?> resolved = rollback(ONE);
        store.storeAll();
        assertEquals(new RolledBack(ONE), resolved.join());
    }

    @Test
    void a_start_waits_for_the_store_and_fails_if_it_stays_away_or_is_not_usable() {
        store.openFailures.add(ManualStore.lost());
        CompletableFuture<?> late = created().start().toCompletableFuture();
        assertFalse(late.isDone());
        time.advance(SECONDS);
        assertTrue(late.isDone() && !late.isCompletedExceptionally());

        for (int i = 0; i < 1_000; i++) {
            store.openFailures.add(ManualStore.lost());
        }
        CompletableFuture<?> away = created().start().toCompletableFuture();
        time.advance(TestResourceManagers.OPEN_TIMEOUT.plus(SECONDS));
        assertUnavailable(away);
        store.openFailures.clear();
        store.openFailures.add(new StoreException(Kind.UNUSABLE, "wrong password"));
        assertUnavailable(created().start());
    }

    @Test
    void a_drain_waits_for_the_store() throws Exception {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        CompletableFuture<?> drained = resourceManager.drain().toCompletableFuture();
        var _ = commit(ONE);
        assertFalse(drained.isDone());
        store.storeAll();
        assertTrue(drained.isDone());
        await(resourceManager.close());
        assertTrue(store.closed);
    }

    @Test
    void a_drain_continues_after_the_store_was_opened_again() {
        var _ = prepare(ONE, event(ONE, 1, "k", "1"));
        store.storeAll();
        CompletableFuture<?> drained = resourceManager.drain().toCompletableFuture();
        var _ = commit(ONE);
        store.appends.remove().answer().completeExceptionally(ManualStore.lost());
        time.advance(SECONDS);
        assertFalse(drained.isDone());
        var _ = rollback(ONE);
        store.storeAll();
        assertTrue(drained.isDone());
    }
}

package dtc.runtime.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import dtc.resource.DictionaryLimits;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEvent;
import dtc.store.memory.MemoryResourceStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.junit.jupiter.api.Test;

/** A resource manager in memory: timers, inquiries and callers that wait. */
class ResourceManagerTest extends HostedParticipantContract {

    private static final Duration OUTCOME_RETENTION = TestResourceManagers.OUTCOME_RETENTION;

    private final ResourceManager resourceManager = start(100);

    @Override
    HostedParticipant participant() {
        return resourceManager;
    }

    private ResourceManager start(int outcomesMax) {
        ResourceManager started = TestResourceManagers.over(
                time,
                coordinator,
                new DictionaryLimits(10, CHARS_MAX, CHARS_MAX, outcomesMax),
                new MemoryResourceStore(UUID.randomUUID()));
        started.start().toCompletableFuture().join();
        return started;
    }

    @Test
    void every_answer_but_a_wait_for_a_key_is_immediate() {
        assertTrue(resourceManager
                .write(event(OLD, 1, "k", "1"))
                .toCompletableFuture()
                .isDone());
        assertTrue(resourceManager
                .prepare(new ResourceEvent.Prepare(OLD, List.of(), 1))
                .toCompletableFuture()
                .isDone());
        assertTrue(resourceManager
                .commit(new ResourceEvent.Commit(OLD, null))
                .toCompletableFuture()
                .isDone());
        assertTrue(resourceManager.rollback(OLD).toCompletableFuture().isDone());
    }

    @Test
    void an_early_eviction_is_logged_once_with_a_readable_time() {
        ResourceManager small = start(1);
        List<String> lines = new CopyOnWriteArrayList<>();
        Formatter formatter = new PatternFormatter("%s");
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                lines.add(formatter.format(entry));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(ResourceManager.class.getName());
        logger.addHandler(handler);
        try {
            for (int i = 1; i <= 3; i++) {
                small.rollback(new TransactionId(new UUID(0x7000, i)));
            }
        } finally {
            logger.removeHandler(handler);
        }
        assertEquals(2, small.statistics().evictedEarly());
        assertEquals(1, lines.size(), lines::toString);
        assertTrue(lines.getFirst().contains("for 7 days: it keeps the latest 1."), lines::toString);
    }

    @Test
    void outcomes_are_kept_for_their_time_and_then_answered_404() throws Exception {
        write(OLD, "k", "1");
        prepare(OLD);
        commit(OLD);
        time.advance(OUTCOME_RETENTION.minusDays(1));
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        commit(YOUNG);
        assertInstanceOf(ResourceEffect.Committed.class, commitAgain(OLD));
        assertEquals(2, resourceManager.statistics().rememberedOutcomes());

        time.advance(Duration.ofDays(2));
        assertEquals(1, resourceManager.statistics().rememberedOutcomes());
        assertEquals(OLD, await(resourceManager.identity()).newestEvicted());
        assertInstanceOf(ResourceEffect.Unknown.class, commitAgain(OLD));
        assertInstanceOf(
                ResourceEffect.Unknown.class,
                resourceManager.rollback(OLD).toCompletableFuture().join());
        assertInstanceOf(ResourceEffect.Committed.class, commitAgain(YOUNG));
        assertEquals(0, resourceManager.statistics().evictedEarly());

        time.advance(OUTCOME_RETENTION);
        assertEquals(0, resourceManager.statistics().rememberedOutcomes());
        assertEquals(0, time.timers());
    }

    private ResourceEffect commitAgain(TransactionId transaction) {
        return HostedParticipant.Progress.awaitAnswer(
                        resourceManager.commit(new ResourceEvent.Commit(transaction, null)))
                .toCompletableFuture()
                .join();
    }

    @Test
    void the_timer_of_staged_writes_ends_with_the_vote_and_with_the_transaction() throws Exception {
        write(OLD, "k", "1");
        assertEquals(1, time.timers());
        rollback(OLD);
        assertEquals(1, time.timers(), "that of the outcomes");
        write(YOUNG, "k", "1");
        commit(YOUNG);
        assertEquals(1, time.timers());
        write(YOUNGEST, "k", "1");
        prepare(YOUNGEST);
        assertEquals(2, time.timers(), "the inquiry");
    }

    @Test
    void no_inquiry_follows_once_the_outcome_is_known() throws Exception {
        write(OLD, "k", "1");
        prepare(OLD);
        commit(OLD);
        time.advance(Duration.ofMinutes(1));
        assertEquals(List.of(), coordinator.messages);
    }

    @Test
    void a_caller_may_call_back_when_it_is_answered() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        List<Object> answers = new ArrayList<>();
        CompletionStage<Ballot> vote = blocked(prepare(OLD));
        vote.thenCompose(ballot -> {
                    answers.add(ballot);
                    return resourceManager.commit(new ResourceEvent.Commit(OLD, null));
                })
                .thenAccept(answers::add);
        commit(YOUNG);
        assertEquals(2, answers.size());
        assertEquals(Optional.of("1"), entry("k"));
    }

    @Test
    void a_prepare_and_a_blocked_commit_in_one_phase_abort_each_other() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        var commit = blocked(commit(OLD)).toCompletableFuture();
        assertEquals(Vote.ABORT, done(prepare(OLD)).vote());
        assertTrue(commit.isDone());
    }
}

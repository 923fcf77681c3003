package dtc.runtime.messaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Time;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/** Which messages share a request, and that they succeed or fail independently. */
class BatchingParticipantClientTest {

    private static final Registration ORDERS = registration("orders", Set.of(Registration.BATCH));
    private static final Registration PAYMENTS = registration("payments", Set.of(Registration.BATCH));
    private static final Registration PLAIN = registration("plain", Set.of());

    private final FakeTime time = new FakeTime();
    private final Wire wire = new Wire();
    private final BatchingParticipantClient client = new BatchingParticipantClient(
            wire,
            time,
            new BatchingParticipantClient.Settings(1, 3, 410, 5, Duration.ofSeconds(1), Duration.ofMillis(20)),
            Runnable::run);

    @Test
    void a_message_to_an_idle_resource_manager_is_sent_immediately_and_alone() {
        var reply = send(ORDERS, commit(1));
        assertEquals(List.of("orders: commit 1"), wire.sent());
        wire.answer(0, new Reply.Acknowledged());
        assertEquals(new Reply.Acknowledged(), reply.join());
    }

    @Test
    void messages_queued_during_a_request_are_sent_together() {
        send(ORDERS, commit(1));
        var second = send(ORDERS, new Message.Prepare(id(2), List.of(), 1));
        var third = send(ORDERS, new Message.Rollback(id(3)));
        assertEquals(List.of("orders: commit 1"), wire.sent());

        wire.answer(0, new Reply.Acknowledged());
        assertEquals(List.of("orders: commit 1", "orders: prepare 2, rollback 3"), wire.sent());

        Reply conflict = new Reply.Conflict("it answered 409");
        wire.answer(1, new Reply.Voted(Ballot.COMMIT), conflict);
        assertEquals(new Reply.Voted(Ballot.COMMIT), second.join());
        assertEquals(conflict, third.join());
    }

    @Test
    void the_messages_and_the_size_of_a_request_are_limited() {
        send(ORDERS, commit(1));
        for (int i = 2; i <= 5; i++) {
            send(ORDERS, commit(i));
        }
        wire.answer(0, new Reply.Acknowledged());
        assertEquals("orders: commit 2, commit 3, commit 4", wire.sent().get(1));
        send(ORDERS, write(6, "123456"));
        send(ORDERS, write(7, "123456"));
        wire.answer(1, new Reply.Acknowledged(), new Reply.Acknowledged(), new Reply.Acknowledged());
        assertEquals("orders: commit 5, write 6", wire.sent().get(2));
        wire.answer(2, new Reply.Acknowledged(), new Reply.Acknowledged());
        assertEquals("orders: write 7", wire.sent().get(3));
    }

    @Test
    void a_resource_manager_without_batches_gets_single_messages() {
        send(PLAIN, commit(1));
        send(PLAIN, commit(2));
        assertEquals(List.of("plain: commit 1", "plain: commit 2"), wire.sent());
    }

    @Test
    void a_message_that_has_to_wait_is_sent_alone_and_does_not_delay_others() {
        send(ORDERS, commit(1));
        var waits = send(ORDERS, new Message.Prepare(id(2), List.of(), 1));
        var other = send(ORDERS, write(3, "1"));
        wire.answer(0, new Reply.Acknowledged());
        wire.answer(1, List.of(Optional.empty(), Optional.of(new Reply.Acknowledged())));
        assertEquals(new Reply.Acknowledged(), other.join());
        assertFalse(waits.answer().isDone());
        assertEquals("orders: prepare 2", wire.sent().get(2));

        send(ORDERS, commit(4)); // the slot is free
        assertEquals("orders: commit 4", wire.sent().get(3));
        wire.answer(2, new Reply.Voted(Ballot.COMMIT));
        assertEquals(new Reply.Voted(Ballot.COMMIT), waits.join());
    }

    @Test
    void a_request_that_fails_as_a_whole_is_retried_message_by_message() {
        send(ORDERS, commit(1));
        var rejected = send(ORDERS, commit(2));
        var other = send(ORDERS, commit(3));
        wire.answer(0, new Reply.Acknowledged());
        var fresh = send(ORDERS, write(4, "1"));
        wire.fail(1);
        assertEquals("orders: commit 2", wire.sent().get(2));
        Reply wrong = new Reply.ProtocolError("it answered 500");
        wire.answer(2, wrong);
        assertEquals(wrong, rejected.join());
        assertEquals("orders: commit 3", wire.sent().get(3));
        wire.answer(3, new Reply.Acknowledged());
        assertEquals(new Reply.Acknowledged(), other.join());
        assertEquals("orders: write 4", wire.sent().get(4));
        wire.answer(4, new Reply.Acknowledged());
        assertEquals(new Reply.Acknowledged(), fresh.join());
    }

    @Test
    void a_request_that_fails_after_its_slot_was_freed_is_still_retried() {
        send(ORDERS, commit(1));
        var second = send(ORDERS, commit(2));
        var third = send(ORDERS, commit(3));
        wire.answer(0, new Reply.Acknowledged());
        time.advance(Duration.ofMillis(20)); // frees the slot
        wire.fail(1);
        wire.answer(2, new Reply.Acknowledged());
        wire.answer(3, new Reply.Acknowledged());
        assertEquals(new Reply.Acknowledged(), second.join());
        assertEquals(new Reply.Acknowledged(), third.join());
        assertEquals(0, client.queuedMessageCount());
    }

    @Test
    void a_message_that_cannot_be_queued_for_a_retry_may_have_been_applied() {
        send(ORDERS, commit(1));
        var second = send(ORDERS, commit(2));
        var third = send(ORDERS, commit(3));
        wire.answer(0, new Reply.Acknowledged());
        for (int i = 4; i <= 7; i++) {
            send(ORDERS, commit(i));
        }
        wire.fail(1);
        assertInstanceOf(Reply.NoAnswer.class, third.join());
        assertFalse(second.answer().isDone());
    }

    @Test
    void a_commit_is_sent_before_retries() {
        send(ORDERS, commit(1));
        send(ORDERS, write(2, "1"));
        send(ORDERS, new Message.Rollback(id(3)));
        wire.answer(0, new Reply.Acknowledged());
        send(ORDERS, commit(4));
        wire.fail(1);
        assertEquals(
                List.of("orders: commit 4"), wire.sent().subList(2, wire.sent().size()));
        wire.answer(2, new Reply.Acknowledged());
        assertEquals("orders: write 2", wire.sent().get(3));
    }

    @Test
    void a_retried_commit_that_is_refused_may_have_been_applied() {
        for (Reply refused : List.of(new Reply.Conflict("no"), new Reply.NotFound("no"), new Reply.NoRoom("no"))) {
            int sent = wire.sent().size();
            send(ORDERS, commit(1));
            var commit = send(ORDERS, commit(2));
            var rollback = send(ORDERS, new Message.Rollback(id(3)));
            wire.answer(sent, new Reply.Acknowledged());
            wire.fail(sent + 1);
            wire.answer(sent + 2, refused);
            wire.answer(sent + 3, refused);
            assertInstanceOf(Reply.NoAnswer.class, commit.join());
            assertEquals(refused, rollback.join());
        }
    }

    @Test
    void requests_shrink_while_they_fail_as_a_whole_and_grow_again() {
        BatchingParticipantClient wide = wide(1, Duration.ofHours(1));
        sendEach(wide, 0, 30, i -> new Message.Rollback(id(i)));
        wire.answer(0, new Reply.Acknowledged());
        assertEquals(8, wire.sizes().get(1));
        wire.fail(1);
        for (int i = 2; i < 10; i++) {
            wire.answer(i, new Reply.Acknowledged());
        }
        assertEquals(4, wire.sizes().get(10));
        wire.answer(
                10,
                new Reply.Acknowledged(),
                new Reply.Acknowledged(),
                new Reply.Acknowledged(),
                new Reply.Acknowledged());
        assertEquals(5, wire.sizes().get(11));
    }

    @Test
    void a_small_request_that_fails_once_does_not_end_batching() {
        send(ORDERS, commit(1));
        send(ORDERS, new Message.Rollback(id(2)));
        send(ORDERS, new Message.Rollback(id(3)));
        wire.answer(0, new Reply.Acknowledged());
        wire.fail(1); // from now on, one message per request
        for (int i = 4; i <= 6; i++) {
            send(ORDERS, new Message.Rollback(id(i)));
        }
        for (int i = 2; i <= 4; i++) {
            wire.answer(i, new Reply.Acknowledged());
        }
        assertEquals("orders: rollback 4", wire.sent().get(4));
        assertEquals("orders: rollback 5, rollback 6", wire.sent().get(5));
    }

    @Test
    void requests_shrink_while_nothing_is_answered_in_time() {
        BatchingParticipantClient wide = wide(1, Duration.ofHours(1));
        sendEach(wide, 0, 30, i -> new Message.Prepare(id(i), List.of(), 1));
        wire.answer(0, new Reply.Voted(Ballot.COMMIT));
        Reply late = new Reply.Voted(Ballot.abortFor(VoteCause.TIMEOUT, "late"));
        wire.answer(1, Collections.nCopies(8, Optional.of(late)));
        assertEquals(4, wire.sizes().get(2));
        List<Optional<Reply>> oneAnswered = new ArrayList<>(Collections.nCopies(3, Optional.of(late)));
        oneAnswered.add(Optional.of(new Reply.Voted(Ballot.COMMIT)));
        wire.answer(2, oneAnswered);
        assertEquals(5, wire.sizes().get(3));
        wire.answer(3, Collections.nCopies(5, Optional.of(late)));
        wire.answer(4, Collections.nCopies(2, Optional.of(late)));
        assertEquals(1, wire.sizes().get(5));
        wire.answer(5, late);
        assertEquals(
                1,
                wire.sizes().get(6),
                "a request with one message that was not answered does not increase the maximum");
    }

    @Test
    void after_a_broken_connection_a_write_is_retried_only_if_the_instance_is_checked() {
        Registration checking = registration("checking", Set.of(Registration.BATCH, Registration.ONE_PHASE));
        for (Registration target : List.of(ORDERS, checking)) {
            wire.all.clear();
            send(target, commit(1));
            var write = send(target, write(2, "1"));
            send(target, new Message.Rollback(id(3)));
            wire.answer(0, new Reply.Acknowledged());
            wire.breakConnection(1);
            if (target.checksInstance()) {
                assertEquals("checking: write 2", wire.sent().get(2));
            } else {
                assertInstanceOf(Reply.NoAnswer.class, write.join());
                assertEquals("orders: rollback 3", wire.sent().get(2));
            }
        }
    }

    @Test
    void retries_use_all_slots() {
        BatchingParticipantClient two = wide(2, Duration.ofMillis(20));
        sendEach(two, 1, 5, i -> new Message.Rollback(id(i)));
        wire.answer(0, new Reply.Acknowledged());
        wire.answer(1, new Reply.Acknowledged());
        time.advance(Duration.ofMillis(20)); // both slots are free
        wire.fail(2);
        assertEquals(5, wire.sent().size());
    }

    @Test
    void immediate_replies_do_not_overflow_the_stack() {
        int number = 10_000;
        CompletableFuture<Reply> held = new CompletableFuture<>();
        ParticipantTransport immediate = new ParticipantTransport() {
            @Override
            public CompletionStage<Reply> send(Registration target, Message message, Duration limit) {
                return send(target, message);
            }

            @Override
            public CompletionStage<Reply> send(Registration target, Message message) {
                return held.isDone() ? CompletableFuture.completedFuture(new Reply.Acknowledged()) : held;
            }

            @Override
            public CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
                return CompletableFuture.completedFuture(List.of());
            }
        };
        BatchingParticipantClient many = new BatchingParticipantClient(
                immediate,
                time,
                new BatchingParticipantClient.Settings(
                        1, 128, 100_000, number, Duration.ofSeconds(1), Duration.ofHours(1)),
                Runnable::run);
        List<CompletionStage<Reply>> answers = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            answers.add(many.send(ORDERS, new Message.Rollback(id(i))));
        }
        held.complete(new Reply.Acknowledged());
        answers.forEach(answer -> assertEquals(
                new Reply.Acknowledged(), answer.toCompletableFuture().getNow(null)));
        assertEquals(0, many.queuedMessageCount());
    }

    @Test
    void a_message_without_an_earlier_reply_is_sent_immediately_and_alone() {
        send(ORDERS, commit(1));
        var _ = client.sendSeparately(ORDERS, commit(2), Duration.ofSeconds(3));
        assertEquals(List.of("orders: commit 1", "orders: commit 2"), wire.sent());
    }

    @Test
    void a_commit_overtakes_queued_messages_and_a_rollback_does_not() {
        send(ORDERS, commit(1));
        send(ORDERS, write(2, "1"));
        send(ORDERS, new Message.Rollback(id(2)));
        send(ORDERS, commit(3));
        wire.answer(0, new Reply.Acknowledged());
        assertEquals("orders: commit 3, write 2", wire.sent().get(1));
        wire.answer(1, new Reply.Acknowledged(), new Reply.Acknowledged());
        assertEquals("orders: rollback 2", wire.sent().get(2));
    }

    @Test
    void each_of_many_threads_gets_its_own_reply() throws Exception {
        ParticipantTransport port = new ParticipantTransport() {
            @Override
            public CompletionStage<Reply> send(Registration target, Message message, Duration limit) {
                return send(target, message);
            }

            @Override
            public CompletionStage<Reply> send(Registration target, Message message) {
                return CompletableFuture.supplyAsync(() -> named(message));
            }

            @Override
            public CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
                boolean fails = messages.size() == 3; // some of the batches
                return CompletableFuture.supplyAsync(() -> fails
                        ? List.of()
                        : messages.stream()
                                .map(message -> Optional.of(named(message)))
                                .toList());
            }

            private Reply named(Message message) {
                return new Reply.Conflict(message.id().toString());
            }
        };
        try (var timers = Executors.newScheduledThreadPool(1);
                var threads = Executors.newFixedThreadPool(8)) {
            BatchingParticipantClient shared = new BatchingParticipantClient(
                    port,
                    realTime(timers),
                    new BatchingParticipantClient.Settings(
                            2, 3, 10_000, 10_000, Duration.ofHours(1), Duration.ofMillis(1)),
                    Runnable::run);
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                int first = thread * 1_000;
                all.add(threads.submit(() -> {
                    for (int i = first; i < first + 1_000; i++) {
                        var answers = List.of(
                                shared.send(ORDERS, commit(i)),
                                shared.send(ORDERS, write(i, "1")),
                                shared.send(ORDERS, new Message.Rollback(id(i))));
                        for (var answer : answers) {
                            assertEquals(
                                    id(i).toString(),
                                    answer.toCompletableFuture().join().detail());
                        }
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
            assertEquals(0, shared.queuedMessageCount());
        }
    }

    private static Time realTime(ScheduledExecutorService timers) {
        return new Time() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public Time.Timer after(Duration delay, Runnable action) {
                Future<?> alarm = timers.schedule(action, delay.toNanos(), TimeUnit.NANOSECONDS);
                return () -> alarm.cancel(false);
            }
        };
    }

    @Test
    void a_retried_message_that_is_unreachable_may_have_been_applied() {
        send(ORDERS, commit(1));
        var second = send(ORDERS, commit(2));
        send(ORDERS, commit(3));
        wire.answer(0, new Reply.Acknowledged());
        wire.answer(1, List.of(Optional.empty(), Optional.of(new Reply.Acknowledged())));
        wire.answer(2, new Reply.Unreachable("it could not be reached"));
        assertInstanceOf(Reply.NoAnswer.class, second.join());

        var alone = send(ORDERS, commit(4));
        wire.answer(3, new Reply.Unreachable("it could not be reached"));
        assertInstanceOf(Reply.Unreachable.class, alone.join());
    }

    @Test
    void messages_of_one_turn_are_sent_together() {
        Queue<Runnable> turn = new ArrayDeque<>();
        BatchingParticipantClient patient = patient(3, turn::add);
        sendEach(patient, 1, 4, i -> new Message.Rollback(id(i)));
        assertEquals(List.of(), wire.sent());
        assertEquals(1, turn.size());
        turn.remove().run();
        assertEquals(List.of("orders: rollback 1, rollback 2, rollback 3"), wire.sent());
        wire.answer(0, new Reply.Acknowledged(), new Reply.Acknowledged(), new Reply.Acknowledged());
        assertEquals("orders: rollback 4", wire.sent().get(1));
    }

    @Test
    void with_a_batch_size_of_one_nothing_is_batched() {
        BatchingParticipantClient single = patient(1, Runnable::run);
        single.send(ORDERS, commit(1));
        single.send(ORDERS, commit(2));
        assertEquals(List.of("orders: commit 1", "orders: commit 2"), wire.sent());
    }

    @Test
    void a_hanging_request_frees_its_slot_and_does_not_delay_others() {
        send(ORDERS, commit(1));
        send(PAYMENTS, commit(2));
        send(ORDERS, commit(3));
        assertEquals(List.of("orders: commit 1", "payments: commit 2"), wire.sent());
        time.advance(Duration.ofMillis(20));
        assertEquals("orders: commit 3", wire.sent().get(2));
        // A late answer does not free the slot again.
        send(ORDERS, commit(4));
        wire.answer(0, new Reply.Acknowledged());
        assertEquals(3, wire.sent().size());
        wire.answer(2, new Reply.Acknowledged());
        assertEquals("orders: commit 4", wire.sent().get(3));
    }

    @Test
    void a_message_that_waits_too_long_is_never_sent() {
        BatchingParticipantClient patient = patient(3, Runnable::run);
        var _ = patient.send(ORDERS, commit(1));
        var late = patient.send(ORDERS, commit(2)).toCompletableFuture();
        time.advance(Duration.ofMillis(1_001));
        wire.answer(0, new Reply.Acknowledged());
        assertInstanceOf(Reply.Unavailable.class, late.join());
        assertEquals(1, wire.sent().size());
    }

    @Test
    void the_number_of_queued_messages_is_limited() {
        for (int i = 1; i <= 6; i++) {
            send(ORDERS, commit(i));
        }
        assertEquals(5, client.queuedMessageCount());
        assertInstanceOf(Reply.Unavailable.class, send(ORDERS, commit(7)).join());
        assertEquals(5, client.queuedMessageCount());
    }

    @Test
    void messages_caused_by_replies_are_sent_together() {
        send(ORDERS, commit(1));
        for (int i = 2; i <= 3; i++) {
            int transaction = i;
            client.send(ORDERS, new Message.Prepare(id(i), List.of(), 1))
                    .thenAccept(_ -> send(ORDERS, commit(transaction)));
        }
        wire.answer(0, new Reply.Acknowledged());
        wire.answer(1, new Reply.Voted(Ballot.COMMIT), new Reply.Voted(Ballot.COMMIT));
        assertEquals("orders: commit 2, commit 3", wire.sent().get(2));
    }

    @Test
    void a_transport_that_throws_fails_only_its_own_messages() {
        wire.throwsNext = true;
        var failed = send(ORDERS, commit(1));
        assertTrue(failed.answer().isCompletedExceptionally());
        send(ORDERS, commit(2));
        assertEquals(List.of("orders: commit 2"), wire.sent());
    }

    private BatchingParticipantClient wide(int number, Duration patience) {
        return new BatchingParticipantClient(
                wire,
                time,
                new BatchingParticipantClient.Settings(number, 8, 10_000, 100, Duration.ofSeconds(1), patience),
                Runnable::run);
    }

    private BatchingParticipantClient patient(int batchMax, Executor endOfTurn) {
        return new BatchingParticipantClient(
                wire,
                time,
                new BatchingParticipantClient.Settings(1, batchMax, 410, 5, Duration.ofSeconds(1), Duration.ofHours(1)),
                endOfTurn);
    }

    private static void sendEach(
            BatchingParticipantClient through, int first, int last, LongFunction<Message> message) {
        for (int i = first; i <= last; i++) {
            var _ = through.send(ORDERS, message.apply(i));
        }
    }

    private PendingReply send(Registration target, Message message) {
        return new PendingReply(client.send(target, message).toCompletableFuture());
    }

    private record PendingReply(CompletableFuture<Reply> answer) {
        private Reply join() {
            assertTrue(answer.isDone());
            return answer.join();
        }
    }

    private static TransactionId id(long number) {
        return new TransactionId(new UUID(0x7000, 0x8000000000000000L | number));
    }

    private static Message commit(long number) {
        return new Message.Commit(id(number));
    }

    private static Message write(long number, String value) {
        return new Message.Write(id(number), 1, "k", new JsonText(value));
    }

    private static Registration registration(String name, Set<String> features) {
        return new Registration(
                name, "http://" + name, new UUID(1, 1), List.of(), features, 1, false, Instant.EPOCH, Instant.EPOCH, 0);
    }

    /** Records messages, and sends replies when the test does. */
    private static final class Wire implements ParticipantTransport {
        private record Sent(String what, CompletableFuture<List<Optional<Reply>>> answer) {}

        private final List<Sent> all = new ArrayList<>();
        private boolean throwsNext;

        @Override
        public CompletionStage<Reply> send(Registration target, Message message) {
            if (throwsNext) {
                throwsNext = false;
                throw new IllegalStateException("injected");
            }
            return record(target, List.of(message))
                    .thenApply(replies -> replies.getFirst().orElseThrow());
        }

        @Override
        public CompletionStage<Reply> send(Registration target, Message message, Duration limit) {
            return send(target, message);
        }

        @Override
        public CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
            return record(target, messages);
        }

        private CompletableFuture<List<Optional<Reply>>> record(Registration target, List<Message> messages) {
            List<String> words = messages.stream()
                    .map(message -> switch (message) {
                                case Message.Write _ -> "write ";
                                case Message.Prepare _ -> "prepare ";
                                case Message.Commit _, Message.CommitOnePhase _ -> "commit ";
                                case Message.Rollback _ -> "rollback ";
                            }
                            + (message.id().value().getLeastSignificantBits() & 0xff))
                    .toList();
            Sent sent = new Sent(target.id() + ": " + String.join(", ", words), new CompletableFuture<>());
            all.add(sent);
            return sent.answer();
        }

        private List<String> sent() {
            return all.stream().map(Sent::what).toList();
        }

        private List<Integer> sizes() {
            return all.stream().map(sent -> sent.what().split(",", -1).length).toList();
        }

        private void answer(int index, Reply... replies) {
            all.get(index)
                    .answer()
                    .complete(List.of(replies).stream().map(Optional::of).toList());
        }

        private void answer(int index, List<Optional<Reply>> replies) {
            all.get(index).answer().complete(replies);
        }

        private void breakConnection(int index) {
            all.get(index).answer().completeExceptionally(new IOException("injected"));
        }

        private void fail(int index) {
            all.get(index).answer().complete(List.of());
        }
    }
}

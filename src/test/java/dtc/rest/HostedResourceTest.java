package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Messages.BatchAnswer;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.BatchReply;
import dtc.protocol.Messages.BatchRequest;
import dtc.protocol.Messages.EntryDocument;
import dtc.protocol.Messages.MessageType;
import dtc.protocol.Messages.VoteDocument;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.Committed;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.Staged;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEvent;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.participant.CoordinatorLink;
import dtc.runtime.participant.HostedParticipant;
import dtc.runtime.participant.HostedParticipant.Progress.Blocked;
import dtc.runtime.participant.HostedParticipant.Progress.Done;
import dtc.runtime.participant.HostedResourceManagers;
import dtc.runtime.participant.Membership;
import dtc.tracing.Tracing;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A resource manager whose answers wait for its storage, behind HTTP. */
class HostedResourceTest {

    private static final TransactionId ID = new TransactionId(new UUID(0x7000, 1));
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final BatchAnswer NO_CONTENT = new BatchAnswer(204, ID.toString(), null, null);
    private static final BatchAnswer ASK_ALONE = new BatchAnswer(202, ID.toString(), null, null);

    private final Stored participant = new Stored();
    private final HostedResource resource = resource(participant);

    private static HostedResource resource(HostedParticipant participant) {
        Membership membership = new Membership(
                participant,
                new NoCoordinator(),
                new FakeTime(),
                new Backoff(SECOND, SECOND, new Random(1)),
                new Membership.Listener() {
                    @Override
                    public void registered(String id) {}

                    @Override
                    public void failed(String id, Throwable cause) {}
                });
        return new HostedResource(
                new HostedResourceManagers(List.of(new HostedResourceManagers.Hosted(participant, membership))),
                new RequestValidator.Limits(100, 100, 100, SECOND, 100),
                new ObjectMapper(),
                Tracing.OFF);
    }

    private static BatchMessage message(MessageType type) {
        return new BatchMessage(type, ID.toString(), null, "k", new JsonText("1"), null, null, null, null);
    }

    private CompletableFuture<BatchReply> batch(MessageType... types) {
        List<BatchMessage> messages =
                List.of(types).stream().map(HostedResourceTest::message).toList();
        return resource.batch("orders", null, null, new BatchRequest(messages))
                .subscribeAsCompletionStage()
                .toCompletableFuture();
    }

    @Test
    void a_batch_is_answered_once_every_answer_is_stored() {
        CompletableFuture<BatchReply> reply = batch(MessageType.WRITE, MessageType.PREPARE, MessageType.COMMIT);
        participant.commit.complete(new Done<>(new Committed(ID)));
        participant.vote.complete(new Done<>(Ballot.abort("no stock")));
        assertFalse(reply.isDone());
        participant.write.complete(new Staged(ID, true));
        assertEquals(
                List.of(NO_CONTENT, new BatchAnswer(200, ID.toString(), Vote.ABORT, "no stock"), NO_CONTENT),
                reply.join().answers());
    }

    @Test
    void a_batch_does_not_wait_for_a_key() {
        CompletableFuture<BatchReply> reply = batch(MessageType.PREPARE, MessageType.COMMIT);
        assertFalse(reply.isDone(), "whether they wait for a key is not known yet");
        participant.vote.complete(new Blocked<>(new CompletableFuture<>()));
        participant.commit.complete(new Blocked<>(new CompletableFuture<>()));
        assertEquals(List.of(ASK_ALONE, ASK_ALONE), reply.join().answers());
    }

    @Test
    void a_message_alone_waits_for_a_key() throws IOException {
        CompletableFuture<VoteDocument> vote = resource.prepare("orders", ID.toString(), null, null, null, null)
                .subscribeAsCompletionStage()
                .toCompletableFuture();
        CompletableFuture<Ballot> answer = new CompletableFuture<>();
        participant.vote.complete(new Blocked<>(answer));
        assertFalse(vote.isDone());
        answer.complete(Ballot.COMMIT);
        assertEquals(new VoteDocument(Vote.COMMIT, null), vote.join());
    }

    /** The sender then sends each message alone. */
    @Test
    void a_batch_fails_if_one_answer_is_unknown() {
        CompletableFuture<BatchReply> reply = batch(MessageType.WRITE, MessageType.PREPARE);
        participant.vote.complete(new Done<>(Ballot.COMMIT));
        participant.write.completeExceptionally(new IllegalStateException("the connection to the storage broke"));
        CompletionException failure = assertThrows(CompletionException.class, reply::join);
        assertInstanceOf(IllegalStateException.class, failure.getCause());
    }

    @Test
    void a_read_waits_for_the_storage() {
        CompletableFuture<EntryDocument> read =
                resource.entry("orders", "k").subscribeAsCompletionStage().toCompletableFuture();
        assertFalse(read.isDone());
        participant.entry.complete(Optional.of(new JsonText("1")));
        assertEquals(new EntryDocument("k", new JsonText("1")), read.join());
    }

    /** Its answers complete when the test says that they are stored. */
    private static final class Stored implements HostedParticipant {
        private final CompletableFuture<WriteAnswer> write = new CompletableFuture<>();
        private final CompletableFuture<Progress<Ballot>> vote = new CompletableFuture<>();
        private final CompletableFuture<Progress<CommitAnswer>> commit = new CompletableFuture<>();
        private final CompletableFuture<Optional<JsonText>> entry = new CompletableFuture<>();

        @Override
        public String id() {
            return "orders";
        }

        @Override
        public CompletionStage<Identity> identity() {
            return new CompletableFuture<>();
        }

        @Override
        public boolean isAvailable() {
            return true;
        }

        @Override
        public CompletionStage<@Nullable Void> start() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<@Nullable Void> close() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public UUID instance() {
            return ID.value();
        }

        @Override
        public CompletionStage<WriteAnswer> write(ResourceEvent.Write staged) {
            return write;
        }

        @Override
        public CompletionStage<Progress<Ballot>> prepare(ResourceEvent.Prepare prepare) {
            return vote;
        }

        @Override
        public CompletionStage<Progress<CommitAnswer>> commit(ResourceEvent.Commit onePhase) {
            return commit;
        }

        @Override
        public CompletionStage<RollbackAnswer> rollback(TransactionId transaction) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Optional<JsonText>> entry(String key) {
            return entry;
        }

        @Override
        public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Statistics statistics() {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<@Nullable Void> drain() {
            throw new UnsupportedOperationException();
        }
    }

    private static final class NoCoordinator implements CoordinatorLink {
        @Override
        public CompletionStage<Duration> register(
                String id, UUID instance, Set<String> features, @Nullable TransactionId newestEvicted) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> deregister(String id, UUID instance) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Outcome> outcome(TransactionId id) {
            throw new UnsupportedOperationException();
        }
    }
}

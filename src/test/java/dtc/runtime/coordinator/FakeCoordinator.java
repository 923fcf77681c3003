package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Origin;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A coordinator with a simulated clock, and resource managers and a decision log that answer as configured. */
public final class FakeCoordinator {

    public static final UUID INSTANCE = new UUID(1, 1);

    public final FakeTime time = new FakeTime();
    public final Registry registry = new Registry(time, Duration.ofDays(1), 10, _ -> true);

    /** The replies to prepare messages. A resource manager without one votes COMMIT. */
    public final Map<String, Reply> votes = new HashMap<>();

    /** The replies to outcomes. A resource manager without one does not answer. */
    public final Map<String, Reply> replies = new HashMap<>();

    /** The records in the log when the coordinator starts. */
    public final List<LogRecord> logged = new ArrayList<>();

    /** Whether the decision log confirms records. */
    public boolean diskAnswers = true;

    /** The features of the resource managers. */
    public Set<String> features = Set.of();

    private long ids = 1;

    /** Creates the coordinator. */
    public Coordinator create(TransactionLimits limits, TransactionListener... listeners) {
        return new Coordinator(
                new TwoPhaseCommit(10, 100),
                new CoordinatorSettings(
                        Duration.ofHours(1),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(30),
                        Duration.ofMillis(1_400),
                        limits,
                        100,
                        10,
                        10,
                        10_000),
                time,
                () -> new TransactionId(new UUID(0x7000, 0x8000000000000000L + ids++)),
                new Backoff(Duration.ofMillis(100), Duration.ofSeconds(10), new Random(1)),
                registry,
                new Participants(),
                new Log(),
                List.of(listeners));
    }

    /** Registers the resource managers, and begins a transaction that writes to each. */
    public Transaction begin(Coordinator coordinator, String... resourceManagers) {
        List<ClientWrite> writes = new ArrayList<>();
        for (String name : resourceManagers) {
            registry.register(name, "http://localhost:1/" + name, INSTANCE, features);
            writes.add(new ClientWrite(name, "key", new JsonText("1")));
        }
        var begun = coordinator.begin(Origin.ANONYMOUS, null, writes, false, WaitCondition.ENDED);
        if (begun.toCompletableFuture().join() instanceof Answer.Given<Transaction>(Transaction t)) {
            return t;
        }
        throw new AssertionError(begun);
    }

    private final class Participants implements ParticipantClient {
        @Override
        public CompletionStage<Reply> send(Registration target, Message message) {
            String id = target.id();
            return switch (message) {
                case Message.Write _ -> CompletableFuture.completedFuture(new Reply.Acknowledged());
                case Message.Prepare _ ->
                    CompletableFuture.completedFuture(votes.getOrDefault(id, new Reply.Voted(Ballot.COMMIT)));
                case Message.Commit _, Message.CommitOnePhase _, Message.Rollback _ -> {
                    Reply reply = replies.get(id);
                    yield reply == null ? new CompletableFuture<>() : CompletableFuture.completedFuture(reply);
                }
            };
        }
    }

    private final class Log implements DecisionLog {
        @Override
        public void replay(Consumer<LogRecord> each) {
            logged.forEach(each);
        }

        @Override
        public CompletionStage<AppendResult> append(LogRecord decision) {
            return diskAnswers
                    ? CompletableFuture.completedFuture(new AppendResult.Stored())
                    : new CompletableFuture<>();
        }

        @Override
        public void appendLazily(LogRecord ended) {}

        @Override
        public void forget(TransactionId id) {}

        @Override
        public @Nullable String refusalReason() {
            return null;
        }

        @Override
        public String freeSpace() {
            return "30 GiB of 100 GiB are free";
        }

        @Override
        public @Nullable LogIdentity identity() {
            return null;
        }
    }
}

package dtc.simulation;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.RecordCodec;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TwoPhaseCommit;
import dtc.coordinator.WriteResult;
import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.cluster.Location;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.ClientWrite;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.CoordinatorSettings;
import dtc.runtime.coordinator.Refusals;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.coordinator.TransactionLimits;
import dtc.runtime.coordinator.TransactionListener;
import dtc.runtime.coordinator.WaitCondition;
import dtc.runtime.messaging.BatchingParticipantClient;
import dtc.runtime.messaging.ParticipantTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The process of the coordinator: the product's own, between a simulated network and a simulated disk. */
final class CoordinatorNode extends Node {

    static final String NAME = "coordinator";
    static final String FORCES = NAME + " forces";
    static final String WRITES = NAME + " writes";

    private static final Duration VOTE_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration MESSAGE_TIMEOUT = Duration.ofMillis(1_100);
    private static final Reply SENT_AGAIN = new Reply.NoAnswer("it is asked again alone");
    /** Of what operators do. */
    private static final String REASON = "because";

    private static final Duration LEASE = Duration.ofSeconds(10);

    private @Nullable Coordinator coordinator;
    private @Nullable Registry registry;
    private @Nullable TransactionIds ids;
    /** What makes it a member of a cluster; null if it is alone. */
    private @Nullable ClusterMember member;
    /** The question that is being answered, for naming the transaction that it begins. */
    private @Nullable Ask begins;

    CoordinatorNode(World world, String name) {
        super(world, name);
    }

    static boolean isName(String node) {
        return node.startsWith(NAME);
    }

    @Override
    void started(Life life) {
        world.network.listen(name, this);
        if (world.isCluster()) {
            ClusterMember joining = new ClusterMember(world, life);
            member = joining;
            joining.start(log -> new WatchedLog(life, log), log -> serve(life, log));
            return;
        }
        DecisionLog log = world.disk.open(life);
        if (life.isOver()) {
            return;
        }
        serve(life, new WatchedLog(life, log));
    }

    /** Begins to serve, after what is in the log was recovered. */
    private Coordinator serve(Life life, DecisionLog log) {
        LifeTime time = new LifeTime(life);
        Registry newRegistry = new Registry(time, LEASE, 100, _ -> true);
        TransactionIds newIds =
                new TransactionIds(time, log.identity(), new SplittableRandom(world.number("id", Long.MAX_VALUE)));
        Coordinator newCoordinator = new Coordinator(
                new TwoPhaseCommit(10, 100),
                new CoordinatorSettings(
                        Duration.ofMillis(world.setting(Setting.TRANSACTION_TIMEOUT)),
                        MESSAGE_TIMEOUT,
                        Duration.ofSeconds(30),
                        Duration.ofMillis(1_400),
                        new TransactionLimits(
                                (int) world.setting(Setting.IN_FLIGHT_MAX),
                                Duration.ofMillis(world.setting(Setting.RETENTION)),
                                (int) world.setting(Setting.RETAINED_MAX)),
                        (int) world.setting(Setting.REDELIVERIES_MAX),
                        (int) world.setting(Setting.ROLLBACKS_WAITING_MAX),
                        (int) world.setting(Setting.ROLLBACK_TRIES_MAX),
                        (int) world.setting(Setting.UNDELIVERED_MAX)),
                time,
                new Ids(newIds),
                new Backoff(
                        Duration.ofMillis(100),
                        Duration.ofSeconds(10),
                        new SplittableRandom(world.number("redelivery", Long.MAX_VALUE))),
                newRegistry,
                new BatchingParticipantClient(
                        new Messages(life),
                        time,
                        new BatchingParticipantClient.Settings(
                                (int) world.setting(Setting.LANES),
                                (int) world.setting(Setting.BATCH_MAX),
                                10_000,
                                (int) world.setting(Setting.LANE_WAITING_MAX),
                                VOTE_TIMEOUT,
                                Duration.ofMillis(world.setting(Setting.PATIENCE))),
                        world.setting(Setting.TURN) == 0 ? Runnable::run : task -> time.after(Duration.ZERO, task)),
                log,
                List.of(new Listener(life)));
        registry = newRegistry;
        ids = newIds;
        coordinator = newCoordinator;
        newCoordinator.recover();
        newCoordinator.list(null, null, 1).forEach(newest -> newIds.continueAfter(newest.id()));
        if (!life.isOver() && !world.isCluster()) {
            world.ledger.recovered(this, newCoordinator, _ -> true);
            world.ledger.recovered(newRegistry);
        }
        return newCoordinator;
    }

    /** It has taken over the transactions with this number in their ids. */
    void tookOver(int number) {
        world.ledger.recovered(this, up(), seen -> seen.id.epoch() == number);
    }

    @Override
    void died(int kept) {
        coordinator = null;
        registry = null;
        ids = null;
        member = null;
        if (!world.isCluster()) {
            world.disk.crash(kept);
        }
    }

    /** A member of a cluster listens once it has a number. */
    @Override
    boolean isListening() {
        return super.isListening() && (member == null || coordinator != null);
    }

    boolean isNumber(int number) {
        return member != null && member.isNumber(number);
    }

    /** The numbers that it holds and has read. */
    Set<Integer> numbers() {
        return member == null ? Set.of() : member.numbers();
    }

    @Nullable
    Coordinator running() {
        return coordinator;
    }

    private Coordinator up() {
        if (coordinator == null) {
            throw new IllegalStateException("asked while down");
        }
        return coordinator;
    }

    private Registry lookedUp() {
        if (registry == null) {
            throw new IllegalStateException("asked while down");
        }
        return registry;
    }

    boolean isSettled() {
        return coordinator != null
                && coordinator.list(null, null, Integer.MAX_VALUE).stream()
                        .allMatch(t -> t.state().isFinal());
    }

    /** Names the transactions that clients begin. */
    private final class Ids implements Supplier<TransactionId> {
        private final TransactionIds ids;

        private Ids(TransactionIds ids) {
            this.ids = ids;
        }

        @Override
        public TransactionId get() {
            TransactionId id = ids.get();
            Ask ask = begins;
            if (ask != null) {
                String key = switch (ask) {
                    case Ask.Begin begin -> begin.key();
                    case Ask.Run run -> run.key();
                    case Ask.Put _, Ask.Call _, Ask.Prepare _, Ask.Commit _, Ask.Rollback _, Ask.RollbackOnly _ -> null;
                    case Ask.Get _, Ask.ListAll _, Ask.Wait _ -> null;
                    case Ask.Stop _, Ask.Deliver _, Ask.Resolve _, Ask.Remove _ -> null;
                    case Ask.GiveUp _, Ask.Discard _, Ask.GiveUpAll _, Ask.DiscardAll _ -> null;
                };
                world.ledger.began(CoordinatorNode.this, id, world.name(id, ask.transaction()), key);
            }
            return id;
        }
    }

    // What others ask

    CompletionStage<Answer<Registry.Registered>> register(
            String id, String url, UUID instance, Set<String> features, @Nullable TransactionId newestEvicted) {
        if (registry == null || ids == null) {
            return new CompletableFuture<>();
        }
        if (newestEvicted != null) {
            ids.continueAfter(newestEvicted);
        }
        Life life = life();
        var state = new RegistrationsCheck.Registered(url, instance);
        world.ledger.registering(id, state);
        return up().registrations().register(id, url, instance, features).thenApply(answer -> {
            if (answer instanceof Answer.Given && life != null && !life.isOver()) {
                world.ledger.registered(id, state);
            }
            return answer;
        });
    }

    CompletionStage<Boolean> leave(String id, UUID instance) {
        if (registry != null) {
            registry.deregister(id, instance);
            noteRemoved(id);
        }
        return CompletableFuture.completedFuture(true);
    }

    private void noteRemoved(String id) {
        if (lookedUp().find(id) == null) {
            world.ledger.removed(id);
        }
    }

    CompletionStage<Outcome> outcome(String asker, TransactionId id) {
        return located(id, location -> {
            Outcome outcome = switch (location) {
                case HERE, UNKNOWN -> up().outcome(id).outcome();
                case ELSEWHERE -> Outcome.PENDING;
                case DONE -> Outcome.ROLLBACK;
            };
            if (outcome != Outcome.PENDING) {
                world.ledger.told(id, outcome, asker);
            }
            return CompletableFuture.completedFuture(outcome);
        });
    }

    /** Answers once it is known where the transaction is. */
    private <T> CompletionStage<T> located(TransactionId id, Function<Location, CompletionStage<T>> answer) {
        Life life = life();
        return member == null
                ? answer.apply(Location.HERE)
                : member.locate(id)
                        .thenCompose(location ->
                                life == null || life.isOver() ? new CompletableFuture<>() : answer.apply(location));
    }

    CompletionStage<ClientNode.Heard> ask(String client, Ask ask, @Nullable TransactionId id) {
        Life life = life();
        if (life == null) {
            throw new IllegalStateException("asked while down");
        }
        if (id == null) {
            return answer(life, client, ask, null);
        }
        return located(id, location -> switch (location) {
            case HERE, UNKNOWN -> answer(life, client, ask, id);
            case ELSEWHERE -> CompletableFuture.completedFuture(new ClientNode.Heard("ELSEWHERE", null, false));
            case DONE -> heard(life, client, ask, id, Answer.refusedStage(Refusals.unknown(id)));
        });
    }

    private CompletionStage<ClientNode.Heard> answer(Life life, String client, Ask ask, @Nullable TransactionId id) {
        return switch (ask) {
            case Ask.Begin begin -> {
                begins = begin;
                Duration timeout = begin.timeoutMillis() == 0 ? null : Duration.ofMillis(begin.timeoutMillis());
                var answer = up().begin(origin(begin.key(), begin), timeout, List.of(), false, WaitCondition.ENDED);
                begins = null;
                yield heard(life, client, ask, id, answer);
            }
            case Ask.Run run -> {
                begins = run;
                var answer = up().begin(
                                origin(run.key(), run),
                                null,
                                run.writes().stream()
                                        .map(CoordinatorNode::write)
                                        .toList(),
                                true,
                                until());
                begins = null;
                yield heard(life, client, ask, id, answer);
            }
            case Ask.Put put -> heard(life, client, ask, id, up().write(known(id), write(put.write())));
            case Ask.Prepare _ -> heard(life, client, ask, id, up().prepare(known(id), until()));
            case Ask.Commit _ -> heard(life, client, ask, id, up().commit(known(id), until()));
            case Ask.Rollback _ -> heard(life, client, ask, id, up().rollback(known(id)));
            case Ask.RollbackOnly _ -> rollbackOnly(client, known(id));
            case Ask.Call _ -> throw new IllegalStateException("is asked of a service");
            case Ask.Get _ -> heard(life, client, ask, id, CompletableFuture.completedFuture(up().find(known(id))));
            case Ask.ListAll _ -> {
                List<Transaction> all = up().list(null, null, 1_000);
                all.forEach(t -> world.ledger.told(t, client));
                yield CompletableFuture.completedFuture(new ClientNode.Heard(all.size() + " transactions", null, true));
            }
            case Ask.Stop _ -> heard(life, client, ask, id, up().rollback(known(id), REASON));
            case Ask.Deliver _ -> told(up().retryNow(known(id)));
            case Ask.Resolve _ ->
                up().resolve(known(id), resolution(life, client)).thenCompose(resolved -> {
                    if (resolved instanceof Answer.Given<Transaction>(Transaction t) && !life.isOver()) {
                        world.ledger.told(t, client);
                    }
                    return told(resolved);
                });
            case Ask.Remove remove -> {
                Answer<Registration> removed = lookedUp().removeLapsed(remove.resourceManager());
                noteRemoved(remove.resourceManager());
                yield told(removed);
            }
            case Ask.GiveUp(var _, String name) ->
                givenUp(life, name, () -> up().undelivered().giveUp(known(id), name, resolution(life, client)));
            case Ask.GiveUpAll(String name) ->
                givenUp(life, name, () -> up().undelivered().giveUpAll(name, resolution(life, client)));
            case Ask.Discard(var _, String name) ->
                up().undelivered().discard(known(id), name).thenCompose(CoordinatorNode::told);
            case Ask.DiscardAll(String name) ->
                up().undelivered().discardAll(name).thenCompose(CoordinatorNode::told);
            case Ask.Wait _ -> throw new IllegalStateException("asks nothing");
        };
    }

    /** A resource manager that is going to work in the transaction. */
    CompletionStage<Answer<Coordinator.Enlistment>> enlist(
            String resourceManager, UUID instance, UUID request, TransactionId id) {
        return CompletableFuture.completedFuture(up().enlist(id, resourceManager, instance, request));
    }

    /** The transaction must not commit: so says a client, or a resource manager whose work failed. */
    CompletionStage<ClientNode.Heard> rollbackOnly(String whom, TransactionId id) {
        Life life = life();
        return up().rollbackOnly(id, REASON).thenApply(given -> {
            if (life == null || life.isOver()) {
                return new ClientNode.Heard("nothing", null, false);
            }
            return switch (given) {
                case Answer.Given<Transaction>(Transaction t) -> {
                    world.ledger.told(t.id(), Outcome.ROLLBACK, whom);
                    yield new ClientNode.Heard("done", t.id(), true);
                }
                case Answer.Refused<Transaction>(Refusal refusal) -> {
                    world.ledger.refused(id, new Ask.RollbackOnly(world.name(id)), refusal, whom);
                    yield new ClientNode.Heard(refusal.kind().name(), null, isClear(refusal));
                }
            };
        });
    }

    private static Resolution resolution(Life life, String client) {
        return new Resolution(client, new LifeTime(life).now(), REASON);
    }

    /** The call is answered once the records of all that it gives up are durable. */
    private CompletionStage<ClientNode.Heard> givenUp(
            Life life, String resourceManager, Supplier<CompletionStage<? extends Answer<?>>> call) {
        Set<TransactionId> earlier = givenUp(resourceManager);
        CompletionStage<? extends Answer<?>> answer = call.get();
        if (life.isOver()) {
            return new CompletableFuture<>(); // it crashed while it recorded that
        }
        Set<TransactionId> givenUp = givenUp(resourceManager);
        givenUp.removeAll(earlier);
        return answer.thenCompose(given -> {
            if (life.isOver()) {
                return CompletableFuture.completedFuture(new ClientNode.Heard("nothing", null, false));
            }
            if (world.isCluster()) {
                givenUp.addAll(givenUp(resourceManager)); // shown only now
                givenUp.removeAll(earlier);
            }
            if (given instanceof Answer.Given<?>) {
                givenUp.forEach(transaction -> world.ledger.toldGivenUp(transaction, resourceManager));
            }
            return told(given);
        });
    }

    private Set<TransactionId> givenUp(String resourceManager) {
        return up().list(null, null, Integer.MAX_VALUE).stream()
                .filter(t -> t.isGivenUp(resourceManager))
                .map(Transaction::id)
                .collect(Collectors.toSet());
    }

    /** The answer to what is done to the delivery, and says nothing of the outcome. */
    private static CompletionStage<ClientNode.Heard> told(Answer<?> answer) {
        return CompletableFuture.completedFuture(new ClientNode.Heard(
                answer instanceof Answer.Refused<?> refused
                        ? refused.refusal().kind().name()
                        : "done",
                null,
                true));
    }

    private WaitCondition until() {
        return world.setting(Setting.RESPOND_ASYNC) > 0 ? WaitCondition.DECIDED : WaitCondition.ENDED;
    }

    private static Origin origin(@Nullable String key, Ask request) {
        return key == null ? Origin.ANONYMOUS : new Origin(null, new Origin.Request(key, request.toString()));
    }

    private static ClientWrite write(Ask.Write write) {
        return new ClientWrite(write.resourceManager(), write.key(), write.update(), write.holds());
    }

    private static TransactionId known(@Nullable TransactionId id) {
        if (id == null) {
            throw new IllegalStateException("a client asks about a transaction without knowing its id");
        }
        return id;
    }

    private CompletionStage<ClientNode.Heard> heard(
            Life life,
            String client,
            Ask ask,
            @Nullable TransactionId id,
            CompletionStage<Answer<Transaction>> answer) {
        return answer.thenApply(given -> {
            if (life.isOver()) {
                return new ClientNode.Heard("nothing", null, false);
            }
            return switch (given) {
                case Answer.Given<Transaction>(Transaction t) -> {
                    world.ledger.told(t, client);
                    if (ask instanceof Ask.Begin || ask instanceof Ask.Run) {
                        world.ledger.answeredBegin(t.id(), ask, t.decision());
                    }
                    yield new ClientNode.Heard(t.state().externalState().name(), t.id(), true);
                }
                case Answer.Refused<Transaction>(Refusal refusal) -> {
                    world.ledger.refused(id, ask, refusal, client);
                    yield new ClientNode.Heard(refusal.kind().name(), null, isClear(refusal));
                }
            };
        });
    }

    /** Whether asking again is of no use. */
    private static boolean isClear(Refusal refusal) {
        return switch (refusal.kind()) {
            case OVERLOADED, LOG_REFUSING, SHUTTING_DOWN, UNDECIDED -> false;
            case UNKNOWN_TRANSACTION,
                    UNKNOWN_RESOURCE_MANAGER,
                    WRONG_STATE,
                    LIMIT_EXCEEDED,
                    KEY_REUSED,
                    RESOURCE_MANAGER_LAPSED,
                    RESOURCE_MANAGER_FAILED,
                    RESOURCE_MANAGER_UNRESPONSIVE,
                    NO_ROOM,
                    NOT_SUPPORTED,
                    NAME_TAKEN,
                    HOST_NOT_ALLOWED -> true;
        };
    }

    // What it asks of resource managers

    /** The time-outs and readings of answers are those of the product over HTTP. */
    private final class Messages implements ParticipantTransport {
        private final Life life;

        private Messages(Life life) {
            this.life = life;
        }

        @Override
        public CompletionStage<Reply> send(Registration target, Message message) {
            return send(target, message, message instanceof Message.Prepare ? VOTE_TIMEOUT : MESSAGE_TIMEOUT);
        }

        @Override
        public CompletionStage<Reply> send(Registration target, Message message, Duration limit) {
            leaves(target, message);
            return ask(target, subject(message), limit.toMillis(), node -> node.receive(target, message))
                    .thenApply(result -> arrived(target, message, read(message, result)));
        }

        @Override
        public CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
            messages.forEach(message -> leaves(target, message));
            String subject = messages.stream().map(this::subject).collect(Collectors.joining(", "));
            return ask(target, subject, VOTE_TIMEOUT.toMillis(), node -> node.receive(target, messages))
                    .thenApply(result -> {
                        List<Optional<Reply>> replies = switch (result) {
                            case Network.Result.Heard<List<Optional<Reply>>>(var answers) -> answers;
                            case Network.Result.Broken<?> _ -> {
                                messages.forEach(message -> arrived(target, message, SENT_AGAIN));
                                throw new CompletionException(new IOException("the connection was lost"));
                            }
                            case Network.Result.Refused<?> _, Network.Result.Silent<?> _ ->
                                messages.stream()
                                        .map(message -> Optional.of(failed(message, result)))
                                        .toList();
                        };
                        for (int i = 0; i < messages.size(); i++) {
                            arrived(target, messages.get(i), replies.get(i).orElse(SENT_AGAIN));
                        }
                        return replies;
                    });
        }

        private String subject(Message message) {
            String transaction = world.name(message.id());
            return switch (message) {
                case Message.Write write -> "write " + transaction + " " + write.key();
                case Message.Prepare prepare
                when !prepare.writes().isEmpty() ->
                    "prepare " + transaction + " with "
                            + prepare.writes().stream().map(Message.Write::key).collect(Collectors.joining(" "));
                case Message.Prepare _ -> "prepare " + transaction;
                case Message.Commit _, Message.CommitOnePhase _ -> "commit " + transaction;
                case Message.Rollback _ -> "rollback " + transaction;
            };
        }

        private void leaves(Registration target, Message message) {
            if (life.isOver()) {
                return;
            }
            switch (message) {
                case Message.Write write -> {
                    sends(target, write);
                    world.ledger.writeUnderWay(write.id(), target.id(), 1);
                }
                case Message.Prepare prepare -> {
                    prepare.writes().forEach(write -> sends(target, write));
                    world.ledger.asksForVote(prepare.id(), target.id());
                }
                case Message.Commit _, Message.CommitOnePhase _ ->
                    world.ledger.tells(message.id(), Outcome.COMMIT, target.id());
                case Message.Rollback _ -> world.ledger.tells(message.id(), Outcome.ROLLBACK, target.id());
            }
        }

        private void sends(Registration target, Message.Write write) {
            world.ledger.sendsWrite(target, write);
        }

        private Reply arrived(Registration target, Message message, Reply reply) {
            if (!life.isOver()) {
                switch (message) {
                    case Message.Commit _, Message.CommitOnePhase _ ->
                        world.ledger.answered(message.id(), Outcome.COMMIT, target.id(), reply);
                    case Message.Rollback _ ->
                        world.ledger.answered(message.id(), Outcome.ROLLBACK, target.id(), reply);
                    case Message.Write _ -> world.ledger.writeUnderWay(message.id(), target.id(), -1);
                    case Message.Prepare _ -> voted(target, message, reply);
                }
            }
            return reply;
        }

        private void voted(Registration target, Message message, Reply reply) {
            Registration registered = lookedUp().find(target.id());
            if (reply instanceof Reply.Voted
                    && registered != null
                    && !registered.instance().equals(target.instance())) {
                world.ledger.votedTooLate(message.id(), target.id());
            }
        }

        private static Reply read(Message message, Network.Result<Reply> result) {
            return result instanceof Network.Result.Heard<Reply>(Reply reply) ? reply : failed(message, result);
        }

        private static Reply failed(Message message, Network.Result<?> result) {
            String detail = switch (result) {
                case Network.Result.Heard<?> _ -> throw new IllegalStateException("it was heard");
                case Network.Result.Refused<?> _ -> "it could not be reached";
                case Network.Result.Broken<?> _ -> "the connection was lost";
                case Network.Result.Silent<?> _ -> "it did not answer in time";
            };
            if (message instanceof Message.Prepare) {
                VoteCause cause = switch (result) {
                    case Network.Result.Refused<?> _ -> VoteCause.UNREACHABLE;
                    case Network.Result.Silent<?> _ -> VoteCause.TIMEOUT;
                    case Network.Result.Broken<?> _, Network.Result.Heard<?> _ -> VoteCause.ERROR;
                };
                return new Reply.Voted(Ballot.abortFor(cause, detail));
            }
            return result instanceof Network.Result.Refused<?>
                    ? new Reply.Unreachable(detail)
                    : new Reply.NoAnswer(detail);
        }

        private <R> CompletionStage<Network.Result<R>> ask(
                Registration target,
                String subject,
                long timeoutMillis,
                Function<ResourceManagerNode, CompletionStage<R>> question) {
            return world.network.ask(life, ResourceManagerNode.address(target), subject, timeoutMillis, node -> {
                if (node instanceof ResourceManagerNode resourceManager) {
                    return question.apply(resourceManager);
                }
                throw new IllegalStateException(node.name + " is no resource manager");
            });
        }
    }

    // What is watched

    private final class Listener implements TransactionListener {
        private final Life life;

        private Listener(Life life) {
            this.life = life;
        }

        @Override
        public void applied(AppliedEvent applied) {
            Transaction before = applied.before();
            CoordinatorEvent event = applied.event();
            if (life.isOver() || before == null || event == null) {
                return;
            }
            world.ledger.applied(before, event, applied.after());
            if (event instanceof CoordinatorEvent.EnlistRequested enlistment
                    && applied.step().write() instanceof WriteResult.Accepted(int number)) {
                world.ledger.enlisted(before, enlistment, applied.after(), number);
            }
            if (applied.stateChanged()) {
                world.ledger.changed(CoordinatorNode.this, before, applied.after());
            }
        }
    }

    private final class WatchedLog implements DecisionLog {
        private final Life life;
        private final DecisionLog log;

        private WatchedLog(Life life, DecisionLog log) {
            this.life = life;
            this.log = log;
        }

        @Override
        public void replay(Consumer<LogRecord> each) {
            log.replay(each);
        }

        @Override
        public CompletionStage<AppendResult> append(LogRecord decision) {
            if (life.isOver()) {
                return new CompletableFuture<>();
            }
            if (decision.kind() == LogRecord.Kind.REGISTRATION) {
                return log.append(decision);
            }
            TransactionRecord record = RecordCodec.decode(decision.id(), decision.bytes());
            if (!record.isOpen() && log.isFenced()) {
                return log.append(decision).whenComplete((result, _) -> {
                    if (result instanceof AppendResult.Stored) {
                        world.ledger.ended(record); // another coordinator may have ended it otherwise
                    }
                });
            }
            if (!record.isOpen()) {
                world.ledger.ended(record); // the rollback of a request with a key
                return log.append(decision);
            }
            world.ledger.deciding(record);
            return log.append(decision).whenComplete((result, _) -> {
                if (result instanceof AppendResult.Refused) {
                    world.ledger.refusedByLog(decision.id());
                }
            });
        }

        @Override
        public void appendLazily(LogRecord ended) {
            if (!life.isOver()) {
                world.ledger.ended(RecordCodec.decode(ended.id(), ended.bytes()));
                log.appendLazily(ended);
            }
        }

        @Override
        public void forget(TransactionId id) {
            if (!life.isOver()) {
                world.ledger.forgotten(id);
                log.forget(id);
            }
        }

        @Override
        public boolean isFenced() {
            return log.isFenced();
        }

        @Override
        public @Nullable String refusalReason() {
            return log.refusalReason();
        }

        @Override
        public @Nullable LogIdentity identity() {
            return log.identity();
        }
    }
}

package dtc.simulation;

import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Outcome;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.resource.Dictionary;
import dtc.resource.DictionaryLimits;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEvent;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.participant.CoordinatorLink;
import dtc.runtime.participant.HostedParticipant;
import dtc.runtime.participant.HostedParticipant.Progress;
import dtc.runtime.participant.InstanceCheck;
import dtc.runtime.participant.Membership;
import dtc.runtime.participant.ResourceManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The process of one resource manager. One that keeps what it has comes back with its dictionary and its instance; one
 * that forgets comes back empty, as a new instance.
 */
final class ResourceManagerNode extends Node {

    private static final long MESSAGE_MILLIS = 1_100;
    private static final String SCHEME = "http://";
    private static final String PATH = "/rm/";
    private static final Duration DRAIN = Duration.ofSeconds(10);

    final boolean durable;

    private int moves;
    private UUID instance;
    private @Nullable Dictionary dictionary;
    private @Nullable ResourceManager running;
    private @Nullable Membership membership;
    /** What the event that is being carried out says of an outcome. */
    private @Nullable Told told;

    /** That a transaction's outcome has been learned from the coordinator. */
    record Told(TransactionId id, Outcome outcome) {}

    ResourceManagerNode(World world, String name, boolean durable) {
        super(world, name);
        this.durable = durable;
        this.instance = world.uuid("instance of " + name);
    }

    String address() {
        return name + "-" + moves;
    }

    /** It will come back elsewhere, and nobody listens where it was. */
    void move() {
        world.network.close(address());
        moves++;
    }

    @Override
    void started(Life life) {
        world.network.listen(address(), this);
        Dictionary kept = dictionary;
        if (kept == null) {
            kept = new Dictionary(new DictionaryLimits(
                    (int) world.setting(Setting.STAGED_MAX), 100_000, world.setting(Setting.STORED_MAX), (int)
                            world.setting(Setting.REMEMBERED_MAX)));
            dictionary = kept;
            instance = world.uuid("instance of " + name);
            world.ledger.isEmpty(this, instance);
        }
        LifeTime time = new LifeTime(life);
        CoordinatorLink link = new Link(life);
        ResourceManager resourceManager = new ResourceManager(
                name,
                instance,
                new ResourceManager.Settings(
                        Duration.ofMillis(800),
                        Duration.ofMillis(world.setting(Setting.STAGED_TIMEOUT)),
                        Duration.ofDays(7)),
                time,
                new Backoff(
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(30),
                        new SplittableRandom(world.number("inquiries", Long.MAX_VALUE))),
                link,
                kept);
        running = resourceManager;
        resourceManager.resume();
        Membership newMembership = new Membership(
                resourceManager,
                link,
                time,
                new Backoff(
                        Duration.ofMillis(200),
                        Duration.ofSeconds(5),
                        new SplittableRandom(world.number("registering", Long.MAX_VALUE))),
                new Membership.Listener() {
                    @Override
                    public void registered(String id) {}

                    @Override
                    public void failed(String id, Throwable why) {}
                });
        membership = newMembership;
        newMembership.start();
    }

    @Override
    void died(int kept) {
        running = null;
        membership = null;
        told = null;
        if (!durable) {
            dictionary = null;
            world.ledger.isGone(this);
        }
    }

    /** A graceful stop: it drains, says goodbye, and ends. */
    void leave(long backAfter) {
        Life life = life();
        ResourceManager leaving = running;
        Membership left = membership;
        if (life == null || leaving == null || left == null) {
            return;
        }
        leaving.drain().thenAccept(_ -> {
            left.deregister();
            stop(life, Duration.ofMillis(50), backAfter);
        });
        stop(life, DRAIN, backAfter);
        observe(); // what had not come to a vote is dropped
    }

    private void stop(Life life, Duration in, long backAfter) {
        world.after(in.toMillis(), life, () -> {
            world.ledger.crashes(this);
            crash(0);
            world.at(this, backAfter, this::start);
        });
    }

    UUID instance() {
        return instance;
    }

    @Nullable
    Dictionary dictionary() {
        return dictionary;
    }

    int staged() {
        return dictionary == null ? 0 : dictionary.openTransactionCount();
    }

    boolean isSettled() {
        return dictionary != null
                && dictionary.lockedKeys() == 0
                && !dictionary.open(Integer.MAX_VALUE).containsValue(true);
    }

    @Override
    void observe() {
        if (dictionary != null) {
            world.ledger.observe(this, dictionary, told);
        }
        told = null;
    }

    // What the coordinator asks

    /** The URL of this address, with the id in its path as over HTTP. */
    private static String url(String address, String id) {
        return SCHEME + address + PATH + id;
    }

    private ResourceManager up() {
        if (running == null) {
            throw new IllegalStateException("asked while down");
        }
        return running;
    }

    private HostedParticipant up(Registration target) {
        return InstanceCheck.of(up(), target.instance().toString());
    }

    /** Nothing is stored, so that such an answer is immediate. */
    private static <T> T now(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    /** The address in a URL of {@link #url}. */
    static String address(Registration target) {
        return target.url().substring(SCHEME.length(), target.url().lastIndexOf(PATH));
    }

    private boolean isElsewhere(Registration target) {
        return !target.url().endsWith(PATH + name);
    }

    private static final Reply MISDIRECTED = new Reply.ProtocolError("it answered 421");

    CompletionStage<Reply> receive(Registration target, Message message) {
        if (isElsewhere(target)) {
            return CompletableFuture.completedFuture(MISDIRECTED);
        }
        return switch (message) {
            case Message.Write write -> CompletableFuture.completedFuture(write(target, write));
            case Message.Prepare prepare -> prepare(target, prepare).thenApply(Reply.Voted::new);
            case Message.Commit commit -> commit(target, new ResourceEvent.Commit(commit.id(), null));
            case Message.CommitOnePhase commit ->
                commit(target, new ResourceEvent.Commit(commit.id(), commit.writeCount()));
            case Message.Rollback _ -> CompletableFuture.completedFuture(rollback(target, message.id()));
        };
    }

    /** One after the other; it may die between two. Empty is 202: to be asked alone. */
    CompletionStage<List<Optional<Reply>>> receive(Registration target, List<Message> messages) {
        Life life = life();
        List<Optional<Reply>> replies = new ArrayList<>();
        for (Message message : messages) {
            if (life == null || life.isOver()) {
                return new CompletableFuture<>();
            }
            replies.add(Optional.ofNullable(
                    receive(target, message).toCompletableFuture().getNow(null)));
            observe();
            world.moment(life, name + " took " + world.name(message.id()), true);
        }
        return CompletableFuture.completedFuture(replies);
    }

    private Reply write(Registration target, Message.Write write) {
        ResourceEffect effect = now(up(target).write(event(write)));
        if (effect instanceof ResourceEffect.Staged) {
            world.ledger.staged(this, write.id(), Ledger.Written.of(write));
        }
        return reply(effect);
    }

    // What clients ask of its service

    private static final long WORK_MILLIS_MAX = 60;
    private static final int ENLISTMENTS_MAX = 3;

    /** Enlists itself, works for a while, and answers. If that fails, it says that the transaction must not commit. */
    CompletionStage<ClientNode.Heard> call(TransactionId id, Ask.Write write) {
        Life life = life();
        if (life == null) {
            throw new IllegalStateException("asked while down");
        }
        UUID request = world.uuid("request of " + name);
        return enlist(life, id, request, 1).thenCompose(number -> {
            CompletableFuture<ClientNode.Heard> done = new CompletableFuture<>();
            world.after(1 + world.number("work at " + name, WORK_MILLIS_MAX), life, () -> {
                boolean written = number > 0 && work(id, number, write);
                if (!written) {
                    failed(life, id);
                }
                done.complete(new ClientNode.Heard(written ? "done" : "failed", null, written));
            });
            return done;
        });
    }

    /** Completes with its number; 0 if it was refused, or not answered. */
    private CompletionStage<Integer> enlist(Life life, TransactionId id, UUID request, int attempt) {
        return world.network
                .ask(life, CoordinatorNode.NAME, "enlist " + world.name(id), MESSAGE_MILLIS, node -> {
                    if (node instanceof CoordinatorNode coordinator) {
                        return coordinator.enlist(name, instance, request, id);
                    }
                    throw new IllegalStateException(node.name + " is no coordinator");
                })
                .thenCompose(result -> switch (result) {
                    case Network.Result.Heard<Answer<Coordinator.Enlistment>>(var answer) ->
                        CompletableFuture.completedFuture(
                                answer instanceof Answer.Given<Coordinator.Enlistment>(var enlistment)
                                        ? enlistment.sequence()
                                        : 0);
                    case Network.Result.Refused<?> _, Network.Result.Broken<?> _, Network.Result.Silent<?> _ ->
                        attempt < ENLISTMENTS_MAX
                                ? enlist(life, id, request, attempt + 1)
                                : CompletableFuture.completedFuture(0);
                });
    }

    private boolean work(TransactionId id, int number, Ask.Write write) {
        ResourceEffect effect =
                now(up().write(new ResourceEvent.Write(id, number, write.key(), write.update(), write.holds())));
        if (!(effect instanceof ResourceEffect.Staged)) {
            return false;
        }
        Ledger.Written written = Ledger.Written.of(number, write.key(), write.update(), write.holds());
        world.ledger.wrote(this, id, written);
        world.ledger.staged(this, id, written);
        return true;
    }

    private void failed(Life life, TransactionId id) {
        world.network.ask(life, CoordinatorNode.NAME, "rollback-only " + world.name(id), MESSAGE_MILLIS, node -> {
            if (node instanceof CoordinatorNode coordinator) {
                return coordinator.rollbackOnly(name, id);
            }
            throw new IllegalStateException(node.name + " is no coordinator");
        });
    }

    private static ResourceEvent.Write event(Message.Write write) {
        return new ResourceEvent.Write(write.id(), write.sequence(), write.key(), write.update(), write.condition());
    }

    private CompletionStage<Ballot> prepare(Registration target, Message.Prepare prepare) {
        TransactionId id = prepare.id();
        if (target.instance().equals(instance) && !up().isStopping()) {
            world.ledger.carried(this, prepare);
        }
        Ledger.Standing standing = world.ledger.standing(this, id);
        CompletableFuture<Ballot> vote = Progress.answer(up(target)
                        .prepare(new ResourceEvent.Prepare(
                                id,
                                prepare.writes().stream()
                                        .map(ResourceManagerNode::event)
                                        .toList(),
                                prepare.writeCount())))
                .toCompletableFuture();
        world.ledger.asked(this, id, target.instance(), standing, vote.getNow(null));
        return vote.thenApply(ballot -> {
            if (target.instance().equals(instance)) {
                world.ledger.voted(this, id, ballot);
            }
            // The wire knows nothing of causes.
            return switch (ballot.vote()) {
                case COMMIT -> Ballot.COMMIT;
                case READ_ONLY -> Ballot.READ_ONLY;
                case ABORT -> Ballot.abort(String.valueOf(ballot.reason()));
            };
        });
    }

    private CompletionStage<Reply> commit(Registration target, ResourceEvent.Commit commit) {
        TransactionId id = commit.id();
        told = new Told(id, Outcome.COMMIT);
        CompletableFuture<ResourceEffect.CommitAnswer> done =
                Progress.answer(up(target).commit(commit)).toCompletableFuture();
        if (!done.isDone()) {
            world.ledger.waits(this, id);
        }
        return done.thenApply(ResourceManagerNode::reply);
    }

    private Reply rollback(Registration target, TransactionId id) {
        told = new Told(id, Outcome.ROLLBACK);
        ResourceEffect effect = now(up(target).rollback(id));
        if (!(effect instanceof ResourceEffect.RollbackRefused)) {
            world.ledger.refusesFromNowOn(this, id);
        }
        return reply(effect);
    }

    /** As the statuses of HTTP say it. */
    private static Reply reply(ResourceEffect effect) {
        return switch (effect) {
            case ResourceEffect.Staged _, ResourceEffect.Committed _, ResourceEffect.RolledBack _ ->
                new Reply.Acknowledged();
            case ResourceEffect.WriteRefused _, ResourceEffect.CommitRefused _, ResourceEffect.RollbackRefused _ ->
                new Reply.Conflict("it answered 409");
            case ResourceEffect.Unknown _ -> new Reply.NotFound("it answered 404");
            case ResourceEffect.NoRoom _ -> new Reply.NoRoom("it answered 507");
            case ResourceEffect.Stopping _ -> new Reply.Unavailable("it answered 503");
            case ResourceEffect.Voted _, ResourceEffect.Waiting _, ResourceEffect.InDoubt _ ->
                new Reply.ProtocolError("it answered 500");
        };
    }

    // What it asks the coordinator

    /** Has no stack trace, because filling it in costs more than the rest of the message. */
    private static final class NoAnswer extends CompletionException {
        private NoAnswer() {
            super("there was no clear answer");
        }

        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }

    private final class Link implements CoordinatorLink {
        private final Life life;

        private Link(Life life) {
            this.life = life;
        }

        private Set<String> offered(Set<String> features) {
            Set<String> offered = new HashSet<>(features);
            if (world.setting(Setting.BATCH_MAX) <= 1) {
                offered.remove(Registration.BATCH);
            }
            if (world.setting(Setting.CARRY) == 0) {
                offered.remove(Registration.PREPARE_WITH_WRITES);
            }
            return offered;
        }

        @Override
        public CompletionStage<Duration> register(
                String id, UUID registered, Set<String> features, @Nullable TransactionId newestEvicted) {
            String url = url(address(), id);
            return world.network
                    .<Answer<Registry.Registered>>ask(
                            life,
                            CoordinatorNode.NAME,
                            "register " + id,
                            MESSAGE_MILLIS,
                            node -> coordinator(node).register(id, url, registered, offered(features), newestEvicted))
                    .thenCompose(result -> result instanceof Network.Result.Heard<Answer<Registry.Registered>> heard
                                    && heard.answer() instanceof Answer.Given<Registry.Registered>
                            ? CompletableFuture.completedFuture(Duration.ofSeconds(10))
                            : CompletableFuture.failedFuture(new NoAnswer()));
        }

        @Override
        public CompletionStage<Void> deregister(String id, UUID leaving) {
            return world.network
                    .ask(
                            life,
                            CoordinatorNode.NAME,
                            "leave " + id,
                            MESSAGE_MILLIS,
                            node -> coordinator(node).leave(id, leaving))
                    .thenAccept(_ -> {});
        }

        @Override
        public CompletionStage<Outcome> outcome(TransactionId id) {
            return world.network
                    .ask(
                            life,
                            CoordinatorNode.NAME,
                            "outcome " + world.name(id),
                            MESSAGE_MILLIS,
                            node -> coordinator(node).outcome(name, id))
                    .thenCompose(result -> {
                        if (result instanceof Network.Result.Heard<Outcome>(Outcome outcome)) {
                            told = new Told(id, outcome);
                            return CompletableFuture.completedFuture(outcome);
                        }
                        return CompletableFuture.failedFuture(new NoAnswer());
                    });
        }

        private CoordinatorNode coordinator(Node node) {
            if (node instanceof CoordinatorNode coordinator) {
                return coordinator;
            }
            throw new IllegalStateException(node.name + " is no coordinator");
        }
    }
}

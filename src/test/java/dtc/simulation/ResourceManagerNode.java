package dtc.simulation;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Outcome;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
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
import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoredTables;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The process of one resource manager. One that is durable finds its tables again, with its instance, and loses what
 * was only staged; one that forgets comes back empty, as a new instance.
 */
final class ResourceManagerNode extends Node {

    private static final long MESSAGE_MILLIS = 1_100;
    private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(10);
    private static final long SECOND_START_MILLIS = 500;
    private static final long TAKEOVER_MILLIS = 6_000;
    private static final String SCHEME = "http://";
    private static final String PATH = "/rm/";
    private static final Duration DRAIN = Duration.ofSeconds(10);

    final boolean durable;

    private int moves;
    /** Counts its questions: each goes to another one of several coordinators. */
    private int questions;

    private @Nullable StoredTables tables;
    private @Nullable ResourceManager running;
    private @Nullable Membership membership;
    /** The outcomes that were heard from the coordinator. */
    private final Map<TransactionId, Set<Outcome>> told = new HashMap<>();
    /** When another process opened the store; in the far future if this one owns it. */
    private long takenOverAt = Long.MAX_VALUE;

    ResourceManagerNode(World world, String name, boolean durable) {
        super(world, name);
        this.durable = durable;
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
        StoredTables kept = tables;
        if (kept == null) {
            kept = new StoredTables(world.uuid("instance of " + name));
            tables = kept;
            world.ledger.isEmpty(this, kept.instance);
        }
        LifeTime time = new LifeTime(life);
        CoordinatorLink link = new Link(life);
        ResourceManager resourceManager = new ResourceManager(
                name,
                new ResourceManager.Settings(
                        Duration.ofMillis(800),
                        Duration.ofMillis(world.setting(Setting.STAGED_TIMEOUT)),
                        Duration.ofDays(7),
                        OPEN_TIMEOUT,
                        Runnable::run),
                time,
                new Backoff(
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(30),
                        new SplittableRandom(world.number("inquiries", Long.MAX_VALUE))),
                new Backoff(
                        Duration.ofMillis(100),
                        Duration.ofSeconds(2),
                        new SplittableRandom(world.number("openings", Long.MAX_VALUE))),
                link,
                new DictionaryLimits(
                        (int) world.setting(Setting.STAGED_MAX),
                        100_000,
                        storeDelayMax() > 0 ? DictionaryLimits.UNLIMITED : world.setting(Setting.STORED_MAX),
                        (int) world.setting(Setting.REMEMBERED_MAX)),
                new SimulatedStore(world, this, life, kept));
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
        resourceManager.start().whenComplete((_, failure) -> {
            if (life.isOver()) {
                return;
            }
            if (failure != null) {
                world.fatal(life, SECOND_START_MILLIS);
                return;
            }
            running = resourceManager;
            membership = newMembership;
            world.network.listen(address(), this);
            newMembership.start();
        });
    }

    @Override
    void died(int kept) {
        running = null;
        membership = null;
        if (!durable) {
            tables = null;
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

    private StoredTables tables() {
        if (tables == null) {
            throw new IllegalStateException(name + " has no tables");
        }
        return tables;
    }

    UUID instance() {
        return tables().instance;
    }

    /** How long its database takes; 0 if it answers at once. */
    long storeDelayMax() {
        return durable ? world.setting(Setting.STORE) : 0;
    }

    @Override
    boolean isListening() {
        return running != null;
    }

    boolean isRunning() {
        return running != null;
    }

    int staged() {
        return running == null ? 0 : running.statistics().stagedTransactions();
    }

    int remembered() {
        return running == null ? 0 : running.statistics().rememberedOutcomes();
    }

    int lockedKeys() {
        return running == null ? 0 : running.statistics().lockedKeys();
    }

    boolean isSettled() {
        return running != null
                && running.isAvailable()
                && running.statistics().lockedKeys() == 0
                && tables().prepared.isEmpty();
    }

    // What is stored

    Set<TransactionId> inDoubt() {
        return tables().prepared.keySet();
    }

    @Nullable
    Outcome outcome(TransactionId id) {
        return tables().ended.get(id);
    }

    int endNumber(TransactionId id) {
        return List.copyOf(tables().ended.keySet()).indexOf(id);
    }

    Map<String, JsonText> entries() {
        return tables().entries;
    }

    /** The outcomes that were heard from the coordinator. */
    Set<Outcome> told(TransactionId id) {
        return told.getOrDefault(id, Set.of());
    }

    private void hears(TransactionId id, Outcome outcome) {
        told.computeIfAbsent(id, _ -> EnumSet.noneOf(Outcome.class)).add(outcome);
    }

    /** A process has opened the store. */
    void opened() {
        world.ledger.opened(this);
        takenOverAt = Long.MAX_VALUE;
    }

    /** Another process has opened the store. It ends soon, and this one is restarted. */
    void takenOver() {
        Life life = life();
        if (life != null && !isTakenOver()) {
            takenOverAt = world.millis();
            world.ledger.opened(this);
            world.at(this, TAKEOVER_MILLIS, () -> {
                world.fatal(life, SECOND_START_MILLIS);
            });
        }
    }

    /** Whether another process has opened the store, and this one has not opened it since. */
    boolean isTakenOver() {
        return takenOverAt < Long.MAX_VALUE;
    }

    @Override
    void observe() {
        if (tables != null) {
            world.ledger.observe(this);
        }
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

    /** The address in a URL of {@link #url}. */
    static String address(Registration target) {
        return target.url().substring(SCHEME.length(), target.url().lastIndexOf(PATH));
    }

    private boolean isElsewhere(Registration target) {
        return !target.url().endsWith(PATH + name);
    }

    private static final Reply MISDIRECTED = new Reply.ProtocolError("it answered 421");

    CompletionStage<Reply> receive(Registration target, Message message) {
        return Progress.awaitAnswer(progress(target, message)).exceptionally(ResourceManagerNode::unavailable);
    }

    /** As 503. */
    private static Reply unavailable(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof StoreException) {
            return new Reply.Unavailable("it answered 503");
        }
        throw new IllegalStateException(cause);
    }

    private CompletionStage<Progress<Reply>> progress(Registration target, Message message) {
        if (isElsewhere(target)) {
            return CompletableFuture.completedFuture(new Progress.Done<>(MISDIRECTED));
        }
        return switch (message) {
            case Message.Write write -> write(target, write).thenApply(Progress.Done::new);
            case Message.Prepare prepare -> prepare(target, prepare);
            case Message.Commit commit -> commit(target, new ResourceEvent.Commit(commit.id(), null));
            case Message.CommitOnePhase commit ->
                commit(target, new ResourceEvent.Commit(commit.id(), commit.writeCount()));
            case Message.Rollback _ -> rollback(target, message.id()).thenApply(Progress.Done::new);
        };
    }

    /** One after the other; it may die between two. Empty is 202: to be asked alone. */
    CompletionStage<List<Optional<Reply>>> receive(Registration target, List<Message> messages) {
        Life life = life();
        List<CompletableFuture<Optional<Reply>>> replies = new ArrayList<>();
        for (Message message : messages) {
            if (life == null || life.isOver()) {
                return new CompletableFuture<>();
            }
            replies.add(progress(target, message)
                    .thenApply(progress -> switch (progress) {
                        case Progress.Done<Reply>(Reply reply) -> Optional.of(reply);
                        case Progress.Blocked<Reply> _ -> Optional.<Reply>empty();
                    })
                    // A batch that fails as a whole makes the coordinator send each message alone.
                    .exceptionally(failure -> {
                        unavailable(failure);
                        return Optional.empty();
                    })
                    .toCompletableFuture());
            observe();
            world.moment(life, name + " took " + world.name(message.id()), true);
        }
        return CompletableFuture.allOf(replies.toArray(CompletableFuture<?>[]::new))
                .thenApply(_ -> replies.stream().map(CompletableFuture::join).toList());
    }

    private CompletionStage<Reply> write(Registration target, Message.Write write) {
        return up(target).write(event(write)).thenApply(effect -> {
            if (effect instanceof ResourceEffect.Staged) {
                world.ledger.staged(this, write.id(), Ledger.Written.of(write));
            }
            return reply(effect);
        });
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
        UUID instance = instance();
        return enlist(life, id, instance, request, 1).thenCompose(number -> {
            CompletableFuture<ClientNode.Heard> done = new CompletableFuture<>();
            world.after(
                    1 + world.number("work at " + name, WORK_MILLIS_MAX),
                    life,
                    () -> work(id, number, write).thenAccept(written -> {
                        if (!written) {
                            failed(life, id);
                        }
                        done.complete(new ClientNode.Heard(written ? "done" : "failed", null, written));
                    }));
            return done;
        });
    }

    /** Completes with its number; 0 if it was refused, or not answered. */
    private CompletionStage<Integer> enlist(Life life, TransactionId id, UUID instance, UUID request, int attempt) {
        return world.network
                .ask(life, world.coordinator(questions++), "enlist " + world.name(id), MESSAGE_MILLIS, node -> {
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
                                ? enlist(life, id, instance, request, attempt + 1)
                                : CompletableFuture.completedFuture(0);
                });
    }

    private CompletionStage<Boolean> work(TransactionId id, int number, Ask.Write write) {
        if (number == 0) {
            return CompletableFuture.completedFuture(false);
        }
        return up().write(new ResourceEvent.Write(id, number, write.key(), write.update(), write.holds()))
                .thenApply(effect -> {
                    if (!(effect instanceof ResourceEffect.Staged)) {
                        return false;
                    }
                    Ledger.Written written = Ledger.Written.of(number, write.key(), write.update(), write.holds());
                    world.ledger.wrote(this, id, written);
                    world.ledger.staged(this, id, written);
                    return true;
                })
                .exceptionally(failure -> {
                    unavailable(failure);
                    return false;
                });
    }

    private void failed(Life life, TransactionId id) {
        world.network.ask(
                life, world.coordinator(questions++), "rollback-only " + world.name(id), MESSAGE_MILLIS, node -> {
                    if (node instanceof CoordinatorNode coordinator) {
                        return coordinator.rollbackOnly(name, id);
                    }
                    throw new IllegalStateException(node.name + " is no coordinator");
                });
    }

    private static ResourceEvent.Write event(Message.Write write) {
        return new ResourceEvent.Write(write.id(), write.sequence(), write.key(), write.update(), write.condition());
    }

    private CompletionStage<Progress<Reply>> prepare(Registration target, Message.Prepare prepare) {
        TransactionId id = prepare.id();
        if (target.instance().equals(instance()) && up().isAvailable() && !up().isStopping()) {
            world.ledger.carried(this, prepare);
        }
        Ledger.Standing standing = world.ledger.standing(this, id);
        CompletionStage<Progress<Ballot>> progress = up(target)
                .prepare(new ResourceEvent.Prepare(
                        id,
                        prepare.writes().stream()
                                .map(ResourceManagerNode::event)
                                .toList(),
                        prepare.writeCount()));
        CompletableFuture<Ballot> vote = Progress.awaitAnswer(progress).toCompletableFuture();
        if (!vote.isCompletedExceptionally()) {
            world.ledger.asked(this, id, target.instance(), standing, vote.getNow(null));
        }
        CompletionStage<Reply> reply = vote.thenApply(ballot -> {
            if (target.instance().equals(instance())) {
                world.ledger.voted(this, id, ballot);
            }
            // The wire knows nothing of causes.
            return new Reply.Voted(
                    switch (ballot.vote()) {
                        case COMMIT -> Ballot.COMMIT;
                        case READ_ONLY -> Ballot.READ_ONLY;
                        case ABORT -> Ballot.abort(String.valueOf(ballot.reason()));
                    });
        });
        return inOrder(progress, reply);
    }

    /** The reply, which does not come before what {@code reply} does. */
    private static <T> CompletionStage<Progress<Reply>> inOrder(
            CompletionStage<Progress<T>> progress, CompletionStage<Reply> reply) {
        return progress.thenCompose(known -> switch (known) {
            case Progress.Done<T> _ -> reply.thenApply(Progress.Done::new);
            case Progress.Blocked<T> _ ->
                CompletableFuture.completedFuture(
                        new Progress.Blocked<>(reply.exceptionally(ResourceManagerNode::unavailable)));
        });
    }

    private CompletionStage<Progress<Reply>> commit(Registration target, ResourceEvent.Commit commit) {
        TransactionId id = commit.id();
        hears(id, Outcome.COMMIT);
        CompletionStage<Progress<ResourceEffect.CommitAnswer>> progress =
                up(target).commit(commit);
        CompletableFuture<ResourceEffect.CommitAnswer> done =
                Progress.awaitAnswer(progress).toCompletableFuture();
        if (!done.isDone()) {
            world.ledger.waits(this, id);
        }
        return inOrder(progress, done.thenApply(ResourceManagerNode::reply));
    }

    private CompletionStage<Reply> rollback(Registration target, TransactionId id) {
        hears(id, Outcome.ROLLBACK);
        return up(target).rollback(id).thenApply(effect -> {
            if (!(effect instanceof ResourceEffect.RollbackRefused)) {
                world.ledger.refusesFromNowOn(this, id);
            }
            return reply(effect);
        });
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
            case ResourceEffect.Voted _,
                    ResourceEffect.Waiting _,
                    ResourceEffect.InDoubt _,
                    ResourceEffect.Persist _,
                    ResourceEffect.Load _ -> new Reply.ProtocolError("it answered 500");
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
            // A process may stand still between its check of the epoch and its registration.
            if (isTakenOver() && world.millis() > Math.max(takenOverAt, pausedUntil()) + 3 * storeDelayMax() + 1) {
                world.fail("fencing", name + " registers although another process has taken over its store");
            }
            String url = url(address(), id);
            // Each coordinator has its own registry. The answer of any one of them is enough.
            CompletionStage<Duration> lease = null;
            for (CoordinatorNode coordinator : world.coordinators()) {
                CompletionStage<Duration> one =
                        register(coordinator.name, id, url, registered, features, newestEvicted);
                lease = lease == null ? one : firstSuccess(lease, one);
            }
            return Objects.requireNonNull(lease);
        }

        private static CompletionStage<Duration> firstSuccess(
                CompletionStage<Duration> one, CompletionStage<Duration> other) {
            CompletableFuture<Duration> first = new CompletableFuture<>();
            one.thenAccept(first::complete);
            other.thenAccept(first::complete);
            one.handle((_, _) -> true)
                    .thenCombine(other.handle((_, _) -> true), (_, _) -> first.completeExceptionally(new NoAnswer()));
            return first;
        }

        private CompletionStage<Duration> register(
                String coordinator,
                String id,
                String url,
                UUID registered,
                Set<String> features,
                @Nullable TransactionId newestEvicted) {
            return world.network
                    .<Answer<Registry.Registered>>ask(
                            life,
                            coordinator,
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
                            world.coordinator(questions++),
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
                            world.coordinatorOf(id, questions++),
                            "outcome " + world.name(id),
                            MESSAGE_MILLIS,
                            node -> coordinator(node).outcome(name, id))
                    .thenCompose(result -> {
                        if (result instanceof Network.Result.Heard<Outcome>(Outcome outcome)) {
                            hears(id, outcome);
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

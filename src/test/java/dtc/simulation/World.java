package dtc.simulation;

import dtc.coordinator.Transaction;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.participant.ResourceManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.logging.Logger;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/**
 * One run of a scenario: processes, network, disk and clock. All events of a run are executed on one thread, ordered by
 * time and then by number. A world shares nothing with other worlds, so that many may run in parallel.
 *
 * <p>Before each message is sent or received, and before each write and force of the log, there is a named
 * <em>moment</em>, at which the scenario may apply an action to the message or to any process. The moments of a message
 * are
 *
 * <pre>
 * coordinator sends prepare t1 to orders
 * orders receives prepare t1 from coordinator
 * orders answers prepare t1 to coordinator
 * coordinator hears prepare t1 from orders
 * </pre>
 *
 * <p>and those of the log {@code coordinator writes log} and {@code coordinator forces log}. The second occurrence of a
 * moment has {@code #2} behind its name, and so on. A process that crashes at a moment does not do what it names.
 *
 * <p>The first part of a run has faults. Once all clients are done, and no fault has been active for some seconds, the
 * rest of the run has none, and all transactions must end within {@link #TERMINATION_MILLIS}.
 */
final class World {

    /**
     * The sum of the longest waits: before an inquiry about a transaction in doubt, before a redelivery, and for the
     * answer to one, with a margin.
     */
    static final long TERMINATION_MILLIS = 90_000;

    /** How long there must be no fault, with all clients done, before the part without faults begins. */
    private static final long GRACE_MILLIS = 3_000;

    /**
     * How long the noise and wrong suspicions disturb a cluster, whose coordinators send requests to the store all the
     * time.
     */
    private static final long CLUSTER_NOISE_MILLIS = 25_000;

    private static final long CLIENTS_MILLIS_MAX = 600_000;
    private static final long SETTLED_CHECK_MILLIS = 500;
    private static final long LINGER_MILLIS = 2_000;

    private static final String SIMULATION = "simulation";

    final Scenario scenario;
    final Ledger ledger;
    final Network network;
    final Disk disk;
    final Coverage coverage = new Coverage();

    private final Noise noise;
    private final boolean noisy;
    private final Map<Setting, Long> settings;
    private final PriorityQueue<Pending> queue = new PriorityQueue<>();
    private final Map<String, List<ScenarioAction>> script = new HashMap<>();
    private final Set<String> acted = new HashSet<>();
    private final Map<String, Integer> occurrences = new HashMap<>();
    private final Map<String, Long> draws = new HashMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();
    private final List<CoordinatorNode> coordinators = new ArrayList<>();
    private final StoreNode store;
    private final List<ResourceManagerNode> resourceManagers = new ArrayList<>();
    private final List<ClientNode> clients = new ArrayList<>();
    private final Map<TransactionId, String> names = new HashMap<>();
    private final Map<String, TransactionId> handles = new HashMap<>();
    /** The faults that the noise chose, as steps of a scenario. */
    private final List<ScenarioStep> chosen = new ArrayList<>();

    private final List<String> moments = new ArrayList<>();
    private final @Nullable List<String> trace;

    private long millis;
    private long numbers;
    private long events;
    private long faultsUntil;
    /** When the last message arrives that was sent in the part with faults. */
    private long lastArrival;

    private boolean healed;
    private long hash = 0xcbf29ce484222325L;
    private @Nullable Violation violation;

    /** An event of the future. */
    static final class Pending implements Comparable<Pending> {
        private final long at;
        private final long number;
        /** The process at which it happens; null for none. */
        private final @Nullable Node node;
        /** It happens only in this life of the process; null for any. */
        private final Node.@Nullable Life life;

        private final Runnable action;
        boolean cancelled;

        private Pending(long at, long number, @Nullable Node node, Node.@Nullable Life life, Runnable action) {
            this.at = at;
            this.number = number;
            this.node = node;
            this.life = life;
            this.action = action;
        }

        @Override
        public int compareTo(Pending other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    /** A promise that was broken. */
    record Violation(String check, String what, long millis) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s, at %d ms: %s", check, millis, what);
        }
    }

    /** The outcome of a run. */
    record Result(@Nullable Violation violation, long events, long millis, long hash, List<ScenarioStep> chosen) {}

    World(Scenario scenario, Noise noise, boolean traced) {
        this.scenario = scenario;
        this.noise = noise;
        this.noisy = !noise.equals(Noise.NONE);
        this.settings = scenario.settings();
        this.trace = traced ? new ArrayList<>() : null;
        this.ledger = new Ledger(this);
        this.network = new Network(this);
        this.disk = new Disk(this);
        this.store = new StoreNode(this);
        for (int i = 1; i <= Math.max(1, setting(Setting.COORDINATORS)); i++) {
            CoordinatorNode node = new CoordinatorNode(this, i == 1 ? CoordinatorNode.NAME : CoordinatorNode.NAME + i);
            coordinators.add(node);
            add(node);
        }
        for (ScenarioStep.ResourceManager step : scenario.all(ScenarioStep.ResourceManager.class)) {
            ResourceManagerNode node = new ResourceManagerNode(this, step.name(), step.durable());
            resourceManagers.add(node);
            add(node);
        }
        for (String client : scenario.clients()) {
            ClientNode node = new ClientNode(
                    this,
                    client,
                    scenario.all(ScenarioStep.Client.class).stream()
                            .filter(step -> step.client().equals(client))
                            .toList());
            clients.add(node);
            add(node);
        }
        for (ScenarioStep.When when : scenario.all(ScenarioStep.When.class)) {
            script.computeIfAbsent(when.moment(), _ -> new ArrayList<>()).add(when.action());
        }
        for (ScenarioStep.At at : scenario.all(ScenarioStep.At.class)) {
            faultsUntil = Math.max(faultsUntil, at.millis());
            schedule(at.millis(), null, null, () -> act(at.action()));
        }
    }

    private void add(Node node) {
        nodes.put(node.name, node);
    }

    static Result run(Scenario scenario) {
        return new World(scenario, Noise.NONE, false).run();
    }

    // The run

    /** Without what the product logs: it would be more than all other output of the tests. */
    Result run() {
        Logger.getLogger(ResourceManager.class.getName()).setFilter(_ -> MDC.get(SIMULATION) == null);
        MDC.put(SIMULATION, scenario.title());
        try {
            return play();
        } finally {
            MDC.remove(SIMULATION);
        }
    }

    private Result play() {
        if (isCluster()) {
            store.start();
        }
        coordinators.forEach(Node::start);
        resourceManagers.forEach(Node::start);
        clients.forEach(Node::start);
        // The queue never becomes empty, because leases are renewed.
        long quietSince = 0;
        while (violation == null && millis <= quietSince + GRACE_MILLIS) {
            next();
            if (!clientsAreDone() && millis <= CLIENTS_MILLIS_MAX + faultsUntil) {
                quietSince = millis;
            }
            quietSince = Math.max(quietSince, faultsUntil);
        }
        if (violation == null && !clientsAreDone()) {
            fail(
                    "termination",
                    "a client still waits: "
                            + clients.stream().filter(c -> !c.isDone()).toList());
        }
        healed = true;
        settle(TERMINATION_MILLIS, "in doubt, locked or undecided", this::isSettled);
        settle(
                setting(Setting.STAGED_TIMEOUT) + TERMINATION_MILLIS,
                "staged",
                () -> resourceManagers.stream().allMatch(rm -> rm.staged() == 0) && isSettled());
        // Messages with long delays still arrive.
        long lingerFrom = millis;
        while (violation == null && millis < Math.max(lingerFrom, lastArrival) + LINGER_MILLIS) {
            next();
        }
        if (violation == null) {
            ledger.end();
        }
        if (violation == null) {
            Expectations.check(this);
        }
        return new Result(violation, events, millis, hash, List.copyOf(chosen));
    }

    private void settle(long limit, String what, java.util.function.BooleanSupplier settled) {
        long from = millis;
        long nextCheck = millis;
        while (violation == null) {
            if (millis >= nextCheck) {
                if (settled.getAsBoolean()) {
                    return;
                }
                nextCheck = millis + SETTLED_CHECK_MILLIS;
                if (millis > from + limit) {
                    fail(
                            "termination",
                            String.format(
                                    Locale.ROOT, "something is still %s %d ms after the last fault", what, limit));
                    return;
                }
            }
            next();
        }
    }

    private boolean isSettled() {
        return resourceManagers.stream().allMatch(ResourceManagerNode::isSettled)
                && coordinators.stream().allMatch(CoordinatorNode::isSettled)
                && (!isCluster() || allNumbersAreHeld());
    }

    private boolean allNumbersAreHeld() {
        Set<Integer> held = new HashSet<>();
        coordinators.forEach(node -> held.addAll(node.numbers()));
        return held.containsAll(store.issuedNumbers());
    }

    private boolean clientsAreDone() {
        for (ClientNode client : clients) {
            if (!client.isDone()) {
                return false;
            }
        }
        return true;
    }

    private void next() {
        Pending pending = queue.poll();
        if (pending == null) {
            millis += SETTLED_CHECK_MILLIS; // nobody is there who would renew a lease
            return;
        }
        millis = Math.max(millis, pending.at);
        if (pending.cancelled || (pending.life != null && pending.life.isOver())) {
            return;
        }
        Node node = pending.node;
        if (node != null && node.pausedUntil() > millis) {
            Pending later = schedule(node.pausedUntil() - millis, node, pending.life, () -> {
                if (!pending.cancelled) {
                    pending.action.run();
                }
            });
            later.cancelled = pending.cancelled;
            return;
        }
        events++;
        try {
            pending.action.run();
        } catch (RuntimeException e) {
            fail(
                    "no exception",
                    e + " at "
                            + java.util.Arrays.stream(e.getStackTrace())
                                    .filter(f -> f.getClassName().startsWith("dtc."))
                                    .limit(3)
                                    .toList());
        }
        if (node != null) {
            node.observe();
        }
        ledger.afterEvent();
    }

    Pending after(long delay, Node.Life life, Runnable action) {
        return schedule(delay, life.node, life, action);
    }

    /** A message arrives at a process, in any life of it. */
    void arrives(Node node, long delay, Runnable action) {
        if (!healed) {
            lastArrival = Math.max(lastArrival, millis + delay);
        }
        schedule(delay, node, null, action);
    }

    /** At a database, which neither dies nor stands still. */
    void atDatabase(long delay, Runnable action) {
        schedule(delay, null, null, action);
    }

    /** At a process, in any life of it. */
    void at(Node node, long delay, Runnable action) {
        schedule(delay, node, null, action);
    }

    private Pending schedule(long delay, @Nullable Node node, Node.@Nullable Life life, Runnable action) {
        Pending pending = new Pending(millis + delay, numbers++, node, life, action);
        queue.add(pending);
        return pending;
    }

    void fail(String check, String what) {
        if (violation == null) {
            violation = new Violation(check, what, millis);
            note("VIOLATION " + violation);
        }
    }

    // Moments

    /**
     * Records that something is about to happen at a process, and applies the actions for this moment.
     *
     * @return what happens to the message; the caller checks whether the process is still alive
     */
    List<ScenarioAction.Fate> moment(Node.Life life, String what, boolean message) {
        int occurrence = occurrences.merge(what, 1, Integer::sum);
        String moment = occurrence == 1 ? what : what + " #" + occurrence;
        note(moment);
        if (!healed) {
            moments.add(moment);
        }
        List<ScenarioAction> actions = healed ? null : script.get(moment);
        List<ScenarioAction.Fate> fates = List.of();
        if (actions != null) {
            acted.add(moment);
            fates = act(actions);
        }
        if (noisy && mayDisturb()) {
            List<ScenarioAction> faults = noise.at(moment, life.node.name, message);
            if (!faults.isEmpty()) {
                for (ScenarioAction fault : faults) {
                    chosen.add(new ScenarioStep.When(moment, fault));
                }
                List<ScenarioAction.Fate> more = act(faults);
                fates = fates.isEmpty() ? more : fates;
            }
        }
        return fates;
    }

    /** Whether faults may happen that the scenario does not name. */
    boolean mayDisturb() {
        return !healed && (!isCluster() || millis < CLUSTER_NOISE_MILLIS);
    }

    private List<ScenarioAction.Fate> act(List<ScenarioAction> actions) {
        List<ScenarioAction.Fate> fates = new ArrayList<>();
        for (ScenarioAction action : actions) {
            if (action instanceof ScenarioAction.Fate fate) {
                fates.add(fate);
                occurred(fate);
            } else {
                act(action);
            }
        }
        return fates;
    }

    private void act(ScenarioAction action) {
        note(action.toString());
        long lasts = switch (action) {
            case ScenarioAction.Crash a -> {
                Node node = node(a.node());
                if (node == null || !node.isUp()) {
                    yield 0;
                }
                occurred(action);
                ledger.crashes(node);
                node.crash(a.kept());
                if (node instanceof ResourceManagerNode rm && a.elsewhere()) {
                    rm.move();
                }
                schedule(a.backAfterMillis(), null, null, node::start);
                yield a.backAfterMillis();
            }
            case ScenarioAction.Pause a -> {
                Node node = node(a.node());
                if (node == null || !node.isUp()) {
                    yield 0;
                }
                occurred(action);
                node.pauseUntil(millis + a.millis());
                yield a.millis();
            }
            case ScenarioAction.Cut a -> {
                occurred(action);
                network.cut(a.from(), a.to(), millis + a.millis());
                yield a.millis();
            }
            case ScenarioAction.Clog a -> {
                occurred(action);
                network.clog(a.from(), a.to(), millis + a.millis());
                yield a.millis();
            }
            case ScenarioAction.Jump a -> {
                Node node = node(a.node());
                if (node != null) {
                    occurred(action);
                    node.jumpClock(a.millis());
                }
                yield 0;
            }
            case ScenarioAction.FailForce _ -> {
                occurred(action);
                disk.failNextForce();
                yield 0;
            }
            case ScenarioAction.FillDisk a -> {
                occurred(action);
                disk.fillUntil(millis + a.millis());
                yield a.millis();
            }
            case ScenarioAction.Leave a -> {
                if (node(a.node()) instanceof ResourceManagerNode rm && rm.isUp()) {
                    occurred(action);
                    rm.leave(a.backAfterMillis());
                    yield a.backAfterMillis();
                }
                yield 0;
            }
            case ScenarioAction.Fate _ -> throw new IllegalStateException("no message here to " + action);
        };
        faultsUntil = Math.max(faultsUntil, millis + lasts);
    }

    /** The coordinator ends itself, as after a failed force, and its supervisor starts it again. */
    void fatal(Node.Life life, long backAfter) {
        if (!life.isOver()) {
            ledger.crashes(life.node);
            life.node.crash(0);
            schedule(backAfter, null, null, life.node::start);
            faultsUntil = Math.max(faultsUntil, millis + backAfter);
        }
    }

    private void occurred(ScenarioAction action) {
        coverage.occurred(action.fault(), ledger);
    }

    void note(String what) {
        for (int i = 0; i < what.length(); i++) {
            hash = (hash ^ what.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ millis) * 0x100000001b3L;
        if (trace != null) {
            trace.add(String.format(Locale.ROOT, "%6d %s", millis, what));
        }
    }

    // What all processes share

    long millis() {
        return millis;
    }

    long setting(Setting setting) {
        return settings.getOrDefault(setting, setting.byDefault);
    }

    boolean isHealed() {
        return healed;
    }

    /** The next number of that purpose, from 0 to {@code bound}, exclusive; independent of those of other purposes. */
    long number(String purpose, long bound) {
        long count = draws.merge(purpose, 1L, Long::sum);
        return Noise.bounded(Noise.hash(setting(Setting.SEED), purpose, count), bound);
    }

    UUID uuid(String purpose) {
        return new UUID(
                (number(purpose, Long.MAX_VALUE) & ~0xf000L) | 0x4000L,
                (number(purpose, Long.MAX_VALUE) >>> 2) | 0x8000000000000000L);
    }

    @Nullable
    Node node(String name) {
        return nodes.get(name);
    }

    boolean isCluster() {
        return setting(Setting.COORDINATORS) > 0;
    }

    StoreNode store() {
        return store;
    }

    List<CoordinatorNode> coordinators() {
        return coordinators;
    }

    /** The name and address of a coordinator; with rising numbers, one after the other. */
    String coordinator(long number) {
        return coordinators.get((int) Math.floorMod(number, (long) coordinators.size())).name;
    }

    /**
     * The coordinator that is asked about a transaction. Every second question goes to one that holds the transaction,
     * so that each question is answered at last.
     */
    String coordinatorOf(TransactionId id, long number) {
        if (number % 2 == 0) {
            for (CoordinatorNode node : coordinators) {
                if (node.numbers().contains(id.epoch())) {
                    return node.name;
                }
            }
        }
        return coordinator(number);
    }

    /** A transaction as a coordinator that is up knows it; one that has ended is preferred. Null if none knows it. */
    @Nullable
    Transaction transaction(TransactionId id) {
        Transaction found = null;
        for (CoordinatorNode node : coordinators) {
            Coordinator coordinator = node.running();
            if (coordinator != null
                    && coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t)
                    && (found == null || t.state().isFinal())) {
                found = t;
            }
        }
        return found;
    }

    List<ResourceManagerNode> resourceManagers() {
        return resourceManagers;
    }

    List<ClientNode> clients() {
        return clients;
    }

    /** Names a transaction as its client does, with a suffix where that name is taken. */
    String name(TransactionId id, String wanted) {
        String name = wanted;
        for (int i = 2; names.containsValue(name); i++) {
            name = wanted + "~" + i;
        }
        names.put(id, name);
        return name;
    }

    String name(TransactionId id) {
        String name = names.get(id);
        return name == null ? id.toString() : name;
    }

    /** The id that clients know of their transaction. */
    @Nullable
    TransactionId handle(String transaction) {
        return handles.get(transaction);
    }

    void handle(String transaction, TransactionId id) {
        handles.put(transaction, id);
    }

    /** Whether the actions of the scenario for that moment were applied. */
    boolean hasActed(String moment) {
        return acted.contains(moment);
    }

    /** The moments of the part with faults. */
    List<String> moments() {
        return moments;
    }

    List<String> trace() {
        return trace == null ? List.of() : trace;
    }
}

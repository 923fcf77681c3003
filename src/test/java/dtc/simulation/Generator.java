package dtc.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes a scenario from a seed: the processes, the requests of clients, and the faults at given times. The faults of
 * single messages are those of {@link Noise}.
 */
final class Generator {

    private static final List<String> NAMES = List.of("orders", "payments", "stock", "mail");
    private static final int MILLIS_OF_FAULTS = 15_000;

    private final Choices workload;
    private final Choices faults;
    private final long seed;
    private final List<ScenarioStep> steps = new ArrayList<>();
    private final List<ScenarioStep.ResourceManager> resourceManagers = new ArrayList<>();
    private final List<String> begun = new ArrayList<>();
    /** Transactions whose writes need not be complete for the sums to be right. */
    private final List<String> single = new ArrayList<>();

    /** A key and the resource managers at which it is always written together. */
    private record Account(String key, List<String> places) {}

    private final List<Account> accounts = new ArrayList<>();
    private int values;
    /** What was written to a key at a place, for conditions that may hold. */
    private final Map<String, List<String>> written = new HashMap<>();

    /** Of deletes and conditions; null if there are none. */
    private final @Nullable Choices conditions;
    /** Of calls to services; null if there are none. */
    private final @Nullable Choices calls;

    private Generator(long seed) {
        this.seed = seed;
        this.workload = new Choices(Noise.hash(seed, "workload", 0));
        this.faults = new Choices(Noise.hash(seed, "faults", 0));
        this.conditions = sometimes("conditions", 300);
        this.calls = sometimes("calls", 300);
    }

    /** Choices that are their own, so that all others stay as they are; null for most seeds. */
    private @Nullable Choices sometimes(String purpose, int perMille) {
        Choices choices = new Choices(Noise.hash(seed, purpose, 0));
        return choices.perMille(perMille) ? choices : null;
    }

    /** A scenario and its noise. */
    record Plan(Scenario scenario, Noise noise) {

        World world() {
            return new World(scenario, noise, false);
        }
    }

    static Plan of(long seed) {
        return new Generator(seed).plan();
    }

    private Plan plan() {
        Noise noise = Noise.of(seed);
        return workload.perMille(60) ? new Plan(shortMemory(), noise.onlyDoubled()) : new Plan(scenario(), noise);
    }

    /**
     * One client, and resource managers that soon forget what has ended: what comes late must not begin anew. Nothing
     * is lost, so that nothing is forgotten that somebody still has to ask for.
     */
    private Scenario shortMemory() {
        resourceManagers.add(new ScenarioStep.ResourceManager(NAMES.get(0), true));
        resourceManagers.add(new ScenarioStep.ResourceManager(NAMES.get(1), true));
        steps.addAll(resourceManagers);
        set(Setting.SEED, seed);
        set(Setting.REMEMBERED_MAX, workload.between(3, 5));
        set(Setting.STAGED_TIMEOUT, 10_000);
        accounts.add(new Account("sum1", List.of(NAMES.get(0), NAMES.get(1))));
        accounts.add(new Account("sum2", List.of(NAMES.get(workload.upTo(1)))));
        client("client1", workload.between(8, 14));
        return new Scenario("seed " + seed, List.copyOf(steps));
    }

    private Scenario scenario() {
        int kind = workload.upTo(9);
        for (String name : NAMES.subList(0, workload.of(1, 2, 2, 3, 3, 4))) {
            // Half of the runs have only durable ones, so that all promises hold without exceptions.
            boolean durable = kind < 5 || (kind < 9 && workload.perMille(500));
            resourceManagers.add(new ScenarioStep.ResourceManager(name, durable));
        }
        steps.addAll(resourceManagers);
        settings();
        int hot = workload.between(1, 4);
        for (int i = 1; i <= hot; i++) {
            accounts.add(new Account("sum" + i, places()));
        }
        int clients = workload.between(1, 4);
        for (int i = 1; i <= clients; i++) {
            client("client" + i, workload.between(1, 5));
        }
        if (workload.perMille(300)) {
            operator();
        }
        if (workload.perMille(200)) {
            onCall();
        }
        prepareEarly(new Choices(Noise.hash(seed, "early", 0)));
        givesUp(new Choices(Noise.hash(seed, "give up", 0)));
        preventsCommits(new Choices(Noise.hash(seed, "rollback-only", 0)));
        services(new Choices(Noise.hash(seed, "services", 0)));
        faults();
        return new Scenario("seed " + seed, StorageFaults.addTo(steps, seed));
    }

    private void settings() {
        set(Setting.SEED, seed);
        set(Setting.TRANSACTION_TIMEOUT, workload.of(2_400, 6_000, 30_000));
        if (workload.perMille(300)) {
            set(Setting.RETENTION, workload.of(5_000, 20_000));
        }
        if (workload.perMille(100)) {
            set(Setting.RETAINED_MAX, workload.between(2, 6));
        }
        if (workload.perMille(100)) {
            set(Setting.IN_FLIGHT_MAX, workload.between(1, 4));
        }
        if (workload.perMille(100)) {
            set(Setting.STAGED_MAX, workload.between(1, 3));
        }
        if (workload.perMille(100)) {
            set(Setting.STORED_MAX, workload.between(10, 30));
        }
        if (workload.perMille(200)) {
            set(Setting.ROLLBACKS_WAITING_MAX, workload.between(1, 2));
        }
        if (workload.perMille(100)) {
            set(Setting.UNDELIVERED_MAX, workload.between(1, 4));
        }
        set(Setting.ROLLBACK_TRIES_MAX, workload.of(2, 4, 10));
        set(Setting.REDELIVERIES_MAX, workload.of(1, 2, 8));
        set(Setting.STAGED_TIMEOUT, workload.of(10_000, 40_000));
        set(Setting.DISK, workload.of(3, 3, 30, 400));
        set(Setting.SEGMENT, workload.of(300, 600, 1_500));
        set(Setting.CARRY, workload.between(0, 1));
        set(Setting.RESPOND_ASYNC, workload.between(0, 1));
        if (workload.perMille(500)) {
            set(Setting.BATCH_MAX, workload.between(2, 5));
            set(Setting.LANES, workload.between(1, 2));
            set(Setting.TURN, workload.between(0, 1));
            // Longer than the product's, so that with so few clients much gathers.
            long patience = workload.of(300, 3_000);
            set(Setting.PATIENCE, patience);
            set(Setting.LANE_WAITING_MAX, patience == 300 ? 1_000 : 4);
        }
    }

    private void set(Setting setting, long value) {
        steps.add(new ScenarioStep.Set(setting, value));
    }

    private List<String> places() {
        TreeSet<String> places = new TreeSet<>();
        int most = resourceManagers.size();
        int wanted = workload.perMille(300) ? 1 : workload.between(Math.min(2, most), most);
        while (places.size() < wanted) {
            places.add(workload.of(resourceManagers).name());
        }
        return List.copyOf(places);
    }

    private void client(String client, int transactions) {
        ask(client, new Ask.Wait(workload.upTo(1_500)));
        for (int i = 1; i <= transactions; i++) {
            String transaction = "t" + client.substring("client".length()) + i;
            begun.add(transaction);
            if (workload.perMille(300)) {
                ask(client, new Ask.Wait(workload.upTo(3_000)));
            }
            List<Ask.Write> writes = writes();
            String key = workload.perMille(500) ? "k-" + transaction : null;
            if (workload.perMille(400)) {
                Ask.Run run = new Ask.Run(transaction, writes, key);
                ask(client, run);
                if (key != null && workload.perMille(400)) {
                    ask(client, run); // the answer was not to its liking
                }
            } else {
                stepByStep(client, transaction, writes, key);
            }
            if (workload.perMille(200)) {
                ask(client, workload.perMille(500) ? new Ask.Get(transaction) : new Ask.Commit(transaction));
            }
        }
    }

    private void stepByStep(String client, String transaction, List<Ask.Write> writes, @Nullable String key) {
        if (writes.stream().allMatch(write -> write.key().startsWith("only"))) {
            single.add(transaction);
        }
        ask(client, new Ask.Begin(transaction, 0, key));
        for (Ask.Write write : writes) {
            boolean called = calls != null && calls.perMille(500);
            ask(client, called ? new Ask.Call(transaction, write) : new Ask.Put(transaction, write), 1);
        }
        switch (workload.upTo(9)) {
            case 0 -> ask(client, new Ask.Rollback(transaction));
            case 1 -> {} // it is left alone
            case 2, 3, 4 -> ask(client, new Ask.Prepare(transaction));
            default -> ask(client, new Ask.Commit(transaction));
        }
    }

    /** To one or two accounts, at all their places; now and then twice, and the last counts. */
    private List<Ask.Write> writes() {
        List<Ask.Write> writes = new ArrayList<>();
        Account first = workload.of(accounts);
        balance(first, writes);
        if (workload.perMille(300)) {
            Account second = workload.of(accounts);
            if (!second.equals(first) || workload.perMille(500)) {
                balance(second, writes);
            }
        }
        return conditions == null ? List.copyOf(writes) : conditional(writes, conditions);
    }

    /**
     * Deletes some accounts, at all their places, and adds conditions: to a write, or to a key that is only checked.
     */
    private List<Ask.Write> conditional(List<Ask.Write> writes, Choices choices) {
        List<Ask.Write> changed = new ArrayList<>();
        Map<String, Boolean> deleted = new HashMap<>();
        for (Ask.Write write : writes) {
            boolean delete = deleted.computeIfAbsent(write.key(), _ -> choices.perMille(150));
            String value = delete ? Ledger.DELETE : write.value();
            String condition = choices.perMille(350) ? condition(write, choices) : null;
            changed.add(new Ask.Write(write.resourceManager(), write.key(), value, condition));
            if (choices.perMille(150)) {
                Account other = choices.of(accounts);
                Ask.Write check = new Ask.Write(choices.of(other.places()), writtenKey(other), Ledger.CHECK);
                changed.add(
                        new Ask.Write(check.resourceManager(), check.key(), Ledger.CHECK, condition(check, choices)));
            }
        }
        for (Ask.Write write : changed) {
            if (!write.value().equals(Ledger.CHECK)) {
                written.computeIfAbsent(write.resourceManager() + " " + write.key(), _ -> new ArrayList<>())
                        .add(write.value().equals(Ledger.DELETE) ? Ledger.ABSENT : write.value());
            }
        }
        return List.copyOf(changed);
    }

    /** One that probably holds, as far as is known here, now and then with the number written in another way. */
    private String condition(Ask.Write write, Choices choices) {
        List<String> before = written.getOrDefault(write.resourceManager() + " " + write.key(), List.of());
        if (before.isEmpty() || choices.perMille(100)) {
            return Ledger.ABSENT;
        }
        String value = choices.perMille(800) ? before.getLast() : choices.of(before);
        return value.equals(Ledger.ABSENT) || choices.perMille(600) ? value : value + ".0";
    }

    private void balance(Account account, List<Ask.Write> writes) {
        values++;
        int sum = 0;
        for (String place : account.places().subList(1, account.places().size())) {
            writes.add(new Ask.Write(place, account.key(), Integer.toString(values)));
            sum += values;
        }
        writes.add(new Ask.Write(
                account.places().getFirst(),
                writtenKey(account),
                Integer.toString(account.places().size() == 1 ? values : -sum)));
    }

    /** Alone, an account cannot add up to nothing; it is there for the order of what is written to it. */
    private static String writtenKey(Account account) {
        return account.places().size() == 1 ? account.key().replace("sum", "only") : account.key();
    }

    private void operator() {
        String operator = "client-operator";
        for (int i = workload.between(1, 10); i > 0; i--) {
            ask(operator, new Ask.Wait(workload.upTo(1_000)));
            String transaction = workload.of(begun);
            switch (workload.upTo(2)) {
                case 0 -> ask(operator, new Ask.ListAll());
                case 1 -> ask(operator, new Ask.Get(transaction));
                default -> ask(operator, new Ask.Rollback(transaction));
            }
        }
    }

    /** Does at the console all that may be done there. */
    private void onCall() {
        String person = "client-on-call";
        for (int i = workload.between(2, 12); i > 0; i--) {
            ask(person, new Ask.Wait(workload.upTo(1_000)));
            String transaction = workload.of(begun);
            ask(
                    person,
                    switch (workload.upTo(3)) {
                        case 0 -> new Ask.Stop(transaction);
                        case 1 -> new Ask.Resolve(transaction);
                        case 2 -> new Ask.Remove(workload.of(resourceManagers).name());
                        default -> new Ask.Deliver(transaction);
                    });
        }
    }

    /** A client that prepares transactions of others, also while their writes are under way. */
    private void prepareEarly(Choices choices) {
        if (single.isEmpty() || !choices.perMille(300)) {
            return;
        }
        String client = "client-early";
        for (int i = choices.between(10, 40); i > 0; i--) {
            ask(client, new Ask.Wait(choices.upTo(150)));
            ask(client, new Ask.Prepare(choices.of(single)), 1);
        }
    }

    /**
     * An operator who gives up what is not delivered. The choices are their own, so that all others stay as they are.
     */
    private void givesUp(Choices choices) {
        if (!choices.perMille(250)) {
            return;
        }
        String operator = "client-giving-up";
        for (int i = choices.between(4, 16); i > 0; i--) {
            ask(operator, new Ask.Wait(choices.upTo(1_500)));
            String transaction = choices.of(begun);
            String resourceManager = choices.of(resourceManagers).name();
            ask(
                    operator,
                    switch (choices.upTo(7)) {
                        case 0, 1, 2, 3 -> new Ask.GiveUpAll(resourceManager);
                        case 4 -> new Ask.GiveUp(transaction, resourceManager);
                        case 5, 6 -> new Ask.Resolve(transaction);
                        default ->
                            choices.perMille(500)
                                    ? new Ask.Discard(transaction, resourceManager)
                                    : new Ask.DiscardAll(resourceManager);
                    });
        }
    }

    /** A participant or a client, to whom some transactions must not commit. */
    private void preventsCommits(Choices choices) {
        if (!choices.perMille(200)) {
            return;
        }
        String client = "client-against";
        for (int i = choices.between(2, 20); i > 0; i--) {
            ask(client, new Ask.Wait(choices.upTo(600)));
            ask(client, new Ask.RollbackOnly(choices.of(begun)), 2);
        }
    }

    /** Two clients call one service in the same transactions, and do not wait for each other before they commit. */
    private void services(Choices choices) {
        if (!choices.perMille(200)) {
            return;
        }
        String service = choices.of(resourceManagers).name();
        for (int i = choices.between(3, 8); i > 0; i--) {
            String transaction = "s" + i;
            ask("client-first", new Ask.Wait(choices.upTo(300)));
            ask("client-first", new Ask.Begin(transaction, 0, null));
            ask("client-first", new Ask.Call(transaction, work(service, choices)));
            ask("client-first", new Ask.Call(transaction, work(service, choices)));
            ask("client-first", new Ask.Commit(transaction));
            ask("client-second", new Ask.Wait(choices.between(100, 400)));
            ask("client-second", new Ask.Call(transaction, work(service, choices)));
            if (choices.perMille(500)) {
                ask("client-second", new Ask.Prepare(transaction), 1);
            }
        }
    }

    private Ask.Write work(String service, Choices choices) {
        String key = choices.of(List.of("onlyx", "onlyx", "onlyy"));
        values++;
        String value = choices.perMille(200) ? Ledger.DELETE : Integer.toString(values);
        return new Ask.Write(service, key, value, choices.perMille(300) ? Ledger.ABSENT : null);
    }

    private void ask(String client, Ask ask) {
        ask(client, ask, ScenarioStep.Client.TRIES);
    }

    private void ask(String client, Ask ask, int tries) {
        steps.add(new ScenarioStep.Client(client, ask, tries));
    }

    // What goes wrong at which time

    private void faults() {
        List<String> everybody = new ArrayList<>();
        everybody.add(CoordinatorNode.NAME);
        resourceManagers.forEach(resourceManager -> everybody.add(resourceManager.name()));
        if (faults.perMille(400)) {
            for (int i = faults.between(1, 4); i > 0; i--) {
                at(new ScenarioAction.Crash(
                        faults.of(everybody), 1 + faults.upTo(10_000), false, faults.of(0, 10, 41, 50, 71, 100)));
            }
        }
        if (faults.perMille(300)) {
            for (int i = faults.between(1, 4); i > 0; i--) {
                String inner = faults.of(everybody.subList(1, everybody.size()));
                boolean toCoordinator = faults.perMille(500);
                String from = toCoordinator ? inner : CoordinatorNode.NAME;
                String to = toCoordinator ? CoordinatorNode.NAME : inner;
                int millis = faults.of(500, 2_000, 15_000);
                at(
                        faults.perMille(500)
                                ? new ScenarioAction.Cut(from, to, millis)
                                : new ScenarioAction.Clog(from, to, millis));
            }
        }
        if (faults.perMille(200)) {
            for (int i = faults.between(1, 3); i > 0; i--) {
                at(new ScenarioAction.Pause(faults.of(everybody), faults.of(500, 1_500, 12_000, 60_000)));
            }
        }
        if (faults.perMille(200)) {
            for (int i = faults.between(1, 4); i > 0; i--) {
                at(new ScenarioAction.Jump(
                        faults.of(everybody), faults.of(-86_400_000, -20_000, -1_000, 1_000, 20_000, 86_400_000)));
            }
        }
        if (faults.perMille(100)) {
            at(new ScenarioAction.FillDisk(faults.of(500, 3_000, 10_000)));
        }
        if (faults.perMille(100)) {
            at(new ScenarioAction.Leave(faults.of(resourceManagers).name(), 1 + faults.upTo(5_000)));
        }
    }

    private void at(ScenarioAction action) {
        steps.add(new ScenarioStep.At(faults.upTo(MILLIS_OF_FAULTS), action));
    }
}

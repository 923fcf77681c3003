package dtc.simulation;

import dtc.simulation.Generator.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a scenario from a seed in which two or three coordinators share a store, and take over from each other. Their
 * failure detector may be wrong at any time.
 *
 * <p>Requests with a key are made once, and resource managers keep their instances: each coordinator has its own keys
 * and its own registry.
 */
public final class ClusterGenerator {

    private static final List<String> NAMES = List.of("orders", "payments", "stock");
    private static final int MILLIS_OF_FAULTS = 12_000;

    private final long seed;
    private final Choices choices;
    private final Noise noise;
    private final List<ScenarioStep> steps = new ArrayList<>();
    private final List<String> resourceManagers;
    private final List<String> coordinators = new ArrayList<>();
    private final List<String> begun = new ArrayList<>();
    private int values;

    private ClusterGenerator(long seed) {
        this.seed = seed;
        this.choices = new Choices(Noise.hash(seed, "cluster", 0));
        this.noise = Noise.of(seed);
        this.resourceManagers = NAMES.subList(0, choices.of(1, 2, 2, 3));
        for (int i = choices.of(2, 3, 3); i > 0; i--) {
            coordinators.add(i == 1 ? CoordinatorNode.NAME : CoordinatorNode.NAME + i);
        }
    }

    static Plan of(long seed) {
        return new ClusterGenerator(seed).plan();
    }

    /** Public for class loaders that hold a planted bug; see {@link Hunt#first(long, int)}. */
    public static Map<Long, String> first(long known, int seeds) throws InterruptedException, ExecutionException {
        return Hunt.first(ClusterGenerator::of, known, seeds);
    }

    private Plan plan() {
        resourceManagers.forEach(name -> steps.add(new ScenarioStep.ResourceManager(name, true)));
        settings();
        int clients = choices.between(1, 4);
        for (int i = 1; i <= clients; i++) {
            client("client" + i, choices.between(1, 5));
        }
        if (choices.perMille(500)) {
            operator();
        }
        faults();
        return new Plan(new Scenario("cluster seed " + seed, List.copyOf(steps)), noise);
    }

    private void settings() {
        set(Setting.SEED, seed);
        set(Setting.COORDINATORS, coordinators.size());
        set(Setting.DETECTOR_LIES, choices.of(0, 0, 5, 50, 200));
        set(Setting.TRANSACTION_TIMEOUT, choices.of(2_400, 6_000, 30_000));
        set(Setting.RETENTION, choices.of(4_000, 20_000, 3_600_000, 3_600_000));
        set(Setting.REDELIVERIES_MAX, 20);
        set(Setting.STAGED_TIMEOUT, 40_000);
        set(Setting.CARRY, choices.between(0, 1));
        set(Setting.RESPOND_ASYNC, choices.between(0, 1));
        if (choices.perMille(300)) {
            set(Setting.BATCH_MAX, choices.between(2, 5));
            set(Setting.LANES, choices.between(1, 2));
        }
    }

    private void set(Setting setting, long value) {
        steps.add(new ScenarioStep.Set(setting, value));
    }

    private void client(String client, int transactions) {
        ask(client, new Ask.Wait(choices.upTo(2_500)), 1);
        for (int i = 1; i <= transactions; i++) {
            String transaction = "t" + client.substring("client".length()) + i;
            begun.add(transaction);
            if (choices.perMille(500)) {
                ask(client, new Ask.Wait(choices.upTo(3_000)), 1);
            }
            // A request that arrives twice may reach a coordinator that does not know its key.
            String key = noise.doublePerMille() == 0 && choices.perMille(500) ? "k-" + transaction : null;
            if (choices.perMille(600)) {
                ask(client, new Ask.Run(transaction, writes(), key), key == null ? 2 : 1);
            } else {
                stepByStep(client, transaction, key);
            }
            if (choices.perMille(500)) {
                ask(client, choices.perMille(600) ? new Ask.Get(transaction) : new Ask.Commit(transaction), 5);
            }
        }
    }

    private void stepByStep(String client, String transaction, @Nullable String key) {
        ask(client, new Ask.Begin(transaction, 0, key), 1);
        writes().forEach(write -> ask(client, new Ask.Put(transaction, write), 1));
        switch (choices.upTo(7)) {
            case 0 -> ask(client, new Ask.Rollback(transaction), 5);
            case 1 -> {} // it is left alone
            case 2 -> ask(client, new Ask.RollbackOnly(transaction), 2);
            case 3, 4 -> ask(client, new Ask.Prepare(transaction), 5);
            default -> ask(client, new Ask.Commit(transaction), 5);
        }
    }

    /** To an account at one or more places, whose values add up to nothing. */
    private List<Ask.Write> writes() {
        TreeSet<String> places = new TreeSet<>();
        int wanted = choices.between(1, resourceManagers.size());
        while (places.size() < wanted) {
            places.add(choices.of(resourceManagers));
        }
        if (places.size() == 1) {
            return List.of(new Ask.Write(places.first(), "only" + choices.upTo(2), Integer.toString(++values)));
        }
        // The same places for the same account.
        String key = "sum-" + String.join("-", places) + choices.upTo(1);
        List<Ask.Write> writes = new ArrayList<>();
        int sum = 0;
        values++;
        for (String place : places.tailSet(places.first(), false)) {
            writes.add(new Ask.Write(place, key, Integer.toString(values)));
            sum += values;
        }
        writes.add(new Ask.Write(places.first(), key, Integer.toString(-sum)));
        return List.copyOf(writes);
    }

    private void operator() {
        String operator = "client-operator";
        for (int i = choices.between(3, 15); i > 0; i--) {
            ask(operator, new Ask.Wait(choices.upTo(1_500)), 1);
            String transaction = choices.of(begun);
            String resourceManager = choices.of(resourceManagers);
            ask(
                    operator,
                    switch (choices.upTo(8)) {
                        case 0 -> new Ask.Get(transaction);
                        case 1 -> new Ask.ListAll();
                        case 2, 3 -> new Ask.GiveUp(transaction, resourceManager);
                        case 4, 5 -> new Ask.GiveUpAll(resourceManager);
                        case 6 -> new Ask.Resolve(transaction);
                        case 7 -> new Ask.Stop(transaction);
                        default -> new Ask.Discard(transaction, resourceManager);
                    },
                    2);
        }
    }

    private void ask(String client, Ask ask, int tries) {
        steps.add(new ScenarioStep.Client(client, ask, tries));
    }

    // What goes wrong at which time

    private void faults() {
        for (int i = choices.of(0, 1, 2, 4); i > 0; i--) {
            at(new ScenarioAction.Crash(choices.of(coordinators), 1 + choices.upTo(8_000), false, 0));
        }
        for (int i = choices.of(0, 1, 2, 4); i > 0; i--) {
            at(new ScenarioAction.Pause(choices.of(coordinators), choices.of(700, 2_500, 5_000, 15_000)));
        }
        if (choices.perMille(400)) {
            for (int i = choices.between(1, 4); i > 0; i--) {
                String coordinator = choices.of(coordinators);
                String other = choices.perMille(500) ? StoreNode.NAME : choices.of(resourceManagers);
                boolean away = choices.perMille(500);
                String from = away ? coordinator : other;
                String to = away ? other : coordinator;
                int millis = choices.of(700, 2_500, 8_000);
                at(
                        choices.perMille(600)
                                ? new ScenarioAction.Cut(from, to, millis)
                                : new ScenarioAction.Clog(from, to, millis));
            }
        }
        if (choices.perMille(200)) {
            at(new ScenarioAction.Crash(choices.of(resourceManagers), 1 + choices.upTo(5_000), false, 0));
        }
        if (choices.perMille(200)) {
            at(new ScenarioAction.Jump(choices.of(coordinators), choices.of(-20_000, -1_000, 1_000, 20_000)));
        }
    }

    private void at(ScenarioAction action) {
        steps.add(new ScenarioStep.At(choices.upTo(MILLIS_OF_FAULTS), action));
    }
}

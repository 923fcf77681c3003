package dtc.simulation;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * All resource managers together are as if the committed transactions had run one after another. Each applies exactly
 * what was written, in one order over all of them: who overwrote whom, who checked what before it was overwritten. In
 * this order, every condition holds, and the last values are those at the end.
 */
final class SerialOrderCheck implements Check {

    private static final String NAME = "serial order";

    /** How a vote to abort begins because of a condition. */
    static final String CONDITION_FAILED = "a condition does not hold";

    private record Place(String resourceManager, String key) {}

    private record Checked(Ledger.Seen transaction, Place place) {}

    /** What a transaction did at a resource manager. */
    private record Done(String resourceManager, Set<Ledger.Requirement> requirements, Map<String, String> writes) {}

    private record Refused(Ledger.Seen transaction, String resourceManager) {}

    private final World world;
    /** Who wrote a key, in this order. */
    private final Map<Place, List<Ledger.Seen>> writers = new HashMap<>();
    /** Who checked the last value of a key. */
    private final Map<Place, List<Ledger.Seen>> checkers = new HashMap<>();
    /** After how many writers each key was checked. */
    private final Map<Checked, Integer> checked = new HashMap<>();

    private final Set<Refused> discardedWhereAllHold = new HashSet<>();

    private final Map<Ledger.Seen, List<Done>> done = new LinkedHashMap<>();
    /** Who has to come later than whom. */
    private final Map<Ledger.Seen, Set<Ledger.Seen>> later = new LinkedHashMap<>();

    SerialOrderCheck(World world) {
        this.world = world;
    }

    @Override
    public void crashed(Node node) {
        if (node instanceof ResourceManagerNode resourceManager && !resourceManager.durable) {
            writers.keySet().removeIf(place -> place.resourceManager().equals(node.name));
            checkers.keySet().removeIf(place -> place.resourceManager().equals(node.name));
            checked.keySet().removeIf(check -> check.place().resourceManager().equals(node.name));
        }
    }

    private List<Ledger.Seen> writers(Place place) {
        return writers.computeIfAbsent(place, _ -> new ArrayList<>());
    }

    private void order(Ledger.Seen first, Ledger.Seen second) {
        if (first != second) {
            later.computeIfAbsent(first, _ -> new LinkedHashSet<>()).add(second);
        }
    }

    /** The conditions were evaluated under the locks that end with this, on what was stored before. */
    @Override
    public void discards(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {
        if (staged.requirements.stream().allMatch(r -> r.holds(resourceManager.entries))) {
            discardedWhereAllHold.add(new Refused(transaction, resourceManager.name));
        }
    }

    @Override
    public void voted(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ballot ballot) {
        if (String.valueOf(ballot.reason()).startsWith(CONDITION_FAILED)
                && discardedWhereAllHold.contains(new Refused(transaction, resourceManager.name))) {
            world.fail(
                    NAME, "%s refused %s for a condition, and all hold".formatted(resourceManager.name, transaction));
        }
    }

    /** Where it votes before it commits, it checks at its vote. */
    @Override
    public void prepared(Ledger.Shadow resourceManager, Ledger.Seen transaction) {
        Ledger.Staged staged = resourceManager.staged.get(transaction.id);
        if (staged != null) {
            check(resourceManager, transaction, staged);
        }
    }

    private void check(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {
        for (Ledger.Requirement requirement : staged.requirements) {
            if (!requirement.holds(resourceManager.entries)) {
                world.fail(
                        NAME,
                        "%s accepts %s, which requires %s, with %s"
                                .formatted(resourceManager.name, transaction, requirement, resourceManager.entries));
            }
            Place place = new Place(resourceManager.name, requirement.key());
            checked.putIfAbsent(new Checked(transaction, place), writers(place).size());
        }
    }

    @Override
    public void applies(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {
        check(resourceManager, transaction, staged);
        for (Ledger.Requirement requirement : staged.requirements) {
            Place place = new Place(resourceManager.name, requirement.key());
            int after = checked.getOrDefault(new Checked(transaction, place), 0);
            List<Ledger.Seen> all = writers(place);
            if (after > 0) {
                order(all.get(after - 1), transaction);
            }
            if (after < all.size()) {
                order(transaction, all.get(after));
            } else {
                checkers.computeIfAbsent(place, _ -> new ArrayList<>()).add(transaction);
            }
        }
        done.computeIfAbsent(transaction, _ -> new ArrayList<>())
                .add(new Done(resourceManager.name, Set.copyOf(staged.requirements), staged.values()));
    }

    @Override
    public void applied(Ledger.Shadow resourceManager, Ledger.Seen transaction, Map<String, String> writes) {
        Ledger.Part part = transaction.parts.get(resourceManager.name);
        if (part == null || !part.sent.values().equals(writes)) {
            world.fail(
                    NAME,
                    "%s applied %s of %s, where %s was written"
                            .formatted(
                                    resourceManager.name,
                                    writes,
                                    transaction,
                                    part == null ? "nothing" : part.sent.values()));
        }
        for (String key : writes.keySet()) {
            Place place = new Place(resourceManager.name, key);
            List<Ledger.Seen> all = writers(place);
            if (!all.isEmpty()) {
                order(all.getLast(), transaction);
            }
            checkers.getOrDefault(place, List.of()).forEach(checker -> order(checker, transaction));
            checkers.remove(place);
            all.add(transaction);
        }
    }

    @Override
    public void observed(Ledger.Shadow resourceManager, ResourceManagerNode node) {
        Map<String, JsonText> entries = node.entries();
        if (!isSame(entries, resourceManager.entries)) {
            world.fail(
                    NAME, "%s has %s, where %s was committed".formatted(node.name, entries, resourceManager.entries));
        }
    }

    private static boolean isSame(Map<String, JsonText> entries, Map<String, String> committed) {
        if (entries.size() != committed.size()) {
            return false;
        }
        for (var entry : entries.entrySet()) {
            if (!entry.getValue().text().equals(committed.get(entry.getKey()))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void end() {
        List<Ledger.Seen> order = new ArrayList<>();
        Set<Ledger.Seen> seen = new HashSet<>();
        for (Ledger.Seen first : done.keySet()) {
            visit(first, new LinkedHashSet<>(), seen, order);
        }
        replay(order.reversed());
    }

    /** Adds the transaction after all that have to come later. */
    private void visit(Ledger.Seen transaction, Set<Ledger.Seen> path, Set<Ledger.Seen> seen, List<Ledger.Seen> order) {
        if (seen.contains(transaction)) {
            return;
        }
        if (!path.add(transaction)) {
            world.fail(NAME, "each of these has to come before the next: %s, %s".formatted(path, transaction));
            return;
        }
        for (Ledger.Seen next : later.getOrDefault(transaction, Set.of())) {
            visit(next, path, seen, order);
        }
        path.remove(transaction);
        seen.add(transaction);
        order.add(transaction);
    }

    /** Runs the transactions one after another, where no resource manager has lost anything. */
    private void replay(List<Ledger.Seen> order) {
        Map<String, Map<String, String>> entries = new HashMap<>();
        for (Ledger.Seen transaction : order) {
            for (Done part : done.getOrDefault(transaction, List.of())) {
                if (world.ledger.shadow(part.resourceManager()).losses > 0) {
                    continue;
                }
                Map<String, String> there = entries.computeIfAbsent(part.resourceManager(), _ -> new TreeMap<>());
                for (Ledger.Requirement requirement : part.requirements()) {
                    if (!requirement.holds(there)) {
                        world.fail(
                                NAME,
                                "one after another, %s requires %s of %s".formatted(transaction, requirement, there));
                    }
                }
                part.writes().forEach((key, value) -> {
                    if (value.equals(Ledger.DELETE)) {
                        there.remove(key);
                    } else {
                        there.put(key, value);
                    }
                });
            }
        }
        for (Ledger.Shadow shadow : world.ledger.shadows()) {
            Map<String, String> there = entries.getOrDefault(shadow.name, Map.of());
            if (shadow.losses == 0 && !there.equals(shadow.entries)) {
                world.fail(
                        NAME,
                        "one after another leads to %s at %s, which has %s"
                                .formatted(there, shadow.name, shadow.entries));
            }
        }
    }
}

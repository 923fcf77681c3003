package dtc.simulation;

import dtc.protocol.JsonText;
import dtc.resource.Dictionary;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * All resource managers together are as if the committed transactions had run one after another: each applies exactly
 * what was written, and who overwrote whom gives one order over all of them.
 */
final class SerialOrderCheck implements Check {

    private static final String NAME = "serial order";

    private final World world;
    /** Who wrote a key last, by resource manager and key. */
    private final Map<String, Ledger.Seen> lastWriters = new HashMap<>();
    /** Who was overwritten by whom. */
    private final Map<Ledger.Seen, Set<Ledger.Seen>> later = new LinkedHashMap<>();

    SerialOrderCheck(World world) {
        this.world = world;
    }

    @Override
    public void crashed(Node node) {
        if (node instanceof ResourceManagerNode resourceManager && !resourceManager.durable) {
            lastWriters.keySet().removeIf(where -> where.startsWith(node.name + " "));
        }
    }

    @Override
    public void applied(Ledger.Shadow resourceManager, Ledger.Seen transaction, Map<String, String> writes) {
        Ledger.Part part = transaction.parts.get(resourceManager.name);
        if (part == null || !part.values().equals(writes)) {
            world.fail(
                    NAME,
                    "%s applied %s of %s, where %s was written"
                            .formatted(
                                    resourceManager.name,
                                    writes,
                                    transaction,
                                    part == null ? "nothing" : part.values()));
        }
        for (String key : writes.keySet()) {
            Ledger.Seen before = lastWriters.put(resourceManager.name + " " + key, transaction);
            if (before != null) {
                later.computeIfAbsent(before, _ -> new LinkedHashSet<>()).add(transaction);
            }
        }
    }

    @Override
    public void observed(Ledger.Shadow resourceManager, ResourceManagerNode node, Dictionary dictionary) {
        Map<String, JsonText> entries = dictionary.entries(null, Integer.MAX_VALUE);
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
        Set<Ledger.Seen> done = new HashSet<>();
        for (Ledger.Seen first : later.keySet()) {
            visit(first, new LinkedHashSet<>(), done);
        }
    }

    private void visit(Ledger.Seen transaction, Set<Ledger.Seen> path, Set<Ledger.Seen> done) {
        if (done.contains(transaction)) {
            return;
        }
        if (!path.add(transaction)) {
            world.fail(NAME, "each of these overwrote the one before: %s, %s".formatted(path, transaction));
            return;
        }
        for (Ledger.Seen next : later.getOrDefault(transaction, Set.of())) {
            visit(next, path, done);
        }
        path.remove(transaction);
        done.add(transaction);
    }
}

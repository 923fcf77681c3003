package dtc.simulation;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * All participants end on the same side, and on the side that the coordinator says. Where one has lost its memory, the
 * coordinator says {@code HEURISTIC}, and says so in no other case.
 */
final class AtomicityCheck implements Check {

    private static final String NAME = "atomicity";

    private final World world;
    private final Set<Ledger.Seen> mayCommit = new HashSet<>();
    /** Evicted without a resolution, when there were more such outcomes than may be kept. */
    private final Set<Ledger.Seen> evicted = new HashSet<>();

    private boolean restarted;

    AtomicityCheck(World world) {
        this.world = world;
    }

    @Override
    public void deciding(Ledger.Seen transaction, TransactionRecord decision) {
        if (decision.state() == State.COMMITTING || decision.state() == State.PREPARING) {
            mayCommit.add(transaction);
        }
    }

    @Override
    public void applied(Ledger.Shadow resourceManager, Ledger.Seen transaction, Map<String, String> writes) {
        if (!mayCommit.contains(transaction)) {
            world.fail(NAME, "%s applied %s without a decision".formatted(resourceManager.name, transaction));
        }
        if (transaction.toldRollback) {
            world.fail(
                    NAME,
                    "%s applied %s, which is said to be rolled back".formatted(resourceManager.name, transaction));
        }
    }

    @Override
    public void changed(Ledger.Seen transaction, Transaction before, Transaction after) {
        if (after.state().isFinal()) {
            compare(transaction, after, false);
        }
    }

    @Override
    public void end() {
        for (Ledger.Seen transaction : world.ledger.transactions()) {
            Transaction t = world.transaction(transaction.id);
            if (t != null) {
                compare(transaction, t, true);
            } else if (!transaction.forgotten || !mayBeForgotten(transaction)) {
                noneStands(transaction, "nothing is known of it");
            }
        }
    }

    private boolean mayBeForgotten(Ledger.Seen transaction) {
        return transaction.recordedEnd == State.COMMITTED || transaction.resolved || evicted.contains(transaction);
    }

    /** Decided at this moment, since other outcomes may be resolved afterwards. */
    @Override
    public void forgotten(Ledger.Seen transaction) {
        long unresolved = world.ledger.transactions().stream()
                .filter(AtomicityCheck::isUnresolved)
                .count();
        if (isUnresolved(transaction) && unresolved > world.setting(Setting.RETAINED_MAX)) {
            evicted.add(transaction);
        }
    }

    private static boolean isUnresolved(Ledger.Seen transaction) {
        return transaction.recordedEnd == State.HEURISTIC && !transaction.resolved && !transaction.forgotten;
    }

    private void compare(Ledger.Seen transaction, Transaction t, boolean atTheEnd) {
        if (t.state() == TransactionState.COMMITTED) {
            transaction.parts.forEach((name, part) -> {
                if (!part.applied && !part.votedReadOnly) {
                    world.fail(NAME, "%s is COMMITTED, and %s has not applied it".formatted(transaction, name));
                }
            });
        }
        if (t.state() == TransactionState.ROLLED_BACK) {
            noneStands(transaction, "it is ROLLED_BACK");
        }
        if (t.state() == TransactionState.HEURISTIC) {
            if (transaction.parts.keySet().stream()
                    .noneMatch(
                            name -> isLost(transaction, name) || mayLookLost(name) || isGivenUp(transaction, name))) {
                world.fail(
                        NAME, "%s is HEURISTIC, and no participant has lost it or was given up".formatted(transaction));
            }
            transaction.parts.forEach((name, part) -> {
                // One that was given up has asked for its outcome by the end, unless the commit was discarded.
                boolean excused = isLost(transaction, name)
                        || (!atTheEnd && (mayLookLost(name) || isGivenUp(transaction, name)))
                        || part.discarded;
                if (t.decision() == Outcome.COMMIT && !part.applied && !excused) {
                    world.fail(NAME, "%s is HEURISTIC, and %s did not commit".formatted(transaction, name));
                }
            });
        }
    }

    private static boolean isGivenUp(Ledger.Seen transaction, String resourceManager) {
        Ledger.Part part = transaction.parts.get(resourceManager);
        return part != null && part.givenUp;
    }

    private void noneStands(Ledger.Seen transaction, String why) {
        transaction.parts.forEach((name, part) -> {
            if (part.applied && !isLost(transaction, name)) {
                world.fail(NAME, "%s has applied %s, and %s".formatted(name, transaction, why));
            }
        });
    }

    /**
     * Where a coordinator is started anew, it does not know who came after whom: a late registration of an instance
     * that is gone looks like the loss of the one that came after it.
     */
    private boolean mayLookLost(String resourceManager) {
        return restarted && world.ledger.shadow(resourceManager).losses > 0;
    }

    @Override
    public void crashed(Node node) {
        restarted |= node instanceof CoordinatorNode;
    }

    private boolean isLost(Ledger.Seen transaction, String resourceManager) {
        Ledger.Shadow shadow = world.ledger.shadow(resourceManager);
        Ledger.Part part = transaction.parts.get(resourceManager);
        ResourceManagerNode node = world.node(resourceManager) instanceof ResourceManagerNode found ? found : null;
        return !shadow.durable
                && part != null
                && (node == null || !node.isUp() || !part.instance.equals(shadow.instance));
    }
}

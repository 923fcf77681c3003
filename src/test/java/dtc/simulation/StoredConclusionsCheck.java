package dtc.simulation;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Of coordinators that share a store: a commit is told only after its record is in the store, a rollback never after
 * that, and what another coordinator could not conclude by itself is told only after its record is in the store.
 */
final class StoredConclusionsCheck implements Check {

    private static final String NAME = "stored conclusions";

    private final World world;
    private final Set<Ledger.Seen> committed = new HashSet<>();
    private final Set<Ledger.Seen> ended = new HashSet<>();
    private final Set<Ledger.Seen> heuristic = new HashSet<>();
    private final Set<Ledger.Seen> resolved = new HashSet<>();
    /** The participants that are given up, by transaction. */
    private final Map<Ledger.Seen, Set<String>> givenUp = new HashMap<>();

    StoredConclusionsCheck(World world) {
        this.world = world;
    }

    @Override
    public void stored(Ledger.Seen transaction, TransactionRecord record) {
        if (record.decision() == Outcome.COMMIT) {
            committed.add(transaction);
            if (transaction.toldRollback) {
                fail("the commit of %s is stored, after rollback was told", transaction);
            }
        }
        if (!record.isOpen()) {
            ended.add(transaction);
        }
        if (record.state() == State.HEURISTIC) {
            heuristic.add(transaction);
        }
        if (record.resolution() != null) {
            resolved.add(transaction);
        }
        record.participants().stream()
                .filter(participant -> participant.state() == State.HEURISTIC)
                .forEach(participant -> givenUp.computeIfAbsent(transaction, _ -> new HashSet<>())
                        .add(participant.resourceManager()));
    }

    @Override
    public void told(Ledger.Seen transaction, Outcome outcome, String whom) {
        if (!world.isCluster()) {
            return;
        }
        if (outcome == Outcome.COMMIT && !committed.contains(transaction)) {
            fail(whom + " is told COMMIT of %s, which is not stored", transaction);
        }
        if (outcome == Outcome.ROLLBACK && committed.contains(transaction)) {
            fail(whom + " is told ROLLBACK of %s, whose commit is stored", transaction);
        }
    }

    @Override
    public void changed(Ledger.Seen transaction, Transaction before, Transaction after) {
        shown(transaction, after, "everybody");
    }

    @Override
    public void shown(Ledger.Seen transaction, Transaction document, String whom) {
        if (!world.isCluster()) {
            return;
        }
        if (document.state() == TransactionState.HEURISTIC && !heuristic.contains(transaction)) {
            fail(whom + " is shown %s as HEURISTIC, which is not stored", transaction);
        }
        if (document.resolution() != null && !resolved.contains(transaction)) {
            fail(whom + " is shown %s as resolved, which is not stored", transaction);
        }
    }

    @Override
    public void toldGivenUp(Ledger.Seen transaction, String resourceManager) {
        if (world.isCluster() && !givenUp.getOrDefault(transaction, Set.of()).contains(resourceManager)) {
            fail(
                    "an operator is told that " + resourceManager + " is given up in %s, which is not stored",
                    transaction);
        }
    }

    @Override
    public void begun(Ledger.Seen transaction, String key, Outcome outcome) {
        if (world.isCluster() && outcome == Outcome.ROLLBACK && !ended.contains(transaction)) {
            fail("the request " + key + " is answered with the rollback of %s, which is not stored", transaction);
        }
    }

    private void fail(String what, Ledger.Seen transaction) {
        world.fail(NAME, what.formatted(transaction));
    }
}

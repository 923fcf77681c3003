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
 * Checks coordinators that share a store. They must report a commit only after its record is stored, and must not
 * report a rollback after that. A conclusion that another coordinator cannot derive must be stored before it is
 * reported.
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
                fail("the commit of %s was stored after a rollback was reported", transaction);
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
            fail(whom + " received COMMIT for %s, but no commit is stored", transaction);
        }
        if (outcome == Outcome.ROLLBACK && committed.contains(transaction)) {
            fail(whom + " received ROLLBACK for %s, but a commit is stored", transaction);
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
            fail(whom + " received %s as HEURISTIC, but this state is not stored", transaction);
        }
        if (document.resolution() != null && !resolved.contains(transaction)) {
            fail(whom + " received %s as resolved, but the resolution is not stored", transaction);
        }
    }

    @Override
    public void toldGivenUp(Ledger.Seen transaction, String resourceManager) {
        if (world.isCluster() && !givenUp.getOrDefault(transaction, Set.of()).contains(resourceManager)) {
            fail(
                    "an operator received the answer that " + resourceManager
                            + " is given up in %s, but this is not stored",
                    transaction);
        }
    }

    @Override
    public void begun(Ledger.Seen transaction, String key, Outcome outcome) {
        if (world.isCluster() && outcome == Outcome.ROLLBACK && !ended.contains(transaction)) {
            fail(
                    "the request " + key + " was answered with the rollback of %s, but no rollback is stored",
                    transaction);
        }
    }

    private void fail(String what, Ledger.Seen transaction) {
        world.fail(NAME, what.formatted(transaction));
    }
}

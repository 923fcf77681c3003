package dtc.simulation;

import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;
import dtc.runtime.Answer;
import dtc.runtime.coordinator.Coordinator;
import java.util.function.Predicate;

/** What the coordinator once said of a commit, it still knows after any crash, until it may forget. */
final class AcknowledgedIsLoggedCheck implements Check {

    private static final String NAME = "acknowledged is logged";

    private final World world;

    AcknowledgedIsLoggedCheck(World world) {
        this.world = world;
    }

    @Override
    public void recovered(Coordinator coordinator, Predicate<Ledger.Seen> inScope) {
        for (Ledger.Seen transaction : world.ledger.transactions()) {
            if (!transaction.toldCommit || transaction.forgotten || !inScope.test(transaction)) {
                continue;
            }
            boolean known = coordinator.find(transaction.id) instanceof Answer.Given<Transaction>;
            Outcome outcome = coordinator.outcome(transaction.id).outcome();
            // Of a transaction in one phase its participant may have to be asked again.
            if (!known || (outcome != Outcome.COMMIT && !transaction.delegated)) {
                world.fail(NAME, "after a crash, %s is %s".formatted(transaction, known ? outcome : "unknown"));
            }
        }
    }

    @Override
    public void unknown(Ledger.Seen transaction, String whom) {
        if (!transaction.toldCommit) {
            return;
        }
        Ledger.Part part = transaction.parts.get(whom);
        if (!transaction.forgotten || (part != null && !part.applied && !part.discarded)) {
            world.fail(NAME, "%s is told that nothing is known of %s".formatted(whom, transaction));
        }
    }
}

package dtc.simulation;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.protocol.State;

/** A commit is neither over nor forgotten before each participant has acknowledged it, or is known to be lost. */
final class NothingForgottenCheck implements Check {

    private final World world;

    NothingForgottenCheck(World world) {
        this.world = world;
    }

    @Override
    public void changed(Ledger.Seen transaction, Transaction before, Transaction after) {
        if (after.state() == TransactionState.COMMITTED) {
            allSettled(transaction, "is over");
        }
    }

    @Override
    public void ended(Ledger.Seen transaction, TransactionRecord ended) {
        if (ended.state() == State.COMMITTED) {
            allSettled(transaction, "is recorded as over");
        }
    }

    @Override
    public void forgotten(Ledger.Seen transaction) {
        if (transaction.toldCommit) {
            allSettled(transaction, "is forgotten");
        }
    }

    private void allSettled(Ledger.Seen transaction, String what) {
        transaction.parts.forEach((name, part) -> {
            boolean lost = !part.instance.equals(world.ledger.shadow(name).instance);
            if (!part.settled && !part.votedReadOnly && !lost && !part.discarded) {
                world.fail(
                        "nothing forgotten",
                        "the commit %s %s, and %s has not acknowledged it".formatted(transaction, what, name));
            }
        });
    }
}

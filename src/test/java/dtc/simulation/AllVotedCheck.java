package dtc.simulation;

import dtc.coordinator.TransactionRecord;
import dtc.protocol.State;
import java.util.Locale;

/** Commit is decided only where everybody voted for it who got a write, and still is who voted. */
final class AllVotedCheck implements Check {

    private static final String NAME = "all voted";

    private final World world;

    AllVotedCheck(World world) {
        this.world = world;
    }

    @Override
    public void deciding(Ledger.Seen transaction, TransactionRecord decision) {
        if (decision.participants().size() != transaction.parts.size()) {
            world.fail(
                    NAME,
                    String.format(
                            Locale.ROOT,
                            "%s is decided with %d of %d participants",
                            transaction,
                            decision.participants().size(),
                            transaction.parts.size()));
        }
        if (decision.state() != State.COMMITTING) {
            return; // the participant will decide
        }
        transaction.parts.forEach((name, part) -> {
            if (!part.votedCommit && !part.votedReadOnly) {
                world.fail(NAME, "%s is to commit, and %s did not vote for it".formatted(transaction, name));
            }
            if (part.votedTooLate) {
                world.fail(
                        NAME,
                        "%s is to commit, and another instance of %s was registered when its vote arrived"
                                .formatted(transaction, name));
            }
        });
    }

    @Override
    public void asksForVote(Ledger.Seen transaction, String resourceManager, Ledger.Part part) {
        if (part.writesUnderWay > 0) {
            world.fail(
                    NAME,
                    "%s is asked to vote on %s while a write is under way".formatted(resourceManager, transaction));
        }
    }
}

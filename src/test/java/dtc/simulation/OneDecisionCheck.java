package dtc.simulation;

import dtc.protocol.Outcome;

/**
 * Whatever is said of an outcome, to whomever and whenever, is always the same; and a commit that was given to the log
 * is a decision, unless the log says that it surely never will be.
 */
final class OneDecisionCheck implements Check {

    private static final String NAME = "one decision";

    private final World world;

    OneDecisionCheck(World world) {
        this.world = world;
    }

    @Override
    public void told(Ledger.Seen transaction, Outcome outcome, String whom) {
        boolean contradicts = switch (outcome) {
            case COMMIT -> transaction.toldRollback;
            case ROLLBACK -> transaction.toldCommit || transaction.handedOver;
            case PENDING -> false;
        };
        if (contradicts) {
            world.fail(NAME, "%s is told %s of %s, after the opposite".formatted(whom, outcome, transaction));
        }
    }
}

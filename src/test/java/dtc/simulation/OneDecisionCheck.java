package dtc.simulation;

import dtc.protocol.Outcome;

/** Whatever is said of an outcome, to whomever and whenever, is always the same. */
final class OneDecisionCheck implements Check {

    private final World world;

    OneDecisionCheck(World world) {
        this.world = world;
    }

    @Override
    public void told(Ledger.Seen transaction, Outcome outcome, String whom) {
        boolean contradicts = switch (outcome) {
            case COMMIT -> transaction.toldRollback;
            case ROLLBACK -> transaction.toldCommit;
            case PENDING -> false;
        };
        if (contradicts) {
            world.fail("one decision", "%s is told %s of %s, after the opposite".formatted(whom, outcome, transaction));
        }
    }
}

package dtc.simulation;

/**
 * What comes late begins nothing anew: a write is refused once its transaction has voted or ended at its participant.
 */
final class LateMessagesCheck implements Check {

    private static final String NAME = "late messages";

    private final World world;

    LateMessagesCheck(World world) {
        this.world = world;
    }

    @Override
    public void staged(Ledger.Shadow resourceManager, Ledger.Seen transaction) {
        if (resourceManager.ended.contains(transaction.id)) {
            world.fail(NAME, "%s took a write of %s, which had ended".formatted(resourceManager.name, transaction));
        }
        if (resourceManager.inDoubt.contains(transaction.id) || resourceManager.waiting.contains(transaction.id)) {
            world.fail(NAME, "%s took a write of %s, which was to vote".formatted(resourceManager.name, transaction));
        }
    }
}

package dtc.simulation;

import dtc.protocol.Ballot;
import dtc.protocol.Vote;
import org.jspecify.annotations.Nullable;

/**
 * Only an older transaction waits for a younger one, so that nobody waits in a circle: who meets an older one is voted
 * down at once, who meets only younger ones waits, and who meets nobody gets a vote.
 */
final class WaitDieCheck implements Check {

    private static final String NAME = "wait-die";

    private final World world;

    WaitDieCheck(World world) {
        this.world = world;
    }

    @Override
    public void asked(
            Ledger.Shadow resourceManager,
            Ledger.Seen transaction,
            Ledger.Standing standing,
            @Nullable Ballot immediate) {
        if (!standing.isStaged()
                || resourceManager.inDoubt.contains(transaction.id)
                || resourceManager.waiting.contains(transaction.id)) {
            return; // nothing to vote on, or asked again
        }
        boolean meetsElder = standing.holders().stream().anyMatch(other -> other.isOlderThan(transaction.id))
                || standing.waiting().stream().anyMatch(other -> other.isOlderThan(transaction.id));
        if (meetsElder) {
            if (immediate == null || immediate.vote() != Vote.ABORT) {
                complain(resourceManager, transaction, "meets an older one and is not voted down");
            }
        } else if (!standing.holders().isEmpty()) {
            if (immediate != null && !hasOtherReason(immediate)) {
                complain(resourceManager, transaction, "meets only younger ones and does not wait");
            }
        } else if (immediate == null || (immediate.vote() == Vote.ABORT && !hasOtherReason(immediate))) {
            complain(resourceManager, transaction, "meets nobody and gets no vote for commit");
        }
    }

    /** No room, or what {@link EnlistmentCheck} and {@link SerialOrderCheck} check. */
    private static boolean hasOtherReason(Ballot ballot) {
        String reason = String.valueOf(ballot.reason());
        return reason.contains("the limit of ")
                || reason.contains("too many transactions")
                || reason.startsWith(EnlistmentCheck.INCOMPLETE)
                || reason.startsWith(SerialOrderCheck.CONDITION_FAILED);
    }

    private void complain(Ledger.Shadow resourceManager, Ledger.Seen transaction, String what) {
        world.fail(NAME, "at %s, %s %s".formatted(resourceManager.name, transaction, what));
    }
}

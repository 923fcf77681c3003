package dtc.simulation;

import dtc.protocol.Outcome;
import org.jspecify.annotations.Nullable;

/** Who has voted for commit neither forgets nor decides alone: its doubt ends only as the coordinator says. */
final class InDoubtCheck implements Check {

    private final World world;

    InDoubtCheck(World world) {
        this.world = world;
    }

    @Override
    public void outOfDoubt(
            Ledger.Shadow resourceManager,
            Ledger.Seen transaction,
            @Nullable Outcome how,
            ResourceManagerNode.@Nullable Told told) {
        if (told == null || !told.id().equals(transaction.id) || told.outcome() != how) {
            world.fail(
                    "in doubt",
                    "%s ended %s with %s, and was told %s"
                            .formatted(resourceManager.name, transaction, how, told == null ? "nothing" : told));
        }
    }
}

package dtc.simulation;

import dtc.protocol.Outcome;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who has voted for commit neither forgets nor decides alone: its doubt ends only as the coordinator says. */
final class InDoubtCheck implements Check {

    private final World world;

    InDoubtCheck(World world) {
        this.world = world;
    }

    @Override
    public void outOfDoubt(
            Ledger.Shadow resourceManager, Ledger.Seen transaction, @Nullable Outcome how, Set<Outcome> told) {
        if (how == null || !told.contains(how)) {
            world.fail(
                    "in doubt",
                    "%s ended %s with %s, and was told %s".formatted(resourceManager.name, transaction, how, told));
        }
    }
}

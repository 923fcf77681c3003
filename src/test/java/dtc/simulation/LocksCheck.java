package dtc.simulation;

import dtc.protocol.TransactionId;
import java.util.Locale;
import java.util.Set;

/** Keys are held exactly while a transaction has voted for commit and is not over; at the end, none is. */
final class LocksCheck implements Check {

    private static final String NAME = "locks";

    private final World world;

    LocksCheck(World world) {
        this.world = world;
    }

    @Override
    public void observed(Ledger.Shadow resourceManager, ResourceManagerNode node) {
        Set<String> keys = resourceManager.lockedKeys();
        int each = 0;
        for (TransactionId id : resourceManager.inDoubt) {
            each += resourceManager.keys(id).size();
        }
        if (each != keys.size()) {
            world.fail(NAME, "two transactions hold a key of %s: %s".formatted(resourceManager.name, keys));
        }
        // A slow store knows later than the process what is locked.
        if (node.isRunning() && node.storeDelayMax() == 0 && node.lockedKeys() != keys.size()) {
            world.fail(
                    NAME,
                    String.format(
                            Locale.ROOT,
                            "%s holds %d keys, and should hold %s",
                            resourceManager.name,
                            node.lockedKeys(),
                            keys));
        }
    }

    @Override
    public void end() {
        for (ResourceManagerNode node : world.resourceManagers()) {
            if (node.lockedKeys() > 0) {
                world.fail(
                        NAME, String.format(Locale.ROOT, "at the end, %s holds %d keys", node.name, node.lockedKeys()));
            }
        }
    }
}

package dtc.simulation;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;

/** No queue grows above its limit. */
final class LimitsCheck implements Check {

    private static final String NAME = "limits";

    private final World world;
    /** An unanswered delivery no longer counts after this time. */
    private static final long SLOT_MILLIS = 1_100;

    /**
     * By resource manager: when the unanswered deliveries of recovered transactions were sent. The number of those that
     * count is limited.
     */
    private final Map<String, Map<Ledger.Seen, Long>> underWay = new HashMap<>();

    LimitsCheck(World world) {
        this.world = world;
    }

    @Override
    public void afterChange() {
        int inFlight = 0;
        int retained = 0;
        for (Ledger.Seen transaction : world.ledger.transactions()) {
            if (transaction.state != null && transaction.state.isFinal()) {
                // A commit that was given up is kept without limit.
                retained += transaction.parts.values().stream().anyMatch(part -> part.givenUp) ? 0 : 1;
            } else if (transaction.state != null) {
                inFlight++;
            }
        }
        atMost(Setting.IN_FLIGHT_MAX, inFlight, "in flight at ", CoordinatorNode.NAME);
        // As many heuristic ones are kept besides.
        if (retained > 2 * world.setting(Setting.RETAINED_MAX)) {
            world.fail(NAME, retained + " finished transactions are kept");
        }
    }

    @Override
    public void observed(Ledger.Shadow resourceManager, ResourceManagerNode node) {
        atMost(Setting.STAGED_MAX, node.staged(), "staged at ", node.name);
        atMost(Setting.REMEMBERED_MAX, node.remembered(), "remembered at ", node.name);
    }

    @Override
    public void tells(Ledger.Seen transaction, String resourceManager) {
        if (transaction.recovered) {
            Map<Ledger.Seen, Long> sent = underWay.computeIfAbsent(resourceManager, _ -> new IdentityHashMap<>());
            sent.put(transaction, world.millis());
            long counting = sent.values().stream()
                    .filter(at -> world.millis() - at < SLOT_MILLIS)
                    .count();
            atMost(Setting.REDELIVERIES_MAX, (int) counting, "deliveries under way to ", resourceManager);
        }
    }

    @Override
    public void answered(Ledger.Seen transaction, String resourceManager) {
        if (transaction.recovered) {
            Map<Ledger.Seen, Long> sent = underWay.get(resourceManager);
            if (sent != null) {
                sent.remove(transaction);
            }
        }
    }

    @Override
    public void crashed(Node node) {
        if (node instanceof CoordinatorNode) {
            underWay.clear();
        }
    }

    private void atMost(Setting limit, int number, String what, String where) {
        if (number > world.setting(limit)) {
            world.fail(NAME, String.format(Locale.ROOT, "%d are %s%s", number, what, where));
        }
    }
}

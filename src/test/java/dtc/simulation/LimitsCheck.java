package dtc.simulation;

import dtc.resource.Dictionary;
import java.util.HashMap;
import java.util.Map;

/** No queue grows above its limit. */
final class LimitsCheck implements Check {

    private static final String NAME = "limits";

    private final World world;
    /** By resource manager: the deliveries under way of recovered transactions, whose number is limited. */
    private final Map<String, Integer> underWay = new HashMap<>();

    LimitsCheck(World world) {
        this.world = world;
    }

    @Override
    public void afterChange() {
        int inFlight = 0;
        int retained = 0;
        for (Ledger.Seen transaction : world.ledger.transactions()) {
            if (transaction.state != null && transaction.state.isFinal()) {
                retained++;
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
    public void observed(Ledger.Shadow resourceManager, ResourceManagerNode node, Dictionary dictionary) {
        atMost(Setting.STAGED_MAX, dictionary.stagedTransactions(), "staged at ", node.name);
        atMost(Setting.REMEMBERED_MAX, dictionary.rememberedOutcomes(), "remembered at ", node.name);
    }

    @Override
    public void tells(Ledger.Seen transaction, String resourceManager) {
        if (transaction.recovered) {
            int now = underWay.merge(resourceManager, 1, Integer::sum);
            atMost(Setting.REDELIVERIES_MAX, now, "deliveries under way to ", resourceManager);
        }
    }

    @Override
    public void answered(Ledger.Seen transaction, String resourceManager) {
        if (transaction.recovered) {
            underWay.merge(resourceManager, -1, Integer::sum);
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
            world.fail(NAME, "%d are %s%s".formatted(number, what, where));
        }
    }
}

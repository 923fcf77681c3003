package dtc.simulation;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Ballot;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Nothing commits without all work: what a resource manager applies has every number that the coordinator gave to a
 * write or an enlistment. A repeated enlistment gets the same number, and none is accepted of another instance.
 */
final class EnlistmentCheck implements Check {

    private static final String NAME = "enlistment";

    /** How a vote to abort begins because of a missing number. */
    static final String INCOMPLETE = "not all writes of this transaction have arrived";

    private record Request(Ledger.Seen transaction, String resourceManager, UUID id) {}

    private record Place(Ledger.Seen transaction, String resourceManager) {}

    private final World world;
    private final Map<Request, Integer> numbers = new HashMap<>();
    /** Rolled back although all numbers had arrived. */
    private final Set<Place> discardedComplete = new HashSet<>();

    EnlistmentCheck(World world) {
        this.world = world;
    }

    @Override
    public void enlisted(
            Ledger.Seen transaction, Transaction before, CoordinatorEvent.EnlistRequested event, int number) {
        String who = event.resourceManager();
        if (before.state() != TransactionState.ACTIVE) {
            world.fail(NAME, "%s was enlisted in %s, which is %s".formatted(who, transaction, before.state()));
        }
        if (event.claimedInstance() != null && !event.claimedInstance().equals(event.instance())) {
            world.fail(NAME, "another instance of %s was enlisted in %s".formatted(who, transaction));
        }
        if (event.request() != null) {
            Integer earlier = numbers.put(new Request(transaction, who, event.request()), number);
            if (earlier != null && earlier != number) {
                world.fail(NAME, "an enlistment of %s in %s got two numbers".formatted(who, transaction));
            }
        }
    }

    @Override
    public void applies(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {
        Ledger.Part part = transaction.parts.get(resourceManager.name);
        if (part == null || !staged.numbers.containsAll(part.numbers)) {
            world.fail(
                    NAME,
                    "%s applies %s with the numbers %s of %s"
                            .formatted(
                                    resourceManager.name,
                                    transaction,
                                    staged.numbers,
                                    part == null ? "none" : part.numbers));
        }
    }

    @Override
    public void discards(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {
        Ledger.Part part = transaction.parts.get(resourceManager.name);
        if (part != null && staged.numbers.containsAll(part.numbers)) {
            discardedComplete.add(new Place(transaction, resourceManager.name));
        }
    }

    @Override
    public void voted(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ballot ballot) {
        if (String.valueOf(ballot.reason()).startsWith(INCOMPLETE)
                && discardedComplete.contains(new Place(transaction, resourceManager.name))) {
            world.fail(
                    NAME, "%s has all numbers of %s and says otherwise".formatted(resourceManager.name, transaction));
        }
    }
}

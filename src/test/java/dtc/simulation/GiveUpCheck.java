package dtc.simulation;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;
import dtc.runtime.Answer;
import dtc.runtime.coordinator.Coordinator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * To give up a participant changes no other one. Once an operator was told of it, it holds across any crash; and the
 * decision is known until the commit is delivered or discarded.
 */
final class GiveUpCheck implements Check {

    private static final String NAME = "give up";

    private final World world;
    /** By transaction: the participants of which an operator was told that they are given up. */
    private final Map<Ledger.Seen, Set<String>> acknowledged = new HashMap<>();

    GiveUpCheck(World world) {
        this.world = world;
    }

    @Override
    public void applied(Ledger.Seen transaction, Transaction before, CoordinatorEvent event, Transaction after) {
        String resourceManager = switch (event) {
            case CoordinatorEvent.GiveUpRequested e -> e.resourceManager();
            case CoordinatorEvent.DiscardRequested e -> e.resourceManager();
            case CoordinatorEvent.ParticipantReturned e -> e.resourceManager();
            default -> null;
        };
        if (resourceManager == null) {
            return;
        }
        for (Participant participant : before.participants()) {
            String name = participant.resourceManager();
            if (!name.equals(resourceManager) && !participant.equals(after.participant(name))) {
                world.fail(NAME, "%s of %s at %s changed %s".formatted(event, transaction, resourceManager, name));
            }
        }
    }

    @Override
    public void toldGivenUp(Ledger.Seen transaction, String resourceManager) {
        acknowledged.computeIfAbsent(transaction, _ -> new HashSet<>()).add(resourceManager);
    }

    @Override
    public void recovered(Coordinator coordinator, Predicate<Ledger.Seen> inScope) {
        acknowledged.forEach((transaction, names) -> {
            if (!inScope.test(transaction)
                    || !(coordinator.find(transaction.id) instanceof Answer.Given<Transaction>(Transaction t))) {
                return; // AcknowledgedIsLoggedCheck
            }
            if (coordinator.outcome(t.id()).outcome() != Outcome.COMMIT) {
                world.fail(NAME, "the commit of %s was given up, and is no longer known".formatted(transaction));
            }
            for (String name : names) {
                Participant participant = t.participant(name);
                if (participant != null && !participant.isSettled()) {
                    world.fail(NAME, "%s was given up at %s, and is delivered again".formatted(transaction, name));
                }
            }
        });
    }
}

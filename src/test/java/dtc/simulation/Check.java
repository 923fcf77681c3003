package dtc.simulation;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Outcome;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.Coordinator;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A promise that is checked from outside of the product. The {@link Ledger} calls it for each thing that happens; it
 * reports a violation to {@link World#fail}.
 */
interface Check {

    /** The coordinator hands a decision to its log. */
    default void deciding(Ledger.Seen transaction, TransactionRecord decision) {}

    /** The coordinator tells its log how a transaction ended. */
    default void ended(Ledger.Seen transaction, TransactionRecord ended) {}

    /** The coordinator has its log forget a transaction. */
    default void forgotten(Ledger.Seen transaction) {}

    default void changed(Ledger.Seen transaction, Transaction before, Transaction after) {}

    /** The coordinator has begun a transaction. */
    default void began(Ledger.Seen transaction) {}

    /** The coordinator has applied an event. */
    default void applied(Ledger.Seen transaction, Transaction before, CoordinatorEvent event, Transaction after) {}

    /** An operator was told that the commit to this participant is given up. */
    default void toldGivenUp(Ledger.Seen transaction, String resourceManager) {}

    /** The coordinator asks for a vote. */
    default void asksForVote(Ledger.Seen transaction, String resourceManager, Ledger.Part part) {}

    /** The coordinator says an outcome: to a client, or to a participant. */
    default void told(Ledger.Seen transaction, Outcome outcome, String whom) {}

    /** An answer shows the transaction. */
    default void shown(Ledger.Seen transaction, Transaction document, String whom) {}

    /** A record is in the store that coordinators share. */
    default void stored(Ledger.Seen transaction, TransactionRecord record) {}

    /** The coordinator says that it knows no such transaction. */
    default void unknown(Ledger.Seen transaction, String whom) {}

    /** The coordinator answers a request to begin that has a key. The outcome is PENDING if the answer names none. */
    default void begun(Ledger.Seen transaction, String key, Outcome outcome) {}

    /** The coordinator sends a message of phase two. */
    default void tells(Ledger.Seen transaction, String resourceManager) {}

    /** What came of it, as the coordinator sees it. */
    default void answered(Ledger.Seen transaction, String resourceManager) {}

    /** The coordinator has read the records of these transactions. */
    default void recovered(Coordinator coordinator, Predicate<Ledger.Seen> inScope) {}

    default void recovered(Registry registry) {}

    /** A coordinator has received a registration. */
    default void registering(String resourceManager, RegistrationsCheck.Registered state) {}

    /** It has answered it. */
    default void registered(String resourceManager, RegistrationsCheck.Registered state) {}

    default void removed(String resourceManager) {}

    default void crashed(Node node) {}

    /**
     * A resource manager over a store that answers at once is asked for its vote; {@code immediate} is its answer, if
     * it gives one at once.
     */
    default void asked(
            Ledger.Shadow resourceManager,
            Ledger.Seen transaction,
            Ledger.Standing standing,
            @Nullable Ballot immediate) {}

    /** A resource manager has accepted a write. */
    default void staged(Ledger.Shadow resourceManager, Ledger.Seen transaction) {}

    /** A transaction is no longer in doubt at a resource manager. */
    default void outOfDoubt(
            Ledger.Shadow resourceManager,
            Ledger.Seen transaction,
            @Nullable Outcome how,
            java.util.Set<Outcome> told) {}

    /** A resource manager has voted to commit. */
    default void prepared(Ledger.Shadow resourceManager, Ledger.Seen transaction) {}

    /** A resource manager has stored that it will not apply this. */
    default void discards(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {}

    /** A resource manager answers with its vote, after everything that it depends on was stored. */
    default void voted(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ballot ballot) {}

    /** A resource manager is about to apply this. */
    default void applies(Ledger.Shadow resourceManager, Ledger.Seen transaction, Ledger.Staged staged) {}

    /** The coordinator gave a number to an enlistment. */
    default void enlisted(
            Ledger.Seen transaction, Transaction before, CoordinatorEvent.EnlistRequested event, int number) {}

    /** A resource manager applied these writes. */
    default void applied(Ledger.Shadow resourceManager, Ledger.Seen transaction, Map<String, String> writes) {}

    /** Something has happened at a resource manager. */
    default void observed(Ledger.Shadow resourceManager, ResourceManagerNode node) {}

    /** An event is over in which at least one transaction has changed. */
    default void afterChange() {}

    /** The run is over. */
    default void end() {}
}

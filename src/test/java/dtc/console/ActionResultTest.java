package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The result that is shown for an action. */
class ActionResultTest {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final TwoPhaseCommit machine = new TwoPhaseCommit(10, 100);
    private final Transaction active =
            Transaction.begin(new TransactionId(new UUID(0, 1)), Origin.ANONYMOUS, NOW, NOW.plusSeconds(30));
    private final CoordinatorEvent byOperator = new CoordinatorEvent.RollbackRequested(Cause.OPERATOR, "because");

    @Test
    void a_rollback_that_came_first_is_not_attributed_to_the_operator() {
        assertEquals(new Audit.Result(true, "The transaction is rolled back."), after(active, byOperator));
        assertEquals(
                new Audit.Result(false, "The transaction is rolled back for another cause: expired."),
                after(active, new CoordinatorEvent.Expired(), byOperator));
    }

    @Test
    void a_marked_transaction_is_rolled_back_by_the_operator_with_its_first_cause() {
        Transaction marked = machine.apply(active, new CoordinatorEvent.WriteNotSent("orders", "it is gone"), NOW)
                .transaction();
        assertEquals(new Audit.Result(true, "The transaction is rolled back."), after(marked, byOperator));
    }

    @Test
    void the_numbers_of_retries_add_up_to_the_number_of_waiting_deliveries() {
        assertEquals(new Audit.Result(true, "Retrying 5 of 5 deliveries."), Actions.retried(5, 5));
        assertEquals(
                new Audit.Result(true, "Retrying 3 of 5 deliveries. 2 deliveries are already in progress or queued."),
                Actions.retried(3, 5));
        assertEquals(
                new Audit.Result(true, "Retrying 1 of 1 delivery. Retrying 2 rollbacks of ended transactions."),
                Actions.retried(3, 1));
        assertEquals(new Audit.Result(true, "Retrying 1 rollback of ended transactions."), Actions.retried(1, 0));
        assertEquals(new Audit.Result(false, "1 delivery is already in progress or queued."), Actions.retried(0, 1));
        assertEquals(new Audit.Result(false, "Everything is delivered."), Actions.retried(0, 0));
    }

    @Test
    void the_number_of_given_up_transactions_is_that_of_the_waiting_ones() {
        assertEquals(new Audit.Result(true, "Given up: 2 transactions."), Actions.givenUp(2, 2));
        assertEquals(
                new Audit.Result(true, "Given up: 1 transaction, and 2 rollbacks of ended transactions."),
                Actions.givenUp(3, 1));
    }

    private Audit.Result after(Transaction asked, CoordinatorEvent... events) {
        Transaction t = asked;
        for (CoordinatorEvent event : events) {
            t = machine.apply(t, event, NOW).transaction();
        }
        return Actions.rolledBack(asked, t);
    }
}

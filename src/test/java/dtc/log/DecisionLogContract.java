package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every decision log promises. */
abstract class DecisionLogContract {

    /** A log in which nothing is, or the same again. */
    abstract DecisionLog log();

    /** The log as the next coordinator finds it: closed and opened again, where it outlives the process. */
    abstract DecisionLog reopened() throws Exception;

    private List<TransactionRecord> replayed() throws Exception {
        List<TransactionRecord> all = new ArrayList<>();
        reopened().replay(all::add);
        return all;
    }

    private void decide(TransactionRecord decision) throws Exception {
        log().decide(decision).toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @Test
    void a_new_log_holds_nothing_and_refuses_nothing() throws Exception {
        assertNull(log().refusing());
        assertEquals(List.of(), replayed());
    }

    @Test
    void a_decision_is_found_again() throws Exception {
        decide(Records.committing(1));

        assertEquals(List.of(Records.committing(1)), replayed());
    }

    @Test
    void the_newest_record_of_each_stands_in_the_order_of_recording() throws Exception {
        decide(Records.committing(1));
        decide(Records.committing(2));
        decide(Records.committing(3));
        log().end(Records.committed(1));

        assertEquals(List.of(Records.committing(2), Records.committing(3), Records.committed(1)), replayed());
    }

    @Test
    void an_end_needs_no_decision_before_it() throws Exception {
        log().end(Records.rolledBack(1, "no stock"));

        assertEquals(List.of(Records.rolledBack(1, "no stock")), replayed());
    }

    @Test
    void that_a_heuristic_outcome_is_resolved_is_found_again() throws Exception {
        log().end(Records.full(1, State.HEURISTIC, Outcome.COMMIT, Cause.LOST, State.HEURISTIC, Vote.COMMIT));
        log().end(Records.resolved(1));

        assertEquals(List.of(Records.resolved(1)), replayed());
    }

    @Test
    void what_is_forgotten_is_gone() throws Exception {
        decide(Records.committing(1));
        decide(Records.committing(2));
        log().end(Records.committed(1));
        log().forget(Records.id(1));
        log().forget(Records.id(99));

        assertEquals(List.of(Records.committing(2)), replayed());
    }

    @Test
    void what_was_found_again_can_end() throws Exception {
        decide(Records.committing(1));
        DecisionLog next = reopened();
        next.replay(_ -> {});
        next.end(Records.committed(1));

        assertEquals(List.of(Records.committed(1)), replayed());
    }

    /** Every value of every enumeration, and all that may be absent. */
    @Test
    void a_record_comes_back_as_it_was() throws Exception {
        List<State> recorded =
                List.of(State.COMMITTING, State.PREPARING, State.COMMITTED, State.ROLLED_BACK, State.HEURISTIC);
        List<TransactionRecord> all = new ArrayList<>(IntStream.range(0, 100)
                .mapToObj(i -> Records.full(
                        i,
                        recorded.get(i % recorded.size()),
                        of(Outcome.values(), i),
                        of(Cause.values(), i),
                        of(State.values(), i),
                        of(Vote.values(), i)))
                .toList());
        all.add(Records.bare(100));
        for (TransactionRecord record : all) {
            if (record.isOpen()) {
                decide(record);
            } else {
                log().end(record);
            }
        }

        assertEquals(all, replayed());
    }

    private static <E> E of(E[] values, int i) {
        return values[i % values.length];
    }

    @Test
    void many_transactions_leave_nothing_once_they_are_forgotten() throws Exception {
        for (int i = 0; i < 1000; i++) {
            decide(Records.committing(i));
            log().end(Records.committed(i));
            log().forget(Records.id(i));
        }

        assertEquals(List.of(), replayed());
    }
}

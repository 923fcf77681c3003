package dtc.participant.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dtc.participant.protocol.Knowledge.State;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class RulesTest {

    /** Describes the step for each state. */
    private static Map<State, String> table(Function<Knowledge, Step> rule) {
        Map<State, String> table = new EnumMap<>(State.class);
        for (State state : State.values()) {
            table.put(state, describe(rule.apply(Knowledge.of(state))));
        }
        return table;
    }

    private static String describe(Step step) {
        if (step instanceof Step.Answer answer) {
            return describe(answer.reply());
        }
        if (step instanceof Step.RecordRollback rollback) {
            return "record rollback, " + describe(rollback.reply());
        }
        if (step instanceof Step.Finish finish) {
            return "finish " + finish.outcome();
        }
        if (step instanceof Step.Run run) {
            return run.onePhase() ? "run and commit" : "run and prepare";
        }
        return "stage";
    }

    private static String describe(Reply reply) {
        if (reply instanceof Reply.Voted vote) {
            return vote.commit() ? "COMMIT" : "ABORT";
        }
        return reply.getClass().getSimpleName();
    }

    @Test
    void work_is_staged_only_before_the_vote() {
        assertEquals(
                Map.of(
                        State.PREPARED, "Conflict",
                        State.COMMITTED, "Conflict",
                        State.ROLLED_BACK, "Conflict",
                        State.FORGOTTEN, "Conflict",
                        State.UNKNOWN, "stage"),
                table(Rules::stage));
    }

    @Test
    void a_repeated_prepare_gets_the_same_vote() {
        assertEquals(
                Map.of(
                        State.PREPARED, "COMMIT",
                        State.COMMITTED, "COMMIT",
                        State.ROLLED_BACK, "ABORT",
                        State.FORGOTTEN, "ABORT",
                        State.UNKNOWN, "run and prepare"),
                table(Rules::prepare));
    }

    @Test
    void a_commit_is_refused_only_after_a_record() {
        assertEquals(
                Map.of(
                        State.PREPARED, "finish COMMIT",
                        State.COMMITTED, "Acknowledged",
                        State.ROLLED_BACK, "Conflict",
                        State.FORGOTTEN, "Unknown",
                        State.UNKNOWN, "record rollback, Unknown"),
                table(knowledge -> Rules.commit(knowledge, false)));
    }

    @Test
    void a_one_phase_commit_does_the_work() {
        assertEquals(
                Map.of(
                        State.PREPARED, "finish COMMIT",
                        State.COMMITTED, "Acknowledged",
                        State.ROLLED_BACK, "Conflict",
                        State.FORGOTTEN, "Unknown",
                        State.UNKNOWN, "run and commit"),
                table(knowledge -> Rules.commit(knowledge, true)));
    }

    @Test
    void a_rollback_is_acknowledged_only_after_a_record() {
        assertEquals(
                Map.of(
                        State.PREPARED, "finish ROLLBACK",
                        State.COMMITTED, "Conflict",
                        State.ROLLED_BACK, "Acknowledged",
                        State.FORGOTTEN, "Unknown",
                        State.UNKNOWN, "record rollback, Acknowledged"),
                table(Rules::rollback));
    }

    @Test
    void the_reason_of_a_rollback_is_repeated() {
        Step step = Rules.prepare(new Knowledge(State.ROLLED_BACK, "out of stock"));
        assertEquals(
                new Step.Answer(new Reply.Voted(false, "out of stock")), assertInstanceOf(Step.Answer.class, step));
    }
}

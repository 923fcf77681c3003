package dtc.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.Transaction;
import dtc.protocol.Ballot;
import dtc.protocol.Reply;
import dtc.runtime.FakeTime;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.FakeCoordinator;
import dtc.runtime.coordinator.TransactionLimits;
import dtc.runtime.coordinator.WaitCondition;
import dtc.testing.LogLines;
import dtc.tracing.Tracing;
import io.quarkus.runtime.StartupEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Failed transactions are logged in few lines, however many there are. */
class TransactionLogTest {

    private final FakeCoordinator fake = new FakeCoordinator();
    private final FakeTime time = fake.time;
    private final TransactionLog transactionLog = new TransactionLog(time, Tracing.OFF);
    private final LogLines log = new LogLines("dtc.transactions");
    private final Coordinator coordinator =
            fake.create(new TransactionLimits(10_000, Duration.ofHours(10), 100_000), transactionLog);

    private void reply(Reply reply) {
        fake.replies.put("a", reply);
        fake.replies.put("b", reply);
    }

    private void vote(Ballot ballot) {
        fake.votes.put("a", new Reply.Voted(ballot));
        fake.votes.put("b", new Reply.Voted(ballot));
    }

    @BeforeEach
    void start() {
        reply(new Reply.Acknowledged());
        transactionLog.start(new StartupEvent(), coordinator);
    }

    @AfterEach
    void closeLog() {
        log.close();
    }

    @Test
    void rollbacks_are_logged_in_one_line_per_reason_and_minute() {
        vote(Ballot.abort("the account \"x\" is closed"));
        Transaction first = run();
        assertEquals(
                List.of(("WARN count=1 outcome=ROLLED_BACK cause=VOTE_ABORT example=%s"
                                + " reason=\"a voted ABORT: the account \\\"x\\\" is closed\""
                                + " participants=[a:ROLLED_BACK b:ROLLED_BACK]")
                        .formatted(first.id())),
                log.take());
        Transaction second = run();
        for (int i = 0; i < 499; i++) {
            run();
        }
        time.advance(Duration.ofSeconds(59));
        assertEquals(List.of(), log.take());
        time.advance(Duration.ofSeconds(1));
        List<String> lines = log.take();
        assertEquals(1, lines.size(), lines::toString);
        assertTrue(
                lines.getFirst()
                        .startsWith("WARN count=500 outcome=ROLLED_BACK cause=VOTE_ABORT example=" + second.id()),
                lines::toString);
        time.advance(Duration.ofHours(1));
        assertEquals(List.of(), log.take());
    }

    @Test
    void the_reason_of_a_line_is_that_of_all_rollbacks_that_it_counts() {
        vote(Ballot.abort("no"));
        run();
        fake.votes.put("a", new Reply.Voted(Ballot.COMMIT));
        run();
        log.take();
        for (int i = 0; i < 3; i++) {
            vote(Ballot.abort("no"));
            run();
            fake.votes.put("a", new Reply.Voted(Ballot.COMMIT));
            run();
            run();
        }
        time.advance(TransactionLog.INTERVAL);
        assertEquals(
                List.of("count=3 reason=a voted ABORT: no", "count=6 reason=b voted ABORT: no"), countsAndReasons());
    }

    @Test
    void rollbacks_with_many_reasons_are_counted_without_a_reason() {
        for (int i = 0; i < TransactionLog.REASONS_MAX + 10; i++) {
            vote(Ballot.abort("order " + i));
            run();
        }
        assertEquals(TransactionLog.REASONS_MAX + 1, log.take().size());
        time.advance(TransactionLog.INTERVAL);
        assertEquals(List.of("count=9 reason=" + TransactionLog.SEVERAL_REASONS), countsAndReasons());
        time.advance(TransactionLog.INTERVAL);
        vote(Ballot.abort("order 1000"));
        run();
        assertEquals(List.of("count=1 reason=a voted ABORT: order 1000"), countsAndReasons());
    }

    @Test
    void a_rollback_that_was_not_acknowledged_is_not_logged_as_in_progress() {
        vote(Ballot.abort("no"));
        fake.replies.put("b", new Reply.Unavailable("it could not be reached"));
        run();
        String line = log.take().getFirst();
        assertTrue(line.endsWith("participants=[a:ROLLED_BACK b:NOT_ACKNOWLEDGED]"), line);
    }

    private List<String> countsAndReasons() {
        return log.take().stream()
                .map(line -> line.replaceAll(".*(count=\\d+) .*(reason=)\"([^\"]*)\".*", "$1 $2$3"))
                .toList();
    }

    @Test
    void each_cause_has_its_own_line_and_a_rollback_by_the_client_has_none() {
        vote(Ballot.abort("no"));
        run();
        var _ = coordinator.rollback(begin().id(), "by an operator");
        var _ = coordinator.rollback(begin().id());
        begin();
        time.advance(Duration.ofHours(2)); // it expires
        assertEquals(
                List.of("VOTE_ABORT", "OPERATOR", "EXPIRED"),
                log.take().stream()
                        .map(line -> line.replaceAll(".*cause=(\\w+).*", "$1"))
                        .toList());
    }

    @Test
    void rollbacks_that_are_not_logged_yet_are_logged_at_the_stop() {
        vote(Ballot.abort("no"));
        run();
        run();
        log.take();
        transactionLog.flush();
        assertEquals(1, log.lines().size());
        assertTrue(log.lines().getFirst().startsWith("WARN count=1 "), log.lines()::toString);
    }

    @Test
    void undelivered_commits_are_logged_after_ten_seconds_and_then_each_minute() {
        reply(new Reply.Unavailable("it answered 503: no space left"));
        Transaction oldest = run();
        run();
        time.advance(Duration.ofSeconds(9));
        assertEquals(List.of(), log.take());
        time.advance(Duration.ofSeconds(2));
        List<String> expected = new ArrayList<>();
        for (String name : List.of("a", "b")) {
            expected.add(
                    "WARN resource manager %s has not acknowledged 2 commits; the oldest is of transaction %s, for 10 s: it answered 503: no space left"
                            .formatted(name, oldest.id()));
        }
        assertEquals(expected, log.take().stream().sorted().toList());
        time.advance(Duration.ofSeconds(58));
        assertEquals(List.of(), log.take());
        time.advance(Duration.ofSeconds(2));
        assertEquals(2, log.take().size());
        reply(new Reply.Acknowledged());
        time.advance(Duration.ofMinutes(5));
        assertEquals(List.of(), log.take());
    }

    @Test
    void each_heuristic_outcome_is_an_error() {
        reply(new Reply.NotFound("it lost its memory"));
        Transaction t = run();
        Transaction other = run();
        List<String> lines = log.take();
        assertEquals(2, lines.size(), lines::toString);
        assertTrue(
                lines.getFirst().startsWith("ERROR transaction=%s outcome=HEURISTIC cause=LOST".formatted(t.id())),
                lines::toString);
        assertTrue(lines.getLast().contains(other.id().toString()), lines::toString);
    }

    private Transaction run() {
        Transaction t = begin();
        var _ = coordinator.prepare(t.id(), WaitCondition.NONE);
        return t;
    }

    private Transaction begin() {
        return fake.begin(coordinator, "a", "b");
    }
}

package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEffect.Persist;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Ballot;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The rows and phases of a timeline, and that their number is limited. */
class SequenceDiagramTest {

    private static final Instant BEGAN = Instant.parse("2026-01-01T00:00:00Z");
    private static final UUID INSTANCE = new UUID(1, 1);

    private final TwoPhaseCommit machine = new TwoPhaseCommit(200, 2000);
    private Transaction transaction =
            Transaction.begin(new TransactionId(new UUID(0, 1)), Origin.ANONYMOUS, BEGAN, BEGAN.plusSeconds(30));
    private Step last = new Step(transaction, List.of(), null);
    private Timeline timeline = new Timeline(transaction, 0);
    private long nanos;

    @Test
    void a_commit_is_described_from_the_beginning_to_the_next_retry() {
        commitThatMailHasNotAcknowledged();
        after(Duration.ofSeconds(1), new CoordinatorEvent.Unanswered("mail", "it did not answer in time"));
        timeline.retryScheduled("mail", Duration.ofMillis(150), nanos);

        assertEquals(
                List.of(
                        "A client began the transaction (Its timeout is 30 s.)",
                        "Write 1 sent to orders",
                        "orders staged the write",
                        "Write 1 sent to mail",
                        "mail staged the write",
                        "The client requested prepare",
                        "Prepare sent to 2 participants",
                        "orders voted COMMIT",
                        "mail voted COMMIT",
                        "All participants voted to commit: the decision is being recorded",
                        "The decision to commit is durable (Decided at 2026-01-01 00:00:00.016 UTC.)",
                        "Commit sent to orders",
                        "Commit sent to mail",
                        "orders acknowledged the commit",
                        "No acknowledgement from mail (it did not answer in time; next retry in 150 ms)"),
                texts());
        List<SequenceDiagram.Row> rows = rows();
        assertEquals(Duration.ofMillis(17), rows.get(10).offset());
        assertTrue(rows.getLast().isAfterGap());
        assertEquals(List.of("committed", "committed", "doubt"), rows.getLast().lifelines());
        assertEquals(
                List.of("active 10 ms", "voting 6 ms", "recording 1 ms", "delivering 1 s"),
                Phase.of(snapshot()).stream()
                        .map(p -> p.name() + " " + Format.duration(p.took()))
                        .toList());
        assertEquals(1000, Phase.of(snapshot()).stream().mapToInt(Phase::width).sum(), 3);
    }

    @Test
    void carried_writes_are_not_described_as_sent_or_staged_before_the_vote() {
        for (String resourceManager : List.of("orders", "mail")) {
            apply(new CoordinatorEvent.WriteRequested(resourceManager, INSTANCE, false, true));
            apply(new CoordinatorEvent.WriteStaged(resourceManager));
        }
        apply(new CoordinatorEvent.PrepareRequested());
        after(Duration.ofMillis(3), vote("orders", Ballot.COMMIT));
        assertEquals(
                List.of(
                        "Write 1 to orders is sent with the prepare message",
                        "Write 1 to mail is sent with the prepare message",
                        "The client requested prepare",
                        "Prepare sent to 2 participants (The writes are in the same message.)",
                        "orders voted COMMIT"),
                texts().subList(1, texts().size()));
        assertEquals(
                List.of(0, 0, 0, 2, 1),
                rows().stream().skip(1).map(row -> row.arrows().size()).toList());
    }

    @Test
    void a_missing_vote_is_described_as_counting_as_abort() {
        write("orders");
        write("mail");
        after(Duration.ofMillis(5), new CoordinatorEvent.PrepareRequested());
        after(Duration.ofSeconds(1), vote("mail", Ballot.abortFor(VoteCause.TIMEOUT, "it did not answer in time")));
        List<String> texts = texts();
        assertEquals(
                List.of(
                        "No vote from mail counts as ABORT (timeout) (it did not answer in time)",
                        "Decision: roll back (orders and mail did not vote in time)"),
                texts.subList(texts.size() - 2, texts.size()));
        assertTrue(rows().get(texts.size() - 2).arrows().getFirst().lost());
    }

    @Test
    void each_overdue_vote_is_described() {
        write("orders");
        write("mail");
        write("stock");
        apply(new CoordinatorEvent.PrepareRequested());
        apply(vote("mail", Ballot.COMMIT));
        after(Duration.ofSeconds(1), new CoordinatorEvent.VotesOverdue());
        List<String> texts = texts();
        assertEquals(
                List.of(
                        "mail voted COMMIT",
                        "No vote from orders counts as ABORT (timeout) (it did not vote in time)",
                        "No vote from stock counts as ABORT (timeout) (it did not vote in time)",
                        "Decision: roll back (The vote timer expired.)"),
                texts.subList(texts.size() - 4, texts.size()));
        assertTrue(rows().get(texts.size() - 2).arrows().getFirst().lost());
    }

    @Test
    void a_recovered_commit_is_acknowledged_as_a_commit() {
        commitThatMailHasNotAcknowledged();
        restart();
        apply(new CoordinatorEvent.Recovered());
        told("mail");
        after(Duration.ofMillis(2), new CoordinatorEvent.Acknowledged("mail"));
        assertEquals(
                List.of(
                        "Recovered from the decision log after a restart (Earlier events are not kept.)",
                        "Delivery resumes to participants that have not acknowledged",
                        "Commit sent to mail",
                        "mail acknowledged the commit",
                        "Committed (2 ms after the restart.)"),
                texts());
        assertEquals("committed", rows().getFirst().lifelines().getFirst());
        assertEquals(
                List.of("committed", "committed", "committed"), rows().get(3).lifelines());
    }

    @Test
    void a_read_only_participant_is_not_in_doubt_after_a_restart() {
        for (String resourceManager : List.of("orders", "mail")) {
            write(resourceManager);
        }
        apply(new CoordinatorEvent.PrepareRequested());
        apply(vote("orders", Ballot.READ_ONLY));
        apply(vote("mail", Ballot.COMMIT));
        apply(recorded());
        restart();
        apply(new CoordinatorEvent.Recovered());
        assertEquals(List.of("committed", "away", "doubt"), rows().getFirst().lifelines());
    }

    @Test
    void the_decision_to_roll_back_and_the_end_are_described_for_every_cause() {
        apply(new CoordinatorEvent.WriteRequested("orders", INSTANCE, false, false));
        apply(new CoordinatorEvent.PrepareRequested());
        after(Duration.ofMillis(2), new CoordinatorEvent.WriteFailed("orders", "it is gone", true));
        assertEquals(
                List.of(
                        "The client requested prepare",
                        "A write to orders failed: the transaction can only roll back (it is gone)",
                        "Decision: roll back (a write to orders failed: it is gone)",
                        "Rolled back (2 ms after the start.)"),
                texts().subList(2, texts().size()));
    }

    @Test
    void the_end_is_described_at_a_late_vote_and_the_rollback_request_is_the_decision() {
        ordersIsAskedAndTheClientRollsBack();
        apply(vote("orders", Ballot.abortFor(VoteCause.TIMEOUT, "it did not answer in time")));
        assertEquals(
                List.of(
                        "The client requested rollback",
                        "No vote from orders counts as ABORT (timeout) (it did not answer in time)",
                        "Rolled back (2.5 ms after the start.)"),
                texts().subList(5, texts().size()));
    }

    @Test
    void a_late_vote_to_commit_leaves_no_participant_in_doubt() {
        ordersIsAskedAndTheClientRollsBack();
        apply(vote("orders", Ballot.COMMIT));
        assertEquals(List.of("rolled-back", "active"), rows().getLast().lifelines());
    }

    @Test
    void a_vote_of_another_instance_is_drawn_as_it_was_counted() {
        write("orders");
        write("mail");
        apply(new CoordinatorEvent.PrepareRequested());
        apply(new CoordinatorEvent.VoteArrived("mail", new UUID(2, 2), Ballot.COMMIT));
        SequenceDiagram.Row vote = rows().get(rows().size() - 2);
        assertEquals("The vote of mail counts as ABORT", vote.text());
        assertEquals(Tone.BACK, vote.tone());
    }

    @Test
    void a_participant_lost_in_a_rollback_is_not_damage() {
        ordersIsAskedAndTheClientRollsBack();
        apply(new CoordinatorEvent.Lost("orders", new UUID(9, 9), "it answered 404"));
        SequenceDiagram.Row lost = rows().get(rows().size() - 2);
        assertEquals("orders had nothing to roll back", lost.text());
        assertEquals(Tone.BACK, lost.tone());
        assertEquals("rolled-back", lost.lifelines().getLast());
    }

    @Test
    void a_participant_that_decides_does_not_contradict() {
        apply(new CoordinatorEvent.WriteRequested("orders", INSTANCE, true, false));
        apply(new CoordinatorEvent.WriteStaged("orders"));
        apply(new CoordinatorEvent.PrepareRequested());
        apply(recorded());
        apply(new CoordinatorEvent.Unanswered("orders", "it did not answer in time"));
        apply(new CoordinatorEvent.Contradicted("orders", "it answered 409"));
        SequenceDiagram.Row answer = rows().get(rows().size() - 2);
        assertEquals("orders had committed", answer.text());
        assertEquals(Tone.GOOD, answer.tone());
        assertEquals("committed", answer.lifelines().getLast());
    }

    @Test
    void endless_retries_are_counted_and_not_all_drawn_or_kept() {
        commitThatMailHasNotAcknowledged();
        for (int i = 0; i < 10_000; i++) {
            after(Duration.ofSeconds(1), new CoordinatorEvent.Unanswered("mail", "it did not answer in time"));
            timeline.retryScheduled("mail", Duration.ofSeconds(10), nanos);
            nanos += Duration.ofSeconds(10).toNanos();
            told("mail");
        }
        assertTrue(snapshot().events().size() <= 120, snapshot().events().size() + " events");
        List<String> texts = texts();
        assertTrue(texts.size() < 40, texts.size() + " rows");
        assertTrue(texts.contains("Commit sent to mail, attempt 10001"), texts.toString());
        assertTrue(texts.contains("orders voted COMMIT"), "how it was decided is not pushed out");
        assertTrue(texts.stream().anyMatch(text -> text.startsWith("Some events are not shown")), texts.toString());
    }

    @Test
    void moments_and_lifelines_of_many_writes_and_participants_are_limited() {
        for (int i = 0; i < 100; i++) {
            for (int j = 0; j < 10; j++) {
                write("rm-" + i);
            }
        }
        assertTrue(snapshot().events().size() <= 100, snapshot().events().size() + " events");
        assertEquals(
                SequenceDiagram.LIFELINES_MAX + 1, rows().getLast().lifelines().size());
    }

    @Test
    void a_shared_lifeline_shows_the_worst_state() {
        List<String> all = IntStream.rangeClosed(1, 10).mapToObj(i -> "rm-" + i).toList();
        all.forEach(this::write);
        apply(new CoordinatorEvent.PrepareRequested());
        all.forEach(name -> apply(vote(name, Ballot.COMMIT)));
        apply(recorded());
        for (String name : all) {
            assertEquals("doubt", rows().getLast().lifelines().getLast(), "before " + name);
            apply(new CoordinatorEvent.Acknowledged(name));
        }
        assertEquals("committed", rows().getLast().lifelines().getLast());
    }

    @Test
    void omitted_moments_are_reported_where_they_were() {
        for (int i = 0; i < 100; i++) {
            write("orders");
        }
        apply(new CoordinatorEvent.PrepareRequested());
        after(Duration.ofMillis(1), vote("orders", Ballot.READ_ONLY));
        apply(recorded());
        List<String> texts = texts();
        assertEquals(
                List.of(
                        "orders staged the write",
                        "Further writes are not shown (140 events)",
                        "The client requested prepare"),
                texts.subList(60, 63));
        assertEquals("Committed (251 ms after the start.)", texts.getLast());
    }

    @Test
    void a_vote_request_caused_by_one_of_many_writes_is_kept() {
        for (int i = 0; i < 100; i++) {
            write("orders");
        }
        apply(new CoordinatorEvent.WriteRequested("orders", INSTANCE, false, false));
        apply(new CoordinatorEvent.PrepareRequested());
        apply(new CoordinatorEvent.WriteStaged("orders"));
        assertTrue(texts().contains("Prepare sent to orders"), texts().toString());
    }

    // Helpers

    private void commitThatMailHasNotAcknowledged() {
        write("orders");
        write("mail");
        after(Duration.ofMillis(5), new CoordinatorEvent.PrepareRequested());
        after(Duration.ofMillis(3), vote("orders", Ballot.COMMIT));
        after(Duration.ofMillis(3), vote("mail", Ballot.COMMIT));
        after(Duration.ofMillis(1), recorded());
        told("orders");
        told("mail");
        after(Duration.ofMillis(1), new CoordinatorEvent.Acknowledged("orders"));
    }

    private void ordersIsAskedAndTheClientRollsBack() {
        write("orders");
        apply(new CoordinatorEvent.PrepareRequested());
        apply(new CoordinatorEvent.RollbackRequested());
    }

    /** The transaction stays what it is; what was seen of it is gone. */
    private void restart() {
        nanos = 0;
        timeline = new Timeline(transaction, 0);
    }

    private void write(String resourceManager) {
        apply(new CoordinatorEvent.WriteRequested(resourceManager, INSTANCE, false, false));
        after(Duration.ofMillis(2).plusNanos(500_000), new CoordinatorEvent.WriteStaged(resourceManager));
    }

    private static CoordinatorEvent vote(String resourceManager, Ballot ballot) {
        return new CoordinatorEvent.VoteArrived(resourceManager, INSTANCE, ballot);
    }

    private void told(String resourceManager) {
        timeline.sent(resourceManager, Outcome.COMMIT, nanos);
    }

    private void after(Duration duration, CoordinatorEvent event) {
        nanos += duration.toNanos();
        apply(event);
    }

    /** The answer of the log to the record that the last step asked to force. */
    private CoordinatorEvent recorded() {
        return new CoordinatorEvent.Recorded(last.effects().stream()
                .filter(Persist.class::isInstance)
                .map(effect -> ((Persist) effect).record())
                .findFirst()
                .orElseThrow());
    }

    private void apply(CoordinatorEvent event) {
        Step step = machine.apply(transaction, event, BEGAN.plusNanos(nanos));
        last = step;
        timeline.applied(transaction, event, step, nanos);
        transaction = step.transaction();
    }

    private Timeline.Snapshot snapshot() {
        return timeline.snapshot(nanos);
    }

    private List<SequenceDiagram.Row> rows() {
        return TimelineRows.of(snapshot(), BEGAN.plusNanos(nanos));
    }

    private List<String> texts() {
        return rows().stream()
                .map(row -> row.detail() == null ? row.text() : "%s (%s)".formatted(row.text(), row.detail()))
                .toList();
    }
}

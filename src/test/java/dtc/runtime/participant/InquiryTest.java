package dtc.runtime.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.testing.LogLines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InquiryTest {

    private static final TransactionId ID = HostedParticipantContract.id(1);
    private static final TransactionId OTHER = HostedParticipantContract.id(2);
    private static final Duration FIRST = Duration.ofSeconds(2);
    private static final Duration CAP = Duration.ofSeconds(30);

    private final FakeTime time = new FakeTime();
    private final FakeCoordinatorLink coordinator = new FakeCoordinatorLink();
    private final List<String> resolved = new ArrayList<>();
    private final Inquiry inquiry = new Inquiry(
            "a",
            coordinator,
            time,
            new Backoff(FIRST, CAP, new Random(1)),
            (transaction, outcome) -> resolved.add(outcome + " " + transaction));

    private void assertAsked(int times) {
        assertEquals(Collections.nCopies(times, "outcome " + ID), coordinator.messages);
    }

    @Test
    void the_first_inquiry_is_sent_after_a_pause() {
        coordinator.answerOutcome(Outcome.COMMIT);
        inquiry.start(ID);
        time.advance(FIRST.dividedBy(2).minusMillis(1));
        assertAsked(0);
        time.advance(FIRST);
        assertAsked(1);
        assertEquals(List.of("COMMIT " + ID), resolved);
    }

    @Test
    void transactions_that_stay_in_doubt_are_logged_with_the_oldest_ids_once_a_minute() {
        try (var log = new LogLines(Inquiry.class.getName())) {
            for (int i = 0; i < 100; i++) {
                coordinator.answerOutcome(Outcome.PENDING);
            }
            for (long i = 4; i >= 1; i--) {
                inquiry.start(HostedParticipantContract.id(i));
            }
            time.advance(Inquiry.LOG_DELAY.minusMillis(1));
            assertEquals(List.of(), log.take());
            time.advance(Inquiry.LOG_INTERVAL.minusSeconds(1));
            List<String> lines = log.take();
            assertEquals(1, lines.size(), lines::toString);
            assertTrue(
                    lines.getFirst()
                            .startsWith("WARN resource manager a has not received the outcome of 4 transactions"
                                    + " (%s, %s, %s, …), in doubt for up to "
                                            .formatted(ID, OTHER, HostedParticipantContract.id(3))),
                    lines::toString);
            for (long i = 2; i <= 4; i++) {
                inquiry.stop(HostedParticipantContract.id(i));
            }
            time.advance(Inquiry.LOG_INTERVAL.plus(CAP));
            assertTrue(log.take().getFirst().contains("the outcome of 1 transaction (%s), in".formatted(ID)));
        }
    }

    @Test
    void inquiries_are_repeated_while_the_outcome_is_pending() {
        coordinator.answerOutcome(Outcome.PENDING);
        coordinator.answerOutcome(Outcome.PENDING);
        coordinator.answerOutcome(Outcome.ROLLBACK);
        inquiry.start(ID);
        time.advance(CAP);
        assertAsked(3);
        assertEquals(List.of("ROLLBACK " + ID), resolved);
        time.advance(CAP.multipliedBy(2));
        assertAsked(3);
    }

    @Test
    void nothing_is_decided_without_the_coordinator() {
        for (int i = 0; i < 50; i++) {
            coordinator.outcomes.add(FakeCoordinatorLink.failure());
        }
        inquiry.start(ID);
        time.advance(Duration.ofMinutes(10));
        assertEquals(List.of(), resolved);
        coordinator.outcomes.clear();
        coordinator.answerOutcome(Outcome.COMMIT);
        time.advance(CAP);
        assertEquals(List.of("COMMIT " + ID), resolved);
    }

    @Test
    void a_link_that_throws_counts_as_no_answer() {
        coordinator.throwing = true;
        inquiry.start(ID);
        time.advance(FIRST);
        coordinator.throwing = false;
        coordinator.answerOutcome(Outcome.COMMIT);
        time.advance(CAP);
        assertEquals(List.of("COMMIT " + ID), resolved);
    }

    @Test
    void the_pauses_grow_to_a_maximum() {
        assertThePausesGrow();
    }

    @Test
    void the_pauses_grow_while_there_is_no_answer() {
        for (int i = 0; i < 1_000; i++) {
            coordinator.outcomes.add(FakeCoordinatorLink.failure());
        }
        assertThePausesGrow();
    }

    private void assertThePausesGrow() {
        inquiry.start(ID);
        time.advance(Duration.ofMinutes(10));
        int asked = coordinator.messages.size();
        time.advance(CAP);
        int more = coordinator.messages.size() - asked;
        assertTrue(more == 1 || more == 2, "asked " + more + " times during the longest pause");
    }

    @Test
    void it_stops() {
        inquiry.start(ID);
        inquiry.stop(ID);
        inquiry.stop(ID);
        time.advance(CAP);
        assertAsked(0);
    }

    @Test
    void the_oldest_transaction_in_doubt_is_measured() {
        assertEquals(Duration.ZERO, inquiry.oldestInDoubt());
        inquiry.start(ID);
        time.advance(Duration.ofSeconds(5));
        inquiry.start(OTHER);
        time.advance(Duration.ofSeconds(1));
        assertEquals(Duration.ofSeconds(6), inquiry.oldestInDoubt());
        inquiry.stop(ID);
        assertEquals(Duration.ofSeconds(1), inquiry.oldestInDoubt());
    }
}

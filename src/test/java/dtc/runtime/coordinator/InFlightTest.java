package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.protocol.Refusal;
import dtc.runtime.FakeTime;
import dtc.runtime.coordinator.InFlight.Limit;
import dtc.runtime.coordinator.InFlight.Reached;
import dtc.testing.LogLines;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A limit that refuses requests is reported to operators: which one, for whom, and since when. */
class InFlightTest {

    private static final TransactionLimits LIMITS =
            new TransactionLimits(4, 2, 3, Duration.ofHours(1), 10, Long.MAX_VALUE);

    private final FakeTime time = new FakeTime();
    private final InFlight inFlight = new InFlight(time, LIMITS);
    private final LogLines log = new LogLines(InFlight.class.getName());

    @AfterEach
    void closeLog() {
        log.close();
    }

    private List<Reached> reached() {
        return inFlight.reports().stream().map(InFlight.Report::reached).toList();
    }

    private void begin(@Nullable String caller) {
        assertNull(inFlight.reserve(caller));
    }

    private void assertRefused(String reason, @Nullable Refusal refusal) {
        assertNotNull(refusal);
        assertEquals(Refusal.Kind.OVERLOADED, refusal.kind());
        assertEquals(reason, refusal.detail());
    }

    @Test
    void the_limit_of_all_transactions_is_reported_while_it_refuses_requests() {
        for (String caller : List.of("a", "a", "b", "b")) {
            begin(caller);
        }
        assertEquals(List.of(), reached(), "nothing was refused");
        Instant first = time.now();
        for (int i = 0; i < 10; i++) {
            assertRefused("the limit of 4 transactions in flight is reached", inFlight.reserve("c"));
            inFlight.release("a"); // below the limit, between two refusals
            begin("a");
            time.advance(Duration.ofSeconds(30));
        }
        assertEquals(List.of(new Reached(Limit.TRANSACTIONS, 4, null)), reached());
        assertEquals(first, inFlight.reports().getFirst().since());
        assertEquals(10, inFlight.refusals(Limit.TRANSACTIONS));
        assertEquals(
                List.of("WARN requests are refused with 503: the limit of 4 transactions in flight is reached"
                        + " (dtc.limits.transactions-in-flight-max)"),
                log.take());

        time.advance(InFlight.REPORTED_FOR);
        assertEquals(List.of(), reached());
        assertRefused("the limit of 4 transactions in flight is reached", inFlight.reserve("c"));
        assertEquals(1, log.take().size());
    }

    @Test
    void the_limit_of_one_caller_is_reported_with_its_name() {
        begin("a");
        begin("a");
        assertRefused("the limit of 2 transactions in flight of one caller is reached", inFlight.reserve("a"));
        begin("b");
        assertEquals(List.of(new Reached(Limit.CALLER, 2, "a")), reached());
        assertEquals(1, inFlight.refusals(Limit.CALLER));
        assertEquals(
                List.of("WARN requests are refused with 503: the limit of 2 transactions in flight of one caller is"
                        + " reached by a (dtc.limits.transactions-in-flight-per-caller-max)"),
                log.take());
    }

    @Test
    void the_limit_of_participants_is_reported() {
        inFlight.addParticipants(2);
        assertNull(inFlight.refuseParticipants(null, 0));
        inFlight.addParticipants(1);
        assertRefused("the limit of 3 participants in flight is reached", inFlight.refuseParticipants(null, 0));
        assertEquals(List.of(new Reached(Limit.PARTICIPANTS, 3, null)), reached());
        assertEquals(1, inFlight.refusals(Limit.PARTICIPANTS));
    }

    @Test
    void large_transactions_do_not_keep_out_small_ones() {
        InFlight inFlight =
                new InFlight(time, new TransactionLimits(100, 100, 100, Duration.ofHours(1), 100, Long.MAX_VALUE));
        inFlight.addParticipants(74);
        assertNull(inFlight.refuseParticipants(null, 50));
        inFlight.addParticipants(1);
        for (int enlisted : new int[] {InFlight.SMALL_PARTICIPANTS, 50}) {
            assertRefused(
                    "the limit of 75 participants in flight for transactions with more than 8 is reached",
                    inFlight.refuseParticipants(null, enlisted));
        }
        inFlight.addParticipants(24);
        for (int enlisted = 0; enlisted < InFlight.SMALL_PARTICIPANTS; enlisted++) {
            assertNull(inFlight.refuseParticipants(null, enlisted));
        }
        inFlight.addParticipants(1);
        assertRefused("the limit of 100 participants in flight is reached", inFlight.refuseParticipants(null, 0));
        assertEquals(2, inFlight.refusals(Limit.LARGE_TRANSACTIONS));
    }

    @Test
    void a_caller_cannot_write_lines_of_the_log() {
        String hostile = "a\n2026-01-01 FATAL";
        begin(hostile);
        begin(hostile);
        assertNotNull(inFlight.reserve(hostile));
        assertEquals(1, log.take().getFirst().lines().count());
    }

    @Test
    void callers_are_reported_up_to_a_number() {
        TransactionLimits one = new TransactionLimits(1_000, 1, 3, Duration.ofHours(1), 10, Long.MAX_VALUE);
        InFlight limited = new InFlight(time, one);
        for (int i = 0; i < 2 * InFlight.REPORTED_MAX; i++) {
            limited.reserve("caller-" + i);
            assertNotNull(limited.reserve("caller-" + i));
        }
        assertEquals(InFlight.REPORTED_MAX, limited.reports().size());
        assertEquals(InFlight.REPORTED_MAX, log.take().size());
        assertEquals(2 * InFlight.REPORTED_MAX, limited.refusals(Limit.CALLER));
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.Registry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** A driver with a simulated clock, fake participants and a fake log. */
final class DriverFixture {

    static final UUID INSTANCE = new UUID(1, 1);
    static final Duration LEASE = Duration.ofDays(1);
    static final Duration VOTE_TIMEOUT = Duration.ofSeconds(2);
    static final Duration RETENTION = Duration.ofHours(1);
    static final int PARTICIPANTS_IN_FLIGHT_MAX = 8;
    private static final TransactionLimits LIMITS =
            new TransactionLimits(10, 10, PARTICIPANTS_IN_FLIGHT_MAX, RETENTION, 10, Long.MAX_VALUE);
    static final int WRITES_MAX = 50_000;
    static final int PARTICIPANTS_MAX = 3;

    final FakeTime time = new FakeTime();
    final Registry registry = new Registry(time, LEASE, 10, _ -> true);
    final FakeParticipants participants = new FakeParticipants();
    final FakeLog log;
    final List<AppliedEvent> applied = new ArrayList<>();
    final TwoPhaseCommit machine = new TwoPhaseCommit(PARTICIPANTS_MAX, WRITES_MAX);
    final RecordLog recordLog;
    final TransactionStore store = new TransactionStore(time, LIMITS);
    final Waiters waiters = new Waiters(time, Duration.ofSeconds(10));
    final TransactionDriver driver;

    /** Called when the driver reports a final state. */
    Runnable whenEnded = () -> {};

    /** Called for each event after it was added to {@link #applied}. */
    TransactionListener listener = new TransactionListener() {};

    private long begun;

    DriverFixture() {
        this(new FakeLog());
    }

    DriverFixture(FakeLog log) {
        this.log = log;
        this.recordLog = RecordLog.of(log, time);
        Duration unused = Duration.ZERO;
        driver = new TransactionDriver(
                machine,
                new CoordinatorSettings(unused, VOTE_TIMEOUT, VOTE_TIMEOUT, unused, LIMITS, 10, 10, 10, 10),
                time,
                new Backoff(Duration.ofSeconds(2), Duration.ofMinutes(1), () -> 0),
                registry,
                participants,
                new Listeners(List.of(new Recording())),
                store,
                waiters,
                () -> whenEnded.run());
    }

    void register(String resourceManager, String... features) {
        registry.register(resourceManager, "http://" + resourceManager + ":1", INSTANCE, Set.of(features));
    }

    /** A transaction that has just begun. */
    TransactionEntry begin() {
        Transaction active =
                Transaction.begin(new TransactionId(new UUID(0, ++begun)), Origin.ANONYMOUS, time.now(), time.now());
        TransactionEntry entry = new TransactionEntry(active, recordLog, time.nanos());
        if (store.inFlight().reserve(null) != null) {
            throw new AssertionError("no room");
        }
        store.add(entry);
        return entry;
    }

    /** Applies an event. Returns the state after it and after the events that followed without a delay. */
    TransactionState apply(TransactionEntry entry, CoordinatorEvent event) {
        driver.apply(entry, event);
        return entry.transaction().state();
    }

    private final class Recording implements TransactionListener {
        @Override
        public void applied(AppliedEvent event) {
            applied.add(event);
            listener.applied(event);
        }
    }
}

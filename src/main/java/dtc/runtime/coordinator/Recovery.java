package dtc.runtime.coordinator;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.coordinator.Transaction;
import dtc.log.DecisionLog;
import dtc.log.LogRecord;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Restores transactions and registrations from the decision log. */
final class Recovery {

    private final DecisionLog log;
    private final TransactionStore store;
    private final Time time;
    private final ObservedTime observed;
    private final TransactionListener listeners;
    private final Registrations registrations;

    /** @param observedMillis see {@link RecordCodec#observedMillis} */
    private record Recovered(Transaction transaction, long observedMillis) {}

    Recovery(
            DecisionLog log,
            TransactionStore store,
            Time time,
            ObservedTime observed,
            TransactionListener listeners,
            Registrations registrations) {
        this.log = log;
        this.store = store;
        this.time = time;
        this.observed = observed;
        this.listeners = listeners;
        this.registrations = registrations;
    }

    /** Restores the content of the log. Returns the transactions that have not ended. */
    List<TransactionEntry> recover() {
        List<Recovered> recovered = new ArrayList<>();
        List<RegistrationRecord> registered = new ArrayList<>();
        log.replay(record -> {
            switch (record.kind()) {
                case OPEN, ENDED -> recovered.add(decode(record));
                case REGISTRATION -> registered.add(RegistrationCodec.decode(record.bytes()));
            }
        });
        registrations.recover(registered);
        long newest =
                recovered.stream().mapToLong(Recovered::observedMillis).max().orElse(0);
        observed.continueAfter(newest);
        // Oldest first. The age of a record without an observed time is unknown, so it counts as new.
        recovered.sort(Comparator.comparingLong(r -> r.observedMillis() == 0 ? newest : r.observedMillis()));
        List<TransactionEntry> open = new ArrayList<>();
        for (Recovered r : recovered) {
            long ageMillis = r.observedMillis() == 0 ? 0 : newest - r.observedMillis();
            TransactionEntry entry = add(r.transaction(), Duration.ofMillis(ageMillis));
            if (!r.transaction().state().isFinal()) {
                open.add(entry);
            }
        }
        return open;
    }

    private static Recovered decode(LogRecord record) {
        return new Recovered(
                Transaction.recover(LogRecords.decode(record)), RecordCodec.observedMillis(record.bytes()));
    }

    private TransactionEntry add(Transaction t, Duration age) {
        TransactionEntry entry = new TransactionEntry(t, time.nanos());
        // For display only, since the wall clock may have jumped.
        entry.setDecidedNanos(time.nanos() - elapsed(t.decidedAt(), time.now()).toNanos());
        store.addRecovered(entry, age);
        if (!t.state().isFinal()) {
            listeners.applied(AppliedEvent.initial(t));
        }
        return entry;
    }

    private static Duration elapsed(@Nullable Instant since, Instant now) {
        return since == null || since.isAfter(now) ? Duration.ZERO : Duration.between(since, now);
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.coordinator.Transaction;
import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Restores transactions and registrations from a decision log. */
final class Recovery {

    private final TransactionStore store;
    private final Time time;
    private final TransactionListener listeners;
    private final Registrations registrations;

    /** @param observedMillis see {@link RecordCodec#observedMillis} */
    private record Recovered(Transaction transaction, long observedMillis) {}

    Recovery(TransactionStore store, Time time, TransactionListener listeners, Registrations registrations) {
        this.store = store;
        this.time = time;
        this.listeners = listeners;
        this.registrations = registrations;
    }

    /** Restores the content of the log of this process. Returns the transactions that have not ended. */
    List<TransactionEntry> recover(RecordLog log) {
        return restore(log, _ -> null, registrations::recover);
    }

    /**
     * Restores the content of a log that was taken over.
     *
     * @param existing returns the entry of a transaction that was created while the log was read, or null
     */
    List<TransactionEntry> takeOver(RecordLog log, Function<TransactionId, @Nullable TransactionEntry> existing) {
        return restore(log, existing, registrations::adopt);
    }

    private List<TransactionEntry> restore(
            RecordLog log,
            Function<TransactionId, @Nullable TransactionEntry> existing,
            Consumer<List<RegistrationRecord>> register) {
        List<Recovered> recovered = new ArrayList<>();
        List<RegistrationRecord> registered = new ArrayList<>();
        log.replay(record -> {
            switch (record.kind()) {
                case OPEN, ENDED -> recovered.add(decode(record));
                case REGISTRATION -> registered.add(RegistrationCodec.decode(record.bytes()));
            }
        });
        register.accept(registered);
        long newest =
                recovered.stream().mapToLong(Recovered::observedMillis).max().orElse(0);
        log.continueAfter(newest);
        // Oldest first. The age of a record without an observed time is unknown, so it counts as new.
        recovered.sort(Comparator.comparingLong(r -> r.observedMillis() == 0 ? newest : r.observedMillis()));
        List<TransactionEntry> open = new ArrayList<>();
        for (Recovered r : recovered) {
            long ageMillis = r.observedMillis() == 0 ? 0 : newest - r.observedMillis();
            TransactionEntry earlier = existing.apply(r.transaction().id());
            TransactionEntry entry = earlier == null ? entry(r.transaction(), log) : earlier;
            add(entry, Duration.ofMillis(ageMillis));
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

    /** Creates the entry of a transaction that was read. */
    TransactionEntry entry(Transaction t, RecordLog log) {
        TransactionEntry entry = new TransactionEntry(t, log, time.nanos());
        // For display only, since the wall clock may have jumped.
        entry.setDecidedNanos(time.nanos() - elapsed(t.decidedAt(), time.now()).toNanos());
        return entry;
    }

    private void add(TransactionEntry entry, Duration age) {
        store.addRecovered(entry, age);
        if (!entry.transaction().state().isFinal()) {
            listeners.applied(AppliedEvent.initial(entry.transaction()));
        }
    }

    private static Duration elapsed(@Nullable Instant since, Instant now) {
        return since == null || since.isAfter(now) ? Duration.ZERO : Duration.between(since, now);
    }
}

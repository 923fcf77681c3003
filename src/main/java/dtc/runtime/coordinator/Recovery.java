package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.log.DecisionLog;
import dtc.log.LogRecord;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Restores transactions from the decision log. */
final class Recovery {

    private final DecisionLog log;
    private final TransactionStore store;
    private final Time time;
    private final TransactionListener listeners;

    Recovery(DecisionLog log, TransactionStore store, Time time, TransactionListener listeners) {
        this.log = log;
        this.store = store;
        this.time = time;
        this.listeners = listeners;
    }

    /** Adds all transactions of the log to the store. Returns those that have not ended. */
    List<TransactionEntry> recover() {
        List<TransactionEntry> open = new ArrayList<>();
        Instant now = time.now();
        log.replay(record -> recover(record, now, open));
        return open;
    }

    private void recover(LogRecord record, Instant now, List<TransactionEntry> open) {
        Transaction t = Transaction.recover(LogRecords.decode(record));
        TransactionEntry entry = new TransactionEntry(t, time.nanos());
        // Used for display and retention only, since the wall clock may have jumped.
        entry.setDecidedNanos(time.nanos() - elapsed(t.decidedAt(), now).toNanos());
        store.addRecovered(entry, elapsed(t.finishedAt(), now));
        if (!t.state().isFinal()) {
            listeners.applied(Applied.first(t));
            open.add(entry);
        }
    }

    private static Duration elapsed(@Nullable Instant since, Instant now) {
        return since == null || since.isAfter(now) ? Duration.ZERO : Duration.between(since, now);
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.CoordinatorEffect.Timing;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.log.DecisionLog;
import dtc.log.LogRecord;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes over the transactions of numbers whose processes are presumed dead, and abandons those of numbers that another
 * process has taken over.
 *
 * <p>While the log of a number is read, its stored commits are delivered, because a stored decision never changes. All
 * else waits until the log is read completely and this process is known to hold the number still: an answer, a rollback
 * and the reply to a delivery. Until then, the transactions are not in the {@link TransactionStore}.
 */
public final class Takeovers {

    private final HeldLogs logs;
    private final TransactionStore store;
    private final TransactionDriver driver;
    private final Recovery recovery;
    private final Time time;
    /** The logs that are being read, by number. Guarded by this. */
    private final Map<Integer, Unread> unread = new HashMap<>();

    /** A log that is being read, and the transactions whose commit is delivered already. */
    private record Unread(RecordLog log, Map<TransactionId, TransactionEntry> delivered) {}

    Takeovers(HeldLogs logs, TransactionStore store, TransactionDriver driver, Recovery recovery, Time time) {
        this.logs = logs;
        this.store = store;
        this.driver = driver;
        this.recovery = recovery;
        this.time = time;
    }

    /**
     * Delivers a commit before the log of the number is read completely. Ignores other records.
     *
     * @param record the newest one of its id among those read so far, newest first
     */
    public void deliverEarly(int number, LogRecord record) {
        if (record.kind() != LogRecord.Kind.OPEN) {
            return;
        }
        Transaction t = Transaction.recover(LogRecords.decode(record));
        if (t.state() != TransactionState.COMMITTING
                || t.participants().stream().allMatch(Participant::isSettled)) {
            return;
        }
        TransactionEntry entry;
        synchronized (this) {
            Unread reading = reading(number);
            entry = recovery.entry(t, reading.log);
            reading.delivered.put(t.id(), entry);
        }
        synchronized (entry) {
            entry.hold(); // the replies wait until the log is read
        }
        t.participants().stream()
                .filter(participant -> !participant.isSettled())
                .forEach(participant -> driver.delivery()
                        .deliver(
                                entry, new Deliver(participant.resourceManager(), Outcome.COMMIT, Timing.AFTER_PAUSE)));
    }

    /** Guarded by this. */
    private Unread reading(int number) {
        return unread.computeIfAbsent(number, _ -> new Unread(RecordLog.unread(time), new HashMap<>()));
    }

    /**
     * Takes over the transactions of a number. Its log is read completely, and the number was still held after that.
     *
     * @return the number of transactions that have not ended
     */
    public int complete(int number, DecisionLog log) {
        Unread reading;
        List<TransactionEntry> open;
        synchronized (this) {
            reading = reading(number);
            unread.remove(number);
            reading.log.opened(log);
            open = recovery.takeOver(reading.log, reading.delivered::get);
            logs.add(number, reading.log); // from now on, an id without a record is known to have none
        }
        for (TransactionEntry entry : open) {
            if (reading.delivered.containsKey(entry.id())) {
                driver.release(entry);
            } else {
                driver.apply(entry, new CoordinatorEvent.Recovered());
            }
        }
        return open.size();
    }

    /** Abandons the transactions of a number, because another process has taken it over. */
    public void abandon(int number) {
        List<TransactionEntry> lost = new ArrayList<>();
        synchronized (this) {
            Unread reading = unread.remove(number);
            if (reading != null) {
                lost.addAll(reading.delivered.values());
            }
            RecordLog log = logs.remove(number);
            if (log != null) {
                lost.addAll(store.recordedIn(log));
            }
        }
        lost.forEach(driver::abandon);
    }

    /** Whether all transactions of a number that was taken over have finished, and their retention is over. */
    public boolean isFinished(int number) {
        RecordLog log = logs.find(number);
        return log != null && !store.hasAnyRecordedIn(log);
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.TransactionRecord;
import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A decision log, and how long coordinators have run on it. Each transaction is recorded in one log until it ends. */
final class RecordLog {

    private final boolean fenced;
    private final ObservedTime observed;
    /** Null while the log is read. */
    private volatile @Nullable DecisionLog log;

    private RecordLog(boolean fenced, Time time, @Nullable DecisionLog log) {
        this.fenced = fenced;
        this.observed = new ObservedTime(time);
        this.log = log;
    }

    static RecordLog of(DecisionLog log, Time time) {
        return new RecordLog(log.isFenced(), time, log);
    }

    /** A log that was taken over and is not read yet. Nothing is appended before it is {@link #opened}. */
    static RecordLog unread(Time time) {
        return new RecordLog(true, time, null);
    }

    void opened(DecisionLog opened) {
        log = opened;
    }

    private DecisionLog log() {
        return Objects.requireNonNull(log, "the log is not read yet");
    }

    /** See {@link DecisionLog#isFenced}. */
    boolean isFenced() {
        return fenced;
    }

    /** See {@link DecisionLog#refusalReason}. */
    @Nullable
    String refusalReason() {
        return log().refusalReason();
    }

    void replay(Consumer<LogRecord> consumer) {
        log().replay(consumer);
    }

    /** See {@link ObservedTime#continueAfter}. */
    void continueAfter(long observedMillis) {
        observed.continueAfter(observedMillis);
    }

    CompletionStage<AppendResult> append(TransactionRecord record) {
        return log().append(LogRecords.encode(record, observed));
    }

    void appendLazily(TransactionRecord record) {
        log().appendLazily(LogRecords.encode(record, observed));
    }

    void forget(TransactionId id) {
        log().forget(id);
    }

    /** Returns null if abort is presumed for every id. */
    @Nullable
    LogIdentity identity() {
        return log().identity();
    }

    /** Whether abort is presumed for an id without a record. */
    boolean presumesAbort(TransactionId id) {
        LogIdentity identity = identity();
        return identity == null || identity.presumesAbort(id);
    }
}

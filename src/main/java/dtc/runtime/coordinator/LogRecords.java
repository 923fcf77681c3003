package dtc.runtime.coordinator;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.TransactionRecord;
import dtc.log.LogRecord;

/** Converts transaction records to and from records of the decision log. */
final class LogRecords {

    private LogRecords() {}

    static LogRecord encode(TransactionRecord record, ObservedTime observed) {
        LogRecord.Status status = record.isOpen() ? LogRecord.Status.OPEN : LogRecord.Status.ENDED;
        return new LogRecord(record.id(), RecordCodec.encode(record, observed.millis()), status);
    }

    /** @throws IllegalArgumentException if the bytes are not a record of a supported version */
    static TransactionRecord decode(LogRecord record) {
        return RecordCodec.decode(record.id(), record.bytes());
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.coordinator.TransactionRecord;
import dtc.log.LogRecord;

/** Converts records of transactions and registrations to and from records of the decision log. */
final class LogRecords {

    private LogRecords() {}

    static LogRecord encode(TransactionRecord record, ObservedTime observed) {
        LogRecord.Kind kind = record.isOpen() ? LogRecord.Kind.OPEN : LogRecord.Kind.ENDED;
        return new LogRecord(record.id(), RecordCodec.encode(record, observed.millis()), kind);
    }

    static LogRecord encode(RegistrationRecord record) {
        return new LogRecord(
                RegistrationCodec.recordId(record.id()), RegistrationCodec.encode(record), LogRecord.Kind.REGISTRATION);
    }

    /** @throws IllegalArgumentException if the bytes are not a record of a supported version */
    static TransactionRecord decode(LogRecord record) {
        return RecordCodec.decode(record.id(), record.bytes());
    }
}

package dtc.conformance;

import java.time.Duration;

/**
 * The result of a row.
 *
 * @param detail why it failed or was skipped; empty if it passed
 */
record RowResult(Row row, Status status, String detail, Duration duration) {

    enum Status {
        PASSED,
        FAILED,
        SKIPPED
    }
}

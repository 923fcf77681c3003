package dtc.conformance;

/** A row cannot be checked. */
final class RowSkipped extends RuntimeException {

    RowSkipped(String reason) {
        super(reason);
    }
}

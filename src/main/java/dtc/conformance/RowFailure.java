package dtc.conformance;

/** The resource manager broke a rule. */
final class RowFailure extends RuntimeException {

    RowFailure(String expected, Exchange exchange) {
        this("sent:     " + exchange.sent() + "\nreceived: " + exchange.received() + "\nexpected: " + expected);
    }

    RowFailure(String message) {
        super(message);
    }
}

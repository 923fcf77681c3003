package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.conformance.CoordinatorServer.RegistrationCall;
import dtc.protocol.TransactionId;
import java.util.List;
import java.util.Optional;

/** Registration and its renewal. */
final class RegistrationRows {

    static final String REGISTERS = "registers";

    private RegistrationRows() {}

    static List<Row> rows() {
        return List.of(
                core(REGISTERS, "`instance`: a UUID that identifies the data of the RM", RegistrationRows::registers),
                core("renews", "An RM renews its registration at a third of the lease.", RegistrationRows::renews),
                core(
                        "registers-again",
                        "If that fails, it repeats the registration.",
                        RegistrationRows::registersAgain));
    }

    private static void registers(RowContext c) {
        RegistrationCall registration = c.resourceManager().registration();
        if (TransactionId.parse(registration.instance()).isEmpty()) {
            throw new RowFailure("expected: a UUID as \"instance\"\nreceived: " + registration);
        }
    }

    private static void renews(RowContext c) throws InterruptedException {
        long start = System.nanoTime();
        // Two, since the first one may have been started by the row that refuses registrations.
        for (int count = 1; count <= 2; count++) {
            long after = start;
            Optional<RegistrationCall> renewal = c.coordinator()
                    .await(() -> latest(c).filter(latest -> latest.nanos() > after), CoordinatorServer.LEASE);
            start = renewal.orElseThrow(() -> new RowFailure(
                            "expected: PUT /resource-managers/%s again within leaseMillis, which was %s\nreceived: none"
                                    .formatted(
                                            c.resourceManager().registration().id(),
                                            CoordinatorServer.LEASE.toMillis())))
                    .nanos();
        }
    }

    private static Optional<RegistrationCall> latest(RowContext c) {
        String id = c.resourceManager().registration().id();
        return c.coordinator().registrations().reversed().stream()
                .filter(registration -> registration.id().equals(id))
                .findFirst();
    }

    private static void registersAgain(RowContext c) throws InterruptedException {
        c.coordinator().refuseRegistrations(true);
        try {
            c.coordinator().await(() -> latest(c).filter(RegistrationCall::refused), c.patience());
        } finally {
            c.coordinator().refuseRegistrations(false);
        }
        Optional<RegistrationCall> registration =
                c.coordinator().await(() -> latest(c).filter(latest -> !latest.refused()), c.patience());
        if (registration.isEmpty()) {
            throw new RowFailure("expected: PUT /resource-managers/%s again after 503\nreceived: none within %s s"
                    .formatted(
                            c.resourceManager().registration().id(),
                            c.patience().toSeconds()));
        }
    }
}

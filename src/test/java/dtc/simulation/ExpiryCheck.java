package dtc.simulation;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A transaction does not expire before its time, by the elapsed time and not by the clock that people read. */
final class ExpiryCheck implements Check {

    private final World world;
    private final Map<Ledger.Seen, Long> begun = new HashMap<>();

    ExpiryCheck(World world) {
        this.world = world;
    }

    @Override
    public void began(Ledger.Seen transaction) {
        begun.put(transaction, world.millis());
    }

    @Override
    public void applied(Ledger.Seen transaction, Transaction before, CoordinatorEvent event, Transaction after) {
        long allowed = Duration.between(before.startedAt(), before.expiresAt()).toMillis();
        long age = world.millis() - begun.getOrDefault(transaction, 0L);
        if (event instanceof CoordinatorEvent.Expired && age < allowed) {
            world.fail("expiry", String.format(Locale.ROOT, "%s expired after %d of %d ms", transaction, age, allowed));
        }
    }
}

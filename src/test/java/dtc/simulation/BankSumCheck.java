package dtc.simulation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Money is neither made nor lost: what is written to an account at one resource manager is taken from it at others. An
 * account is a key that begins with {@code sum}; each transaction that writes it does so at the same resource managers,
 * with values that add up to nothing. Where one of them forgets, so does the bank.
 */
final class BankSumCheck implements Check {

    private final World world;

    BankSumCheck(World world) {
        this.world = world;
    }

    @Override
    public void end() {
        Map<String, Long> sums = new HashMap<>();
        Set<String> lost = new HashSet<>();
        for (Ledger.Shadow shadow : world.ledger.shadows()) {
            shadow.entries.forEach((key, value) -> {
                if (key.startsWith("sum")) {
                    sums.merge(key, Long.parseLong(value), Long::sum);
                }
            });
            if (shadow.losses > 0) {
                for (Ledger.Seen transaction : world.ledger.transactions()) {
                    Ledger.Part part = transaction.parts.get(shadow.name);
                    if (part != null) {
                        lost.addAll(part.sent.writes.keySet());
                    }
                }
            }
        }
        // A resource manager that asks after its commit was discarded may be told to roll back.
        for (Ledger.Seen transaction : world.ledger.transactions()) {
            for (Ledger.Part part : transaction.parts.values()) {
                if (part.discarded) {
                    lost.addAll(part.sent.writes.keySet());
                }
            }
        }
        sums.forEach((key, sum) -> {
            if (sum != 0 && !lost.contains(key)) {
                world.fail("bank sum", String.format(Locale.ROOT, "%s adds up to %d", key, sum));
            }
        });
    }
}

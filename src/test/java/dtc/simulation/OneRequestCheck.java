package dtc.simulation;

import dtc.protocol.Outcome;
import java.util.HashMap;
import java.util.Map;

/** A request that is made again under its name begins nothing new, and never does its work twice. */
final class OneRequestCheck implements Check {

    private static final String NAME = "one request";

    private final World world;
    /** What each name has led to since the coordinator was started. */
    private final Map<String, Ledger.Seen> begun = new HashMap<>();
    /** The transaction whose outcome was named in an answer to each key. */
    private final Map<String, Ledger.Seen> bound = new HashMap<>();

    OneRequestCheck(World world) {
        this.world = world;
    }

    @Override
    public void begun(Ledger.Seen transaction, String key, Outcome outcome) {
        if (transaction.forgotten) {
            return; // the answer waited for a record, and the retention ended before it: the key may begin anew
        }
        Ledger.Seen before = begun.put(key, transaction);
        if (before != null && before != transaction && !before.forgotten) {
            world.fail(NAME, "the request %s began %s and then %s".formatted(key, before, transaction));
        }
        Ledger.Seen told = outcome == Outcome.PENDING ? bound.get(key) : bound.put(key, transaction);
        if (told != null && told != transaction && !told.forgotten) {
            world.fail(
                    NAME,
                    "the request %s was answered with the outcome of %s and then with %s"
                            .formatted(key, told, transaction));
        }
    }

    @Override
    public void crashed(Node node) {
        if (node instanceof CoordinatorNode) {
            begun.clear(); // what had not been decided is rolled back, and may begin anew
        }
    }

    @Override
    public void end() {
        Map<String, Ledger.Seen> committed = new HashMap<>();
        for (Ledger.Seen transaction : world.ledger.transactions()) {
            if (transaction.key != null && transaction.toldCommit && !transaction.forgotten) {
                Ledger.Seen before = committed.put(transaction.key, transaction);
                if (before != null) {
                    world.fail(
                            NAME, "the request %s committed %s and %s".formatted(transaction.key, before, transaction));
                }
            }
        }
    }
}

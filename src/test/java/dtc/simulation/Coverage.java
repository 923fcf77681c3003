package dtc.simulation;

import java.util.Map;
import java.util.TreeMap;

/** How often each fault struck while a transaction had just made each transition. */
final class Coverage {

    static final String TIMES = " x ";

    private final Map<String, Long> faults = new TreeMap<>();
    private final Map<String, Long> pairs = new TreeMap<>();
    private final Map<String, Long> transitions = new TreeMap<>();

    void made(String transition) {
        transitions.merge(transition, 1L, Long::sum);
    }

    void struck(String fault, Ledger ledger) {
        faults.merge(fault, 1L, Long::sum);
        for (String transition : ledger.latestTransitions()) {
            pairs.merge(transition + TIMES + fault, 1L, Long::sum);
        }
    }

    void add(Coverage other) {
        other.faults.forEach((fault, count) -> faults.merge(fault, count, Long::sum));
        other.pairs.forEach((pair, count) -> pairs.merge(pair, count, Long::sum));
        other.transitions.forEach((transition, count) -> transitions.merge(transition, count, Long::sum));
    }

    Map<String, Long> faults() {
        return faults;
    }

    Map<String, Long> transitions() {
        return transitions;
    }

    Map<String, Long> pairs() {
        return pairs;
    }
}

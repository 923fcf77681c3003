package dtc.simulation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** How often each fault and each transition occurred, and which faults occurred right after which transitions. */
final class Coverage {

    private final Map<String, Long> faults = new HashMap<>();
    private final Map<String, Long> transitions = new HashMap<>();
    /** By fault: the transitions that some transaction had just made when it occurred. */
    private final Map<String, Set<String>> transitionsBefore = new HashMap<>();

    void made(String transition) {
        transitions.merge(transition, 1L, Long::sum);
    }

    void occurred(String fault, Ledger ledger) {
        faults.merge(fault, 1L, Long::sum);
        ledger.addLatestTransitions(transitionsBefore.computeIfAbsent(fault, _ -> new HashSet<>()));
    }

    void add(Coverage other) {
        other.faults.forEach((fault, count) -> faults.merge(fault, count, Long::sum));
        other.transitions.forEach((transition, count) -> transitions.merge(transition, count, Long::sum));
        other.transitionsBefore.forEach((fault, before) ->
                transitionsBefore.computeIfAbsent(fault, _ -> new HashSet<>()).addAll(before));
    }

    Map<String, Long> faults() {
        return faults;
    }

    Map<String, Long> transitions() {
        return transitions;
    }

    /**
     * The number of pairs of a fault and a transition after which a fault can occur: one to a state that is not final.
     */
    int pairs() {
        return faults.size() * transitionsBeforeFaults().size();
    }

    /** The pairs that did not occur. */
    SortedSet<String> missing() {
        SortedSet<String> missing = new TreeSet<>();
        for (String transition : transitionsBeforeFaults()) {
            for (String fault : faults.keySet()) {
                if (!transitionsBefore.getOrDefault(fault, Set.of()).contains(transition)) {
                    missing.add(transition + " x " + fault);
                }
            }
        }
        return missing;
    }

    private Set<String> transitionsBeforeFaults() {
        Set<String> all = new HashSet<>();
        transitionsBefore.values().forEach(all::addAll);
        return all;
    }
}

package dtc.runtime.cluster;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** Says which processes are presumably dead. It may be wrong: that costs availability, but no consistency. */
public interface FailureDetector {

    /**
     * Returns the processes that are presumably dead.
     *
     * @param addresses the addresses of the processes that hold a number, by the number that each has created
     */
    CompletionStage<Set<Integer>> dead(Map<Integer, String> addresses);
}

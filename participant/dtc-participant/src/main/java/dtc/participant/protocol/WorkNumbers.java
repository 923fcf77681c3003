package dtc.participant.protocol;

import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** The numbers of the work of one transaction. */
public final class WorkNumbers {

    private WorkNumbers() {}

    /**
     * Returns why the work is not complete; null if it is.
     *
     * @param arrived the numbers that have arrived
     * @param count how many there must be, from 1; null if the coordinator did not say so
     */
    public static @Nullable String missing(SortedSet<Integer> arrived, @Nullable Integer count) {
        if (arrived.isEmpty()) {
            return "nothing is staged for the transaction here";
        }
        int expected = count == null ? arrived.last() : count;
        return arrived.size() == expected && arrived.first() == 1 && arrived.last() == expected
                ? null
                : "not all work has arrived here: numbers " + arrived + " of " + expected;
    }
}

package dtc.resource;

import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The numbers of the writes of one transaction that have arrived. They start at 1 and should have no gap. */
final class WriteNumbers {

    private static final int BEYOND_MAX = 10_000;

    /** All numbers from 1 to this one have arrived. */
    private int upTo;
    /** Later numbers that have arrived, after a gap; null if there is no gap. */
    private @Nullable SortedSet<Integer> beyond;
    /** The number of writes that were sent; null if the sender does not say. */
    private @Nullable Integer expected;

    void add(int number) {
        if (number <= upTo) {
            return;
        }
        if (number == upTo + 1 && beyond == null) {
            upTo = number;
            return;
        }
        SortedSet<Integer> later = beyond == null ? new TreeSet<>() : beyond;
        later.add(number);
        while (later.remove(upTo + 1)) {
            upTo++;
        }
        beyond = later.isEmpty() ? null : later;
    }

    int last() {
        return beyond == null ? upTo : beyond.last();
    }

    /** Whether too many writes arrived before an earlier one. */
    boolean isFull() {
        return beyond != null && beyond.size() >= BEYOND_MAX;
    }

    /** Sets the number of writes that were sent. The first one counts. */
    void expect(@Nullable Integer count) {
        expected = expected == null ? count : expected;
    }

    /** Whether exactly the expected writes have arrived. If nothing is expected, whether there is no gap. */
    boolean areComplete() {
        return beyond == null && (expected == null || expected == upTo);
    }
}

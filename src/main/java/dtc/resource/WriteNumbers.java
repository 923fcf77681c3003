package dtc.resource;

import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The sequence numbers of the received writes of one transaction. They start at 1. Enlistments are also numbered. A
 * transaction does not commit if one of its writes has not arrived.
 */
final class WriteNumbers {

    private static final int OUT_OF_ORDER_MAX = 10_000;

    /** All numbers from 1 to this one were received. */
    private int contiguousTo;
    /** Numbers received after a gap; null if there is no gap. */
    private @Nullable SortedSet<Integer> outOfOrder;
    /** The number of writes that were sent; null if unknown. */
    private @Nullable Integer expected;

    void add(int number) {
        if (number <= contiguousTo) {
            return;
        }
        if (number == contiguousTo + 1 && outOfOrder == null) {
            contiguousTo = number;
            return;
        }
        SortedSet<Integer> later = outOfOrder == null ? new TreeSet<>() : outOfOrder;
        later.add(number);
        while (later.remove(contiguousTo + 1)) {
            contiguousTo++;
        }
        outOfOrder = later.isEmpty() ? null : later;
    }

    boolean contains(int number) {
        return number <= contiguousTo || (outOfOrder != null && outOfOrder.contains(number));
    }

    int last() {
        return outOfOrder == null ? contiguousTo : outOfOrder.last();
    }

    /** Whether the limit of numbers after a gap is reached. */
    boolean isFull() {
        return outOfOrder != null && outOfOrder.size() >= OUT_OF_ORDER_MAX;
    }

    /** Sets the number of writes that were sent. Later calls have no effect. */
    void expect(@Nullable Integer count) {
        expected = expected == null ? count : expected;
    }

    /** Whether all writes that were sent were received. If their number is unknown, whether there is no gap. */
    boolean isComplete() {
        return outOfOrder == null && (expected == null || expected == contiguousTo);
    }
}

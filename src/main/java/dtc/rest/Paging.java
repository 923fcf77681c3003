package dtc.rest;

import java.util.List;
import java.util.function.ToLongFunction;

/** Limits the size of pages. */
final class Paging {

    private Paging() {}

    /**
     * Returns the longest prefix with at most {@code itemsMax} items and a total weight of at most {@code weightMax}.
     * Always includes the first item.
     */
    static <T> List<T> limit(List<T> items, int itemsMax, long weightMax, ToLongFunction<T> weight) {
        long total = 0;
        int count = 0;
        for (T item : items) {
            total += weight.applyAsLong(item);
            if (count == itemsMax || (count > 0 && total > weightMax)) {
                break;
            }
            count++;
        }
        return items.subList(0, count);
    }
}

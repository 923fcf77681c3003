package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.testing.NoApplication;
import java.util.List;
import org.junit.jupiter.api.Test;

@NoApplication
class PagingTest {

    @Test
    void a_page_is_limited_by_the_number_and_by_the_weight_of_its_items() {
        assertEquals(List.of(), limit(3, 10));
        assertEquals(List.of(1, 2), limit(3, 10, 1, 2));
        assertEquals(List.of(1, 2, 3), limit(3, 10, 1, 2, 3, 4));
        assertEquals(List.of(4, 6), limit(3, 10, 4, 6, 1));
        assertEquals(List.of(4), limit(3, 10, 4, 7, 1));
    }

    /** Otherwise a list would end before an item that exceeds the weight. */
    @Test
    void the_first_item_is_returned_regardless_of_its_weight() {
        assertEquals(List.of(11), limit(3, 10, 11, 1));
    }

    private static List<Integer> limit(int itemsMax, long weightMax, Integer... weights) {
        return Paging.limit(List.of(weights), itemsMax, weightMax, Integer::longValue);
    }
}

package dtc.participant.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkNumbersTest {

    @ParameterizedTest
    @CsvSource({
        "1,        , true",
        "1 2 3,    , true",
        "1 3,      , false",
        "2,        , false",
        "'',       , false",
        "1,       1, true",
        "1 2,     2, true",
        "'',      1, false",
        "1,       2, false",
        "1 2,     1, false",
        "1 3,     2, false",
        "2,       1, false",
        "1 3,     3, false",
    })
    void all_numbers_from_1_to_the_count_must_have_arrived(String arrived, @Nullable Integer count, boolean complete) {
        TreeSet<Integer> numbers = Stream.of(arrived.split(" ", -1))
                .filter(text -> !text.isEmpty())
                .map(Integer::valueOf)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(complete, WorkNumbers.missing(numbers, count) == null);
    }
}

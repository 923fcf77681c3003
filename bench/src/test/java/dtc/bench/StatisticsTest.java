package dtc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.bench.Statistics.Interval;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatisticsTest {

    private static double[] oneTo(int n) {
        return IntStream.rangeClosed(1, n).mapToDouble(figure -> figure).toArray();
    }

    @Test
    void median_of_an_even_number_of_figures_is_between_the_middle_ones() {
        assertEquals(2.5, Statistics.median(4, 1, 3, 2));
    }

    /** From tables of the sign test. */
    @Test
    void interval_of_the_median_is_between_the_order_statistics_of_the_sign_test() {
        Interval ten = Statistics.medianInterval(0.95, oneTo(10));
        assertEquals(2, ten.low());
        assertEquals(9, ten.high());
        assertEquals(0.979, ten.confidence(), 0.001);
        Interval thirty = Statistics.medianInterval(0.95, oneTo(30));
        assertEquals(10, thirty.low());
        assertEquals(21, thirty.high());
        assertEquals(0.957, thirty.confidence(), 0.001);
    }

    @Test
    void interval_of_too_few_figures_is_their_range_and_tells_its_lower_confidence() {
        Interval interval = Statistics.medianInterval(0.95, oneTo(4));
        assertEquals(1, interval.low());
        assertEquals(4, interval.high());
        assertEquals(0.875, interval.confidence());
    }

    @Test
    void interval_contains_the_median_of_a_skewed_distribution_as_often_as_it_says() {
        Random random = new Random(1);
        double median = 1; // of the exponential of a normal distribution
        int samples = 20_000;
        double confidence = Statistics.medianInterval(0.95, oneTo(10)).confidence();
        long hits = IntStream.range(0, samples)
                .filter(_ -> Statistics.medianInterval(
                                0.95,
                                IntStream.range(0, 10)
                                        .mapToDouble(_ -> Math.exp(random.nextGaussian()))
                                        .toArray())
                        .contains(median))
                .count();
        assertTrue(Math.abs((double) hits / samples - confidence) < 0.005, hits + " of " + samples);
    }
}

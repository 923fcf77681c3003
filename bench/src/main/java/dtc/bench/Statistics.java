package dtc.bench;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/** Statistics of measured figures. */
final class Statistics {

    /** More digits than that are noise. */
    private static final MathContext DIGITS = new MathContext(4);

    private Statistics() {}

    /**
     * A confidence interval.
     *
     * @param confidence the probability that it contains the true value
     */
    record Interval(double low, double high, double confidence) {

        boolean contains(double value) {
            return low <= value && value <= high;
        }
    }

    static double rounded(double figure) {
        return new BigDecimal(figure).round(DIGITS).doubleValue();
    }

    static double median(double... figures) {
        return quantile(0.5, figures);
    }

    /** Interpolates between neighbours. */
    static double quantile(double share, double... figures) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        double position = share * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }

    /**
     * The interval of the median between two order statistics, which assumes nothing about the distribution: the median
     * is below the k-th smallest of n figures with the probability that fewer than k of n coin tosses are heads.
     * Returns the narrowest one with at least {@code confidence}; if there is none, the range of all figures.
     */
    static Interval medianInterval(double confidence, double... figures) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        double probability = Math.pow(0.5, n); // of exactly k heads
        double tail = probability;
        int k = 0;
        while (k + 1 < (n + 1) / 2) {
            double next = probability * (n - k) / (k + 1);
            if (1 - 2 * (tail + next) < confidence) {
                break;
            }
            probability = next;
            tail += next;
            k++;
        }
        return new Interval(sorted[k], sorted[n - 1 - k], 1 - 2 * tail);
    }
}

package dtc.bench;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/** Arithmetic on figures. */
final class Figures {

    /** More digits than that are noise. */
    private static final MathContext DIGITS = new MathContext(4);

    private Figures() {}

    static double rounded(double figure) {
        return new BigDecimal(figure).round(DIGITS).doubleValue();
    }

    static double median(double... figures) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

package dtc.simulation;

import java.util.List;

/** Choices drawn one after another from a seed. */
final class Choices {

    private long state;

    Choices(long seed) {
        this.state = seed;
    }

    private long next() {
        state += 0x9e3779b97f4a7c15L;
        return Noise.mix(state);
    }

    /** From 0 to {@code bound}, inclusive. */
    int upTo(int bound) {
        return (int) Noise.bounded(next(), bound + 1L);
    }

    int between(int low, int high) {
        return low + upTo(high - low);
    }

    boolean perMille(int chance) {
        return Noise.bounded(next(), 1_000) < chance;
    }

    int of(int... values) {
        return values[upTo(values.length - 1)];
    }

    <T> T of(List<T> values) {
        return values.get(upTo(values.size() - 1));
    }
}

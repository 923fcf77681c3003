package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dtc.testing.NoApplication;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same seed gives the same run, event for event; and so does what is written down of it. */
@NoApplication
class DeterminismTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 17, 4_711, 815, -1, Long.MAX_VALUE, 20_261_124})
    void a_seed_gives_one_run(long seed) {
        World.Result first = run(seed);
        World.Result second = run(seed);
        assertEquals(first, second);
        assertNotEquals(first.hash(), run(seed + 1).hash());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 17, 4_711, 815, -1, Long.MAX_VALUE, 20_261_124})
    void a_recorded_run_repeats_exactly(long seed) {
        World.Result noisy = run(seed);
        Scenario written = Scenario.parse(Shrinker.written(seed).text());
        World.Result replayed = World.run(written);
        assertEquals(noisy.events(), replayed.events());
        assertEquals(noisy.hash(), replayed.hash());
    }

    private static World.Result run(long seed) {
        return Generator.of(seed).world().run();
    }
}

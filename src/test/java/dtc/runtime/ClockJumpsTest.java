package dtc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.LogLines;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClockJumpsTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final FakeTime time = new FakeTime();
    private final ClockJumps jumps = new ClockJumps(time);
    private final LogLines log = new LogLines(ClockJumps.class.getName());

    @AfterEach
    void closeLog() {
        log.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {10, -10, 7_200, -7_200, 1_000_000_000})
    void a_jump_is_logged_once_and_shown_for_an_hour(long seconds) {
        jumps.start();
        time.advance(MINUTE);
        assertNull(jumps.latest());

        time.jump(Duration.ofSeconds(seconds));
        time.advance(MINUTE);
        ClockJumps.Jump jump = jumps.latest();
        assertNotNull(jump);
        assertEquals(Duration.ofSeconds(seconds), jump.by());
        List<String> lines = log.take();
        assertEquals(1, lines.size(), lines::toString);
        String start = seconds < 0 ? "was set back by " : "was set ahead, or the machine was suspended, by ";
        assertTrue(lines.getFirst().contains(start + Math.abs(seconds) + " s."), lines::toString);

        time.advance(ClockJumps.REPORTED_FOR);
        assertNull(jumps.latest());
    }

    @Test
    void the_latest_jump_is_shown() {
        jumps.start();
        time.jump(Duration.ofHours(2));
        time.advance(MINUTE);
        time.jump(Duration.ofHours(-2));
        time.advance(MINUTE);
        ClockJumps.Jump jump = jumps.latest();
        assertNotNull(jump);
        assertTrue(jump.isBack());
        assertEquals(Duration.ofHours(2), jump.size());
        assertEquals(2, log.take().size());
    }

    @Test
    void small_corrections_are_not_reported() {
        jumps.start();
        for (int i = 0; i < 100; i++) {
            time.jump(Duration.ofSeconds(i % 2 == 0 ? 9 : -9));
            time.advance(Duration.ofSeconds(1));
        }
        assertNull(jumps.latest());
        assertEquals(List.of(), log.take());
    }
}

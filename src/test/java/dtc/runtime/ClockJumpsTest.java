package dtc.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
        assertEquals(List.of(), jumps.recent());

        time.jump(Duration.ofSeconds(seconds));
        time.advance(MINUTE);
        assertEquals(
                List.of(Duration.ofSeconds(seconds)),
                jumps.recent().stream().map(ClockJumps.Jump::amount).toList());
        List<String> lines = log.take();
        assertEquals(1, lines.size(), lines::toString);
        String start = seconds < 0 ? "was set back by " : "jumped forward, or the machine was suspended, by ";
        assertTrue(lines.getFirst().contains(start + Math.abs(seconds) + " s."), lines::toString);
        assertEquals(seconds < 0, lines.getFirst().contains("New transaction ids stay ahead of the clock"));

        time.advance(ClockJumps.REPORT_DURATION);
        assertEquals(List.of(), jumps.recent());
    }

    @Test
    void the_latest_jumps_are_shown_with_their_age() {
        jumps.start();
        for (int i = 0; i < 8; i++) {
            time.jump(Duration.ofHours(i % 2 == 0 ? 2 : -2).plusMinutes(i));
            time.advance(MINUTE);
        }
        List<ClockJumps.Jump> recent = jumps.recent();
        assertEquals(
                List.of(-117L, 124L, -115L, 126L, -113L),
                recent.stream().map(jump -> jump.amount().toMinutes()).toList());
        assertTrue(recent.getLast().isBackward());
        assertEquals(Duration.ofMinutes(113), recent.getLast().size());
        assertEquals(Duration.ofSeconds(59), recent.getLast().age());
        assertEquals(8, log.take().size());
    }

    @Test
    void small_corrections_are_not_reported() {
        jumps.start();
        for (int i = 0; i < 100; i++) {
            time.jump(Duration.ofSeconds(i % 2 == 0 ? 9 : -9));
            time.advance(Duration.ofSeconds(1));
        }
        assertEquals(List.of(), jumps.recent());
        assertEquals(List.of(), log.take());
    }
}

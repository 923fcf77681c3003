package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SharedRestartTest {

    private static Future<Boolean> row(SharedRestart restart, boolean needed) {
        return RowContext.start(() -> {
            try {
                if (needed) {
                    restart.await();
                }
                return true;
            } finally {
                restart.leave();
            }
        });
    }

    @Test
    void rows_share_one_restart() throws InterruptedException {
        AtomicInteger restarts = new AtomicInteger();
        SharedRestart restart = new SharedRestart(restarts::incrementAndGet, 3);
        Future<Boolean> first = row(restart, true);
        Future<Boolean> second = row(restart, true);
        Future<Boolean> failed = row(restart, false);
        RowContext.join(failed);
        RowContext.join(first);
        RowContext.join(second);
        assertEquals(1, restarts.get());
    }

    @Test
    void without_a_row_that_needs_it_there_is_no_restart() throws InterruptedException {
        AtomicInteger restarts = new AtomicInteger();
        SharedRestart restart = new SharedRestart(restarts::incrementAndGet, 1);
        RowContext.join(row(restart, false));
        assertEquals(0, restarts.get());
    }

    @Test
    void a_failed_restart_fails_the_rows() {
        SharedRestart restart = new SharedRestart(
                () -> {
                    throw new IOException("no such command");
                },
                1);
        RowFailure failure = assertThrows(RowFailure.class, () -> RowContext.join(row(restart, true)));
        assertEquals("The restart failed: no such command", failure.getMessage());
    }
}

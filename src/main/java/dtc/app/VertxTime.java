package dtc.app;

import dtc.runtime.Time;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The system time. Timers fire on the event loop of the caller, or on any event loop if the caller is not on one. */
final class VertxTime implements Time {

    private final Vertx vertx;

    VertxTime(Vertx vertx) {
        this.vertx = vertx;
    }

    @Override
    public Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public Timer after(Duration delay, Runnable action) {
        long timer = vertx.setTimer(Math.max(1, delay.toMillis()), _ -> action.run());
        return () -> vertx.cancelTimer(timer);
    }
}

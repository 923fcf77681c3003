package dtc.participant.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;

/** Waits for conditions. The limit is for hanging tests only: a loaded machine may be slow. */
public final class Waiting {

    private static final Duration MAX = Duration.ofSeconds(60);

    private Waiting() {}

    public static void until(String condition, Callable<Boolean> check) {
        Awaitility.await(condition).atMost(MAX).until(check);
    }
}

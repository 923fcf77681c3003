package dtc.testing;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** Waits for conditions. The limit is for hanging tests only: a loaded machine may be slow. */
public final class Waiting {

    private static final Duration MAX = Duration.ofSeconds(60);

    private Waiting() {}

    public static ConditionFactory await() {
        return Awaitility.await().atMost(MAX);
    }

    public static ConditionFactory await(String condition) {
        return Awaitility.await(condition).atMost(MAX);
    }
}

package dtc.rest;

import dtc.protocol.Message;
import dtc.runtime.LogFields;
import dtc.runtime.Registration;
import dtc.runtime.Time;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Logs unexpected answers of resource managers. Each combination of instance, message and kind of answer is logged
 * once, and again if it recurs after an hour without it.
 */
@Singleton
class UnexpectedAnswers {

    private static final Logger LOG = Logger.getLogger(UnexpectedAnswers.class);

    private static final Duration LOG_INTERVAL = Duration.ofHours(1);
    private static final int KEYS_MAX = 10_000;

    private record Key(String resourceManager, UUID instance, String message, String kind) {}

    private final Time time;
    /** The time of the last occurrence of each key, in ascending order. Guarded by this. */
    private final LinkedHashMap<Key, Long> seenNanos = new LinkedHashMap<>();

    UnexpectedAnswers(Time time) {
        this.time = time;
    }

    /**
     * Reports an answer.
     *
     * @param message the message that was sent; see {@link #messageName}
     * @param kind the kind of the answer; the number of kinds must be limited
     * @param detail describes the answer, on one line
     * @param advice how to fix the resource manager; null if unknown
     */
    void report(Registration target, String message, String kind, String detail, @Nullable String advice) {
        if (shouldLog(new Key(target.id(), target.instance(), message, kind))) {
            LogFields.log(
                    null,
                    target.id(),
                    () -> LOG.warnf(
                            "unexpected answer of resource manager %s to %s: %s%s",
                            target.id(), message, detail, advice == null ? "" : ". " + advice));
        }
    }

    private synchronized boolean shouldLog(Key key) {
        long now = time.nanos();
        Long before = seenNanos.remove(key);
        seenNanos.put(key, now);
        if (seenNanos.size() > KEYS_MAX) {
            Map.Entry<Key, Long> _ = seenNanos.pollFirstEntry();
        }
        return before == null || now - before > LOG_INTERVAL.toNanos();
    }

    static String messageName(Message message) {
        return switch (message) {
            case Message.Write _ -> "a write";
            case Message.Prepare _ -> "a prepare";
            case Message.Commit _, Message.CommitOnePhase _ -> "a commit";
            case Message.Rollback _ -> "a rollback";
        };
    }
}

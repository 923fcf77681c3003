package dtc.rest;

import dtc.protocol.Message;
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
 * Logs what came instead of an answer of a resource manager: once for each instance, message and kind of answer, and
 * again after an hour without it.
 */
@Singleton
class UnexpectedAnswers {

    private static final Logger LOG = Logger.getLogger(UnexpectedAnswers.class);

    private static final Duration QUIET = Duration.ofHours(1);
    private static final int REMEMBERED_MAX = 10_000;

    private record Key(String resourceManager, UUID instance, String message, String kind) {}

    private final Time time;
    /** When each was seen last, the latest at the end. Guarded by this. */
    private final LinkedHashMap<Key, Long> seenNanos = new LinkedHashMap<>();

    UnexpectedAnswers(Time time) {
        this.time = time;
    }

    /**
     * Reports an answer.
     *
     * @param message what was sent; see {@link #name}
     * @param kind the kind of the answer, of which there is a limited number
     * @param detail what came, on one line
     * @param advice what to change in the resource manager; null if that is not known
     */
    void report(Registration target, String message, String kind, String detail, @Nullable String advice) {
        if (isNews(new Key(target.id(), target.instance(), message, kind))) {
            LOG.warnf(
                    "resource manager %s did not answer %s: %s%s",
                    target.id(), message, detail, advice == null ? "" : ". " + advice);
        }
    }

    private synchronized boolean isNews(Key key) {
        long now = time.nanos();
        Long before = seenNanos.remove(key);
        seenNanos.put(key, now);
        if (seenNanos.size() > REMEMBERED_MAX) {
            Map.Entry<Key, Long> _ = seenNanos.pollFirstEntry();
        }
        return before == null || now - before > QUIET.toNanos();
    }

    static String name(Message message) {
        return switch (message) {
            case Message.Write _ -> "a write";
            case Message.Prepare _ -> "a prepare";
            case Message.Commit _, Message.CommitOnePhase _ -> "a commit";
            case Message.Rollback _ -> "a rollback";
        };
    }
}

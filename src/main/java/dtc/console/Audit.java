package dtc.console;

import dtc.runtime.Time;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jboss.logging.Logger;

/** What operators did, and why: a line of the log each, and the newest of them to show. */
@Singleton
class Audit {

    private static final Logger LOG = Logger.getLogger("dtc.audit");

    /** Older ones are in the log only. */
    static final int ENTRIES_MAX = 500;

    private final Time time;
    /** Guarded by this. Oldest first. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    /**
     * One action.
     *
     * @param subject the transaction or resource manager, whose page is {@code link}
     * @param reason in the operator's words, without control characters
     * @param done whether it was carried out; {@code result} says what came of it
     */
    record Entry(
            Instant at,
            String who,
            Action action,
            String subject,
            String link,
            String reason,
            boolean done,
            String result) {}

    Audit(Time time) {
        this.time = time;
    }

    /** Before it is carried out, so that there is a trace where the process dies then. */
    void asked(String who, Action action, String subject, String reason) {
        log(who, action, subject, reason, "asked");
    }

    void note(String who, Action action, String subject, String link, String reason, boolean done, String result) {
        Entry entry = new Entry(time.now(), who, action, subject, link, reason, done, result);
        synchronized (this) {
            entries.add(entry);
            if (entries.size() > ENTRIES_MAX) {
                entries.remove();
            }
        }
        log(who, action, subject, reason, "done=%s result=\"%s\"".formatted(done, quotable(result)));
    }

    private static void log(String who, Action action, String subject, String reason, String what) {
        LOG.infof(
                "who=\"%s\" action=%s subject=%s %s reason=\"%s\"",
                quotable(who), action, Texts.line(subject), what, quotable(reason));
    }

    private static String quotable(String text) {
        return Texts.line(text).replace('"', '\'');
    }

    /** Newest first. */
    synchronized List<Entry> entries() {
        List<Entry> newestFirst = new ArrayList<>(entries);
        Collections.reverse(newestFirst);
        return newestFirst;
    }

    /**
     * Newest first, of the subject whose page this is: its name alone may be of a transaction or a resource manager.
     */
    List<Entry> of(String link) {
        return entries().stream().filter(e -> e.link().equals(link)).toList();
    }
}

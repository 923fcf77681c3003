package dtc.console;

import java.time.Instant;
import java.util.List;

/** What operators did, to be read. */
final class AuditLog {

    /**
     * One action.
     *
     * @param link to its subject
     */
    public record Row(
            When at, String who, String action, String subject, String link, String reason, Chip chip, String result) {}

    private AuditLog() {}

    static List<Row> rows(List<Audit.Entry> entries, Instant now) {
        return entries.stream().map(e -> row(e, now)).toList();
    }

    private static Row row(Audit.Entry e, Instant now) {
        return new Row(
                When.of(e.at(), now),
                e.who(),
                e.action().title(),
                e.subject(),
                e.link(),
                e.reason(),
                e.result().done() ? new Chip("done", Tone.GOOD) : new Chip("not done", Tone.WARN),
                e.result().text());
    }
}

package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.LogFields;
import dtc.runtime.Time;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.TransactionListener;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Records the actions of operators: each in the log, the newest also for the console. */
@Singleton
class Audit implements TransactionListener {

    private static final Logger LOG = Logger.getLogger("dtc.audit");

    /** Limit of entries for the console. */
    static final int ENTRIES_MAX = 500;

    private final Time time;
    /** Guarded by this. Oldest first. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    /** The result of an action. */
    record Result(boolean done, String text) {}

    /**
     * One action.
     *
     * @param subject the transaction or resource manager, whose page is {@code link}
     * @param reason the text entered by the operator, without control characters
     */
    record Entry(Instant at, String who, Action action, String subject, String link, String reason, Result result) {

        private Row row(Instant now) {
            return new Row(
                    Timestamp.of(at, now),
                    who,
                    action.title(),
                    subject,
                    link,
                    reason,
                    result.done() ? new Chip("done", Tone.GOOD) : new Chip("not done", Tone.WARN),
                    result.text());
        }
    }

    /** An entry as it is shown. */
    public record Row(
            Timestamp at,
            String who,
            String action,
            String subject,
            String link,
            String reason,
            Chip chip,
            String result) {}

    Audit(Time time) {
        this.time = time;
    }

    /**
     * Carries out an action. The request is logged first, so that there is a trace if the process crashes. A failure is
     * recorded as a result.
     */
    CompletionStage<Result> carryOut(
            String who,
            Action action,
            String subject,
            String link,
            String reason,
            Supplier<CompletionStage<Result>> act) {
        log(who, action, subject, reason, "requested");
        return CompletableFuture.completedStage(act)
                .thenCompose(Supplier::get)
                .exceptionally(failure -> failed(failure instanceof CompletionException ? failure.getCause() : failure))
                .thenApply(result -> {
                    note(new Entry(time.now(), who, action, subject, link, reason, result));
                    return result;
                });
    }

    /** Records deliveries that operators gave up or discarded, here or through the API. */
    @Override
    public void applied(AppliedEvent applied) {
        switch (applied.event()) {
            case CoordinatorEvent.GiveUpRequested(String rm, Resolution resolution) ->
                noteDelivery(applied, rm, Action.GIVE_UP, resolution.by(), resolution.reason());
            case CoordinatorEvent.DiscardRequested(String rm) ->
                noteDelivery(applied, rm, Action.DISCARD, "unknown", "");
            case null, default -> {}
        }
    }

    private void noteDelivery(AppliedEvent applied, String resourceManager, Action action, String who, String reason) {
        Transaction before = applied.before();
        Transaction after = applied.after();
        if (before != null && !before.participants().equals(after.participants())) {
            note(new Entry(
                    time.now(),
                    who,
                    action,
                    after.id().toString(),
                    Links.transaction(after.id()),
                    reason,
                    new Result(true, "For " + resourceManager + ".")));
        }
    }

    private static Result failed(@Nullable Throwable failure) {
        Logger.getLogger(Audit.class).error("an action of an operator failed", failure); // not in the audit category
        return new Result(false, "Failed, possibly after a part was done: %s.".formatted(failure));
    }

    private void note(Entry entry) {
        synchronized (this) {
            entries.add(entry);
            if (entries.size() > ENTRIES_MAX) {
                entries.remove();
            }
        }
        log(
                entry.who(),
                entry.action(),
                entry.subject(),
                entry.reason(),
                "done=%s result=\"%s\""
                        .formatted(
                                entry.result().done(), quotable(entry.result().text())));
    }

    private static void log(String who, Action action, String subject, String reason, String what) {
        TransactionId transaction = TransactionId.parse(subject).orElse(null);
        LogFields.log(
                transaction,
                transaction == null ? subject : null,
                () -> LOG.infof(
                        "who=\"%s\" action=%s subject=%s %s reason=\"%s\"",
                        quotable(who), action, Format.line(subject), what, quotable(reason)));
    }

    private static String quotable(String text) {
        return Format.line(text).replace('"', '\'');
    }

    /** Newest first. */
    synchronized List<Entry> entries() {
        List<Entry> newestFirst = new ArrayList<>(entries);
        Collections.reverse(newestFirst);
        return newestFirst;
    }

    /** Newest first, of the subject with this page. A name may be that of a transaction or of a resource manager. */
    List<Entry> of(String link) {
        return entries().stream().filter(e -> e.link().equals(link)).toList();
    }

    /** The entries of the subject with this page, to be shown. */
    List<Row> rows(String link) {
        return rows(of(link));
    }

    /** All entries, to be shown. */
    List<Row> rows() {
        return rows(entries());
    }

    private List<Row> rows(List<Entry> shown) {
        Instant now = time.now();
        return shown.stream().map(entry -> entry.row(now)).toList();
    }
}

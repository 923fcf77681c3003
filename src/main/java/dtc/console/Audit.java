package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.LogFields;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.TransactionListener;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
    /** Guarded by this. Newest first. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    /** The result of an action. */
    public record Result(boolean done, String text) {}

    /** The result of an action that {@link #applied} has recorded. */
    static final Result RECORDED = new Result(true, "");

    /**
     * One action.
     *
     * @param subject the transaction or resource manager, whose page is {@code link}
     * @param reason the text entered by the operator, without control characters
     */
    public record Entry(
            Instant at, String who, Action action, String subject, String link, String reason, Result result) {}

    Audit(Time time) {
        this.time = time;
    }

    /**
     * Carries out an action. The request is logged first, so that there is a trace if the process crashes. A failure is
     * recorded as a result. {@link #RECORDED} is not recorded again.
     */
    CompletionStage<Result> carryOut(
            Resolution by, Action action, String subject, String link, Supplier<CompletionStage<Result>> act) {
        log(by.by(), action, subject, by.reason(), "requested");
        return CompletableFuture.completedStage(act)
                .thenCompose(Supplier::get)
                .exceptionally(failure -> failed(Stages.unwrap(failure)))
                .thenApply(result -> {
                    if (!result.equals(RECORDED)) {
                        note(new Entry(time.now(), by.by(), action, subject, link, by.reason(), result));
                    }
                    return result;
                });
    }

    /** Records deliveries that operators gave up or discarded, here or through the API. */
    @Override
    public void applied(AppliedEvent applied) {
        switch (applied.event()) {
            case CoordinatorEvent.GiveUpRequested(String rm, Resolution by) ->
                noteDelivery(applied, rm, Action.GIVE_UP, by.by(), by.reason());
            case CoordinatorEvent.DiscardRequested(String rm) ->
                noteDelivery(applied, rm, Action.DISCARD, "unknown", "");
            case null, default -> {}
        }
    }

    private void noteDelivery(AppliedEvent applied, String resourceManager, Action action, String who, String reason) {
        Transaction before = applied.before();
        if (before != null && !before.participants().equals(applied.after().participants())) {
            String id = before.id().toString();
            Result result = new Result(true, "For " + resourceManager + ".");
            note(new Entry(time.now(), who, action, id, link("transactions", id), reason, result));
        }
    }

    private static Result failed(@Nullable Throwable failure) {
        Logger.getLogger(Audit.class).error("an action of an operator failed", failure); // not in the audit category
        return new Result(false, "Failed, and may have been partly carried out: %s.".formatted(failure));
    }

    private void note(Entry entry) {
        synchronized (this) {
            entries.addFirst(entry);
            if (entries.size() > ENTRIES_MAX) {
                entries.removeLast();
            }
        }
        Result result = entry.result();
        String what = "done=%s result=\"%s\"".formatted(result.done(), quotable(result.text()));
        log(entry.who(), entry.action(), entry.subject(), entry.reason(), what);
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
        return List.copyOf(entries);
    }

    /** The entries of the subject with this page. A name may be that of a transaction or of a resource manager. */
    List<Entry> of(String link) {
        return entries().stream().filter(e -> e.link().equals(link)).toList();
    }

    /** @param kind {@code transactions} or {@code resource-managers} */
    static String link(String kind, String id) {
        return "console/" + kind + "/" + Format.encoded(id);
    }
}

package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.protocol.Resolution;
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

/** What operators did, and why: a line of the log each, and the newest of them to show. */
@Singleton
class Audit implements TransactionListener {

    private static final Logger LOG = Logger.getLogger("dtc.audit");

    /** Older ones are in the log only. */
    static final int ENTRIES_MAX = 500;

    private final Time time;
    /** Guarded by this. Oldest first. */
    private final Deque<Entry> entries = new ArrayDeque<>();

    /** What came of an action, and whether it was carried out. */
    record Result(boolean done, String text) {}

    /**
     * One action.
     *
     * @param subject the transaction or resource manager, whose page is {@code link}
     * @param reason in the operator's words, without control characters
     */
    record Entry(Instant at, String who, Action action, String subject, String link, String reason, Result result) {}

    Audit(Time time) {
        this.time = time;
    }

    /**
     * Carries out an action. That it was asked for is logged before, so that there is a trace where the process dies
     * then; that it failed is a result as well.
     */
    CompletionStage<Result> carryOut(
            String who,
            Action action,
            String subject,
            String link,
            String reason,
            Supplier<CompletionStage<Result>> act) {
        log(who, action, subject, reason, "asked");
        return CompletableFuture.completedStage(act)
                .thenCompose(Supplier::get)
                .exceptionally(failure -> failed(failure instanceof CompletionException ? failure.getCause() : failure))
                .thenApply(result -> {
                    note(new Entry(time.now(), who, action, subject, link, reason, result));
                    return result;
                });
    }

    /** Notes what operators gave up and discarded, here or through the API. */
    @Override
    public void applied(AppliedEvent applied) {
        switch (applied.event()) {
            case CoordinatorEvent.GiveUpRequested(String rm, Resolution resolution) ->
                noteDelivery(applied, rm, Action.GIVE_UP, resolution.by(), resolution.reason());
            case CoordinatorEvent.DiscardRequested(String rm) ->
                noteDelivery(applied, rm, Action.DISCARD, "an operator", "");
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
        Logger.getLogger(Audit.class).error("an action of an operator failed", failure); // no line of the audit
        return new Result(false, "It failed, and may be done in part: %s.".formatted(failure));
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

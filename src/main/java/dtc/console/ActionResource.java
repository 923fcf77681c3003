package dtc.console;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Cause;
import dtc.protocol.Refusal;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import io.smallrye.common.annotation.Blocking;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jboss.resteasy.reactive.RestPath;
import org.jspecify.annotations.Nullable;

/**
 * The actions of operators. Each action has one address: GET shows what will happen; POST with a reason carries it out
 * and redirects to its subject, where the audit log shows the result.
 */
@Path("/console")
@Produces(MediaType.TEXT_HTML)
@Blocking
public class ActionResource {

    static final int REASON_CHARS_MAX = 300;

    private final Pages pages;
    private final ConsoleAccess access;
    private final Audit audit;
    private final Coordinator coordinator;
    private final Registry registry;
    private final ResourceManagers resourceManagers;
    private final Time time;

    private interface Act {
        CompletionStage<Audit.Result> act(String who, String reason);
    }

    /** An action on one subject: its consequences, and how to carry it out. */
    private record Asked(
            Action action,
            String subject,
            String link,
            String heading,
            List<String> consequences,
            boolean grave,
            Act act) {}

    ActionResource(
            Pages pages,
            ConsoleAccess access,
            Audit audit,
            Coordinator coordinator,
            Registry registry,
            ResourceManagers resourceManagers,
            Time time) {
        this.pages = pages;
        this.access = access;
        this.audit = audit;
        this.coordinator = coordinator;
        this.registry = registry;
        this.resourceManagers = resourceManagers;
        this.time = time;
    }

    @GET
    @Path("/{subject: transactions|resource-managers}/{id}/{action}")
    public Response ask(
            @RestPath String subject,
            @RestPath String id,
            @RestPath String action,
            @Context HttpHeaders headers,
            @Context UriInfo uri,
            @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        Asked asked = asked(subject, id, action);
        return asked == null ? nothingToDo(request) : confirm(request, asked, "", "");
    }

    @POST
    @Path("/{subject: transactions|resource-managers}/{id}/{action}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public CompletionStage<Response> act(
            @RestPath String subject,
            @RestPath String id,
            @RestPath String action,
            @FormParam(ConsoleAccess.TOKEN_FIELD) @Nullable String token,
            @FormParam("reason") @Nullable String text,
            @Context HttpHeaders headers,
            @Context UriInfo uri,
            @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        if (!access.isFromOurPage(caller, headers, token)) {
            return now(refused(
                    request, "This form was not sent from a page of this console, so nothing was done. Open it anew."));
        }
        if (!access.mayAct(caller)) {
            return now(refused(request, "Your role lets you look, and not change anything."));
        }
        String who = access.name(caller);
        Asked asked = asked(subject, id, action);
        if (asked == null) {
            return now(doneBefore(who, subject, id, action)
                    .map(link -> backTo(request, link))
                    .orElseGet(() -> nothingToDo(request)));
        }
        String reason = Texts.line(text == null ? "" : text);
        if (reason.isEmpty() || reason.length() > REASON_CHARS_MAX) {
            return now(confirm(
                    request,
                    asked,
                    reason,
                    reason.isEmpty()
                            ? "Say why: whoever comes after you will want to know."
                            : String.format(Locale.ROOT, "Say it in %d characters at most.", REASON_CHARS_MAX)));
        }
        return audit.carryOut(
                        who,
                        asked.action(),
                        asked.subject(),
                        asked.link(),
                        reason,
                        () -> asked.act().act(who, reason))
                .thenApply(_ -> {
                    pages.discardKept();
                    return backTo(request, asked.link());
                });
    }

    /** Links to the result if the same operator has already carried out this action: a form may be sent twice. */
    private Optional<String> doneBefore(String who, String subject, String id, String action) {
        return audit.of(Links.page(subject, id)).stream()
                .filter(e -> e.who().equals(who) && e.action().path().equals(action))
                .map(Audit.Entry::link)
                .findFirst();
    }

    private static Response backTo(Pages.Request request, String link) {
        return Response.seeOther(URI.create(request.root() + link + "#audit")).build();
    }

    // The actions; null if the action would change nothing now

    private @Nullable Asked asked(String subject, String id, String action) {
        return subject.equals("transactions") ? onTransaction(id, action) : onResourceManager(id, action);
    }

    private @Nullable Asked onTransaction(String text, String action) {
        TransactionId id = TransactionId.parse(text).orElse(null);
        if (id == null || !(coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t))) {
            return null;
        }
        return TransactionView.actions(t).stream()
                .filter(one -> one.path().equals(action))
                .findFirst()
                .map(one -> switch (one) {
                    case ROLL_BACK -> rollBack(t);
                    case DELIVER -> deliver(t);
                    case RESOLVE -> resolve(t);
                    case REMOVE, GIVE_UP, DISCARD -> throw new IllegalStateException("not of transactions: " + one);
                })
                .orElse(null);
    }

    private Asked rollBack(Transaction t) {
        return new Asked(
                Action.ROLL_BACK,
                t.id().toString(),
                Links.transaction(t.id()),
                "Roll back this transaction?",
                List.of(
                        t.participants().isEmpty()
                                ? "It has written to nobody yet, and will not."
                                : "Nothing of it will be applied anywhere. %s told so."
                                        .formatted(Texts.count(
                                                t.participants().size(), "participant is", "participants are")),
                        t.state() == TransactionState.MARKED_ROLLBACK
                                ? "Its client is answered with a conflict when it asks to commit, and with why a write failed."
                                : "Its client is answered with a conflict, and with your reason, when it asks to commit.",
                        t.state() == TransactionState.MARKED_ROLLBACK
                                ? "A write failed, so it could only roll back anyway: this has it do so now."
                                : "Where commit is decided meanwhile, that stands, and nothing is rolled back.",
                        "This cannot be undone. The client has to begin a new transaction."),
                true,
                (_, reason) -> coordinator.rollback(t.id(), reason).thenApply(answer -> switch (answer) {
                    case Answer.Given<Transaction>(Transaction after) -> rolledBack(t, after);
                    case Answer.Refused<Transaction> refused ->
                        new Audit.Result(
                                false, "Not rolled back: " + refused.refusal().detail() + ".");
                }));
    }

    /** The rollback may have been decided before the action, which then did not cause it. */
    static Audit.Result rolledBack(Transaction asked, Transaction after) {
        // A marked transaction keeps its cause, and a heuristic outcome has the cause of its own.
        boolean byThis = after.cause() == Cause.OPERATOR
                || asked.state() == TransactionState.MARKED_ROLLBACK
                || after.state() == TransactionState.HEURISTIC;
        String cause =
                after.cause() == null ? "" : ": " + Chip.words(after.cause().name());
        return byThis
                ? new Audit.Result(true, "It is %s.".formatted(state(after)))
                : new Audit.Result(false, "It is %s, and was to be without this%s.".formatted(state(after), cause));
    }

    private Asked deliver(Transaction t) {
        long absent = t.participants().stream()
                .filter(p -> ResourceManagers.isWaitedFor(t, p) && registry.find(p.resourceManager()) == null)
                .count();
        List<String> consequences = new ArrayList<>(
                t.state().isDelegated()
                        ? List.of(
                                "Its participant is asked now, not after the pause, what became of it: there is no outcome yet.",
                                "It committed, or it rolls back by this. Which of them, only it knows.",
                                "Where it does not answer, it is asked again, after growing pauses as before.")
                        : List.of(
                                "Participants that have not acknowledged are told the outcome now, not after the pause.",
                                "The outcome stays what it is. A participant applies it once, however often it is told.",
                                "Where one does not answer, it is asked again, after growing pauses as before."));
        if (absent > 0) {
            consequences.add(
                    "%s not registered, so nothing can be sent there: that is done once one registers under that id."
                            .formatted(Texts.count(absent, "participant is", "participants are")));
        }
        return new Asked(
                Action.DELIVER,
                t.id().toString(),
                Links.transaction(t.id()),
                "Try the delivery again now?",
                consequences,
                false,
                (_, _) -> now(
                        switch (coordinator.retryNow(t.id())) {
                            case Answer.Given<Integer>(Integer tries) -> tried(tries);
                            case Answer.Refused<Integer> refused ->
                                new Audit.Result(false, refused.refusal().detail());
                        }));
    }

    private Asked resolve(Transaction t) {
        return new Asked(
                Action.RESOLVE,
                t.id().toString(),
                Links.transaction(t.id()),
                "Mark this heuristic outcome as resolved?",
                List.of(
                        "Do so when the data of all participants agree again, by whatever you did there. "
                                + "Nothing is changed at any of them.",
                        "The transaction stays HEURISTIC, and no longer counts as needing a person.",
                        "It is forgotten in time like any other transaction; until then it was kept.",
                        "Where another participant turns out to differ, it needs a person again."),
                false,
                (who, reason) -> now(
                        switch (coordinator.resolve(t.id(), new Resolution(who, time.now(), reason))) {
                            case Answer.Given<Transaction> _ -> new Audit.Result(true, "It needs nobody any more.");
                            case Answer.Refused<Transaction> refused ->
                                new Audit.Result(false, refused.refusal().detail());
                        }));
    }

    private @Nullable Asked onResourceManager(String id, String action) {
        ResourceManagers.Row row = resourceManagers.find(id);
        return row == null
                ? null
                : row.actions().stream()
                        .filter(one -> one.path().equals(action))
                        .findFirst()
                        .map(one -> switch (one) {
                            case DELIVER -> deliver(row);
                            case REMOVE -> remove(row);
                            case GIVE_UP -> giveUp(row);
                            case ROLL_BACK, RESOLVE, DISCARD ->
                                throw new IllegalStateException("not of resource managers: " + one);
                        })
                        .orElse(null);
    }

    private Asked deliver(ResourceManagers.Row row) {
        List<String> consequences = new ArrayList<>();
        if (row.waiting() > 0) {
            consequences.add("It is told now, not after the pauses, of %s that it has not acknowledged."
                    .formatted(Texts.count(row.waiting(), "outcome", "outcomes")));
            consequences.add("The outcomes stay what they are. It applies each once, however often it is told.");
        }
        if (row.left() > 0) {
            consequences.add(
                    "It is asked now what became of %s left to it to decide: it committed, or rolls back by this."
                            .formatted(Texts.count(row.left(), "transaction", "transactions")));
        }
        consequences.add("No more than a bounded number is sent at a time, so that it is not flooded.");
        return new Asked(
                Action.DELIVER,
                row.id(),
                row.link(),
                "Try all deliveries to %s again now?".formatted(row.id()),
                consequences,
                false,
                (_, _) -> now(tried(coordinator.retryNow(row.id()))));
    }

    private Asked giveUp(ResourceManagers.Row row) {
        return new Asked(
                Action.GIVE_UP,
                row.id(),
                row.link(),
                "Give up everything that is not delivered to %s?".formatted(row.id()),
                List.of(
                        "Do so only if it is gone for good. Its data must be repaired by hand.",
                        "Each undelivered commit becomes a heuristic outcome: the other participants have committed, and"
                                + " this one has not.",
                        "Retries stop. The decision is kept: if it registers again or asks, the commit is sent once more.",
                        "Undelivered rollbacks stay rolled back."),
                true,
                (who, reason) -> coordinator
                        .undelivered()
                        .giveUpAll(row.id(), new Resolution(who, time.now(), reason))
                        .thenApply(answer -> switch (answer) {
                            case Answer.Given<Integer>(Integer count) ->
                                new Audit.Result(
                                        true,
                                        "Given up for %s."
                                                .formatted(Texts.count(count, "transaction", "transactions")));
                            case Answer.Refused<Integer>(Refusal refusal) -> new Audit.Result(false, refusal.detail());
                        }));
    }

    private Asked remove(ResourceManagers.Row row) {
        long active = resourceManagers.count(
                row.id(), state -> state == TransactionState.ACTIVE || state == TransactionState.MARKED_ROLLBACK);
        return new Asked(
                Action.REMOVE,
                row.id(),
                row.link(),
                "Remove %s from the registry?".formatted(row.id()),
                List.of(
                        "New writes to it are answered with “not registered” instead of “lease has lapsed”.",
                        row.waiting() == 0
                                ? "No decided transaction waits for it."
                                : "%s for it, and %s waiting: nothing is given up. It is told when one registers under this id."
                                        .formatted(
                                                Texts.count(row.waiting(), "decision waits", "decisions wait"),
                                                row.waiting() == 1 ? "goes on" : "go on"),
                        active == 0
                                ? "No active transaction has written to it."
                                : "%s written to it, and can only roll back unless it registers again before they prepare."
                                        .formatted(Texts.count(
                                                active, "active transaction has", "active transactions have")),
                        row.left() == 0
                                ? "None is left to it to decide."
                                : "%s left to it to decide: only it knows the outcome, and is asked when one registers under this id."
                                        .formatted(Texts.count(row.left(), "transaction is", "transactions are")),
                        "It may register again at any time."),
                row.owed() + active > 0,
                (_, _) -> now(
                        switch (registry.removeLapsed(row.id())) {
                            case Answer.Given<Registration> _ -> new Audit.Result(true, "It is no longer registered.");
                            case Answer.Refused<Registration> refused ->
                                new Audit.Result(false, refused.refusal().detail() + ".");
                        }));
    }

    private static Audit.Result tried(int tries) {
        return tries == 0
                ? new Audit.Result(
                        false, "Nothing waited for a pause: each try is under way, or made when it is its turn.")
                : new Audit.Result(
                        true,
                        Texts.count(
                                tries, "try no longer waits for its pause.", "tries no longer wait for their pause."));
    }

    private static String state(Transaction t) {
        return Chip.words(t.state().externalState().name());
    }

    // Pages

    private Response confirm(Pages.Request request, Asked asked, String reason, String problem) {
        String token = access.token(request.headers());
        return pages.html(new Pages.Page(
                        problem.isEmpty() ? 200 : 400,
                        Pages.Templates.confirm(
                                pages.frame(request, asked.action().title(), ""),
                                new Pages.Confirmation(
                                        asked.heading(),
                                        asked.subject(),
                                        asked.consequences(),
                                        asked.action().title(),
                                        asked.grave(),
                                        reason,
                                        REASON_CHARS_MAX,
                                        problem,
                                        token,
                                        asked.link()))))
                .cookie(access.cookie(token, request))
                .build();
    }

    private Response nothingToDo(Pages.Request request) {
        return message(
                request,
                409,
                "Nothing to do",
                "There is no such thing, or its state does not allow this now: it may have changed since you looked.");
    }

    private Response refused(Pages.Request request, String why) {
        return message(request, 403, "Refused", why);
    }

    private Response message(Pages.Request request, int status, String heading, String text) {
        return pages.html(pages.message(request, status, new Pages.Message(heading, text, ".", "Overview")))
                .build();
    }

    private static <T> CompletionStage<T> now(T value) {
        return CompletableFuture.completedFuture(value);
    }
}

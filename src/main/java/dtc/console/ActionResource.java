package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
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
 * The actions of operators. Each action has one address: GET shows the consequences; POST with a reason carries it out
 * and redirects to the page of the subject, which shows the result.
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

    /** An action on one subject that the operator has to confirm. */
    private record Proposal(
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
    public Response propose(
            @RestPath String subject,
            @RestPath String id,
            @RestPath String action,
            @Context HttpHeaders headers,
            @Context UriInfo uri,
            @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        Proposal proposal = proposal(subject, id, action);
        return proposal == null ? notPossible(request) : confirm(request, proposal, "", "");
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
            return now(
                    refused(
                            request,
                            "The form was not sent from a page of this console, so nothing was done. Reload the page and try again."));
        }
        if (!access.mayAct(caller)) {
            return now(refused(request, "Your role is read-only."));
        }
        String who = access.name(caller);
        Proposal proposal = proposal(subject, id, action);
        if (proposal == null) {
            return now(doneBefore(who, subject, id, action)
                    .map(link -> backTo(request, link))
                    .orElseGet(() -> notPossible(request)));
        }
        String reason = Format.line(text == null ? "" : text);
        if (reason.isEmpty() || reason.length() > REASON_CHARS_MAX) {
            return now(confirm(
                    request,
                    proposal,
                    reason,
                    reason.isEmpty()
                            ? "A reason is required."
                            : String.format(
                                    Locale.ROOT, "The reason must have at most %d characters.", REASON_CHARS_MAX)));
        }
        return audit.carryOut(
                        who,
                        proposal.action(),
                        proposal.subject(),
                        proposal.link(),
                        reason,
                        () -> proposal.act().act(who, reason))
                .thenApply(_ -> {
                    pages.discardKept();
                    return backTo(request, proposal.link());
                });
    }

    /** Returns the page of the result if the same operator has carried out this action: a form may be sent twice. */
    private Optional<String> doneBefore(String who, String subject, String id, String action) {
        return audit.of(Links.page(subject, id)).stream()
                .filter(e -> e.who().equals(who) && e.action().path().equals(action))
                .map(Audit.Entry::link)
                .findFirst();
    }

    private static Response backTo(Pages.Request request, String link) {
        return Response.seeOther(URI.create(request.root() + link + "#audit")).build();
    }

    // The actions; null if the action has no effect now

    private @Nullable Proposal proposal(String subject, String id, String action) {
        return subject.equals("transactions") ? onTransaction(id, action) : onResourceManager(id, action);
    }

    private @Nullable Proposal onTransaction(String text, String action) {
        TransactionId id = TransactionId.parse(text).orElse(null);
        if (id == null || !(coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t))) {
            return null;
        }
        return TransactionView.actions(t).stream()
                .filter(one -> one.path().equals(action))
                .findFirst()
                .map(one -> switch (one) {
                    case ROLL_BACK -> rollBack(t);
                    case RETRY -> retry(t);
                    case RESOLVE -> resolve(t);
                    case REMOVE, GIVE_UP, DISCARD -> throw new IllegalStateException("not of transactions: " + one);
                })
                .orElse(null);
    }

    private Proposal rollBack(Transaction t) {
        boolean marked = t.state() == TransactionState.MARKED_ROLLBACK;
        return new Proposal(
                Action.ROLL_BACK,
                t.id().toString(),
                Links.transaction(t.id()),
                "Roll back this transaction?",
                List.of(
                        t.participants().isEmpty()
                                ? "It has no participants."
                                : "Its writes are discarded at %s."
                                        .formatted(
                                                Format.count(t.participants().size(), "participant", "participants")),
                        marked
                                ? "A write failed, so the transaction cannot commit. It is rolled back now instead of when it expires."
                                : "If commit is decided in the meantime, nothing is rolled back.",
                        marked
                                ? "If the client requests commit, it gets 409 with the reason of the failed write."
                                : "If the client requests commit, it gets 409 with your reason.",
                        "A rollback cannot be undone. The client must begin a new transaction."),
                true,
                (_, reason) -> coordinator.rollback(t.id(), reason).thenApply(answer -> switch (answer) {
                    case Answer.Given<Transaction>(Transaction after) -> ActionResults.rolledBack(t, after);
                    case Answer.Refused<Transaction> refused ->
                        new Audit.Result(
                                false, "Not rolled back: " + refused.refusal().detail() + ".");
                }));
    }

    private Proposal retry(Transaction t) {
        List<String> absent = t.participants().stream()
                .filter(p -> ResourceManagers.isWaitedFor(t, p) && registry.find(p.resourceManager()) == null)
                .map(Participant::resourceManager)
                .toList();
        List<String> consequences = new ArrayList<>(
                t.state().isDelegated()
                        ? List.of(
                                "The participant decides this transaction. It is asked for the outcome now.",
                                "It answers that it committed, or it rolls back.",
                                "If it does not answer, the retries continue with growing pauses.")
                        : List.of(
                                "The outcome is sent now to the participants that have not acknowledged it.",
                                "The outcome does not change. Participants apply it once, even if they receive it several times.",
                                "If a participant does not answer, the retries continue with growing pauses."));
        if (!absent.isEmpty()) {
            consequences.add("Nothing is sent to %s until registered again.".formatted(String.join(", ", absent)));
        }
        long waiting = t.participants().stream()
                .filter(p -> ResourceManagers.isWaitedFor(t, p))
                .count();
        return new Proposal(
                Action.RETRY,
                t.id().toString(),
                Links.transaction(t.id()),
                "Retry the delivery now?",
                consequences,
                false,
                (_, _) -> now(
                        switch (coordinator.retryNow(t.id())) {
                            case Answer.Given<Integer>(Integer retried) -> ActionResults.retried(retried, waiting);
                            case Answer.Refused<Integer> refused ->
                                new Audit.Result(false, refused.refusal().detail());
                        }));
    }

    private Proposal resolve(Transaction t) {
        return new Proposal(
                Action.RESOLVE,
                t.id().toString(),
                Links.transaction(t.id()),
                "Mark this heuristic outcome as resolved?",
                List.of(
                        "Do this after the data of all participants is consistent. Nothing is changed at the participants.",
                        "The transaction stays HEURISTIC, and no longer requires action.",
                        "It is removed when its retention ends. Unresolved transactions are kept longer.",
                        "If another participant diverges later, action is required again."),
                false,
                (who, reason) -> now(
                        switch (coordinator.resolve(t.id(), new Resolution(who, time.now(), reason))) {
                            case Answer.Given<Transaction> _ -> new Audit.Result(true, "The transaction is resolved.");
                            case Answer.Refused<Transaction> refused ->
                                new Audit.Result(false, refused.refusal().detail());
                        }));
    }

    private @Nullable Proposal onResourceManager(String id, String action) {
        ResourceManagers.Row row = resourceManagers.find(id);
        return row == null
                ? null
                : row.actions().stream()
                        .filter(one -> one.path().equals(action))
                        .findFirst()
                        .map(one -> switch (one) {
                            case RETRY -> retry(row);
                            case REMOVE -> remove(row);
                            case GIVE_UP -> giveUp(row);
                            case ROLL_BACK, RESOLVE, DISCARD ->
                                throw new IllegalStateException("not of resource managers: " + one);
                        })
                        .orElse(null);
    }

    private Proposal retry(ResourceManagers.Row row) {
        List<String> consequences = new ArrayList<>();
        if (row.undelivered() > 0) {
            consequences.add("%s now."
                    .formatted(Format.count(
                            row.undelivered(), "undelivered outcome is sent", "undelivered outcomes are sent")));
            consequences.add("The outcomes do not change. Each is applied once, even if it is received several times.");
        }
        if (row.delegated() > 0) {
            consequences.add("It is asked for the outcome of %s that it decides. It committed, or it rolls back."
                    .formatted(Format.count(row.delegated(), "transaction", "transactions")));
        }
        consequences.add("The number of concurrent retries is limited.");
        return new Proposal(
                Action.RETRY,
                row.id(),
                row.link(),
                "Retry all deliveries to %s now?".formatted(row.id()),
                consequences,
                false,
                (_, _) -> now(ActionResults.retried(
                        coordinator.retryNow(row.id()),
                        resourceManagers.get(row.id()).waiting())));
    }

    private Proposal giveUp(ResourceManagers.Row row) {
        return new Proposal(
                Action.GIVE_UP,
                row.id(),
                row.link(),
                "Give up all undelivered outcomes for %s?".formatted(row.id()),
                List.of(
                        "Do this only if the resource manager will not return. Its data must be repaired by hand.",
                        "Each undelivered commit becomes a heuristic outcome: the other participants have committed, and"
                                + " this one has not.",
                        "Retries stop. The decision is kept: if the resource manager registers again or asks for the outcome, the commit is sent once more.",
                        "The outcome of undelivered rollbacks does not change."),
                true,
                (who, reason) -> coordinator
                        .undelivered()
                        .giveUpAll(row.id(), new Resolution(who, time.now(), reason))
                        .thenApply(answer -> switch (answer) {
                            case Answer.Given<Integer>(Integer count) ->
                                new Audit.Result(
                                        true,
                                        "Given up: %s.".formatted(Format.count(count, "transaction", "transactions")));
                            case Answer.Refused<Integer>(Refusal refusal) -> new Audit.Result(false, refusal.detail());
                        }));
    }

    private Proposal remove(ResourceManagers.Row row) {
        long active = resourceManagers.count(
                row.id(), state -> state == TransactionState.ACTIVE || state == TransactionState.MARKED_ROLLBACK);
        return new Proposal(
                Action.REMOVE,
                row.id(),
                row.link(),
                "Remove %s from the registry?".formatted(row.id()),
                List.of(
                        "Writes to it are refused with 404 (not registered) instead of 503 (lease has lapsed).",
                        row.undelivered() == 0
                                ? "There are no undelivered outcomes."
                                : "%s kept, and sent when a resource manager registers with this id."
                                        .formatted(Format.count(
                                                row.undelivered(),
                                                "undelivered outcome is",
                                                "undelivered outcomes are")),
                        active == 0
                                ? "No active transaction has written to it."
                                : "%s written to it. They roll back unless it registers again before prepare."
                                        .formatted(Format.count(
                                                active, "active transaction has", "active transactions have")),
                        row.delegated() == 0
                                ? "It decides no transaction."
                                : "%s in doubt until it registers again: only it knows the outcome."
                                        .formatted(Format.count(row.delegated(), "transaction is", "transactions are")),
                        "It may register again at any time."),
                row.waiting() + active > 0,
                (_, _) -> now(
                        switch (registry.removeLapsed(row.id())) {
                            case Answer.Given<Registration> _ ->
                                new Audit.Result(true, "The resource manager is no longer registered.");
                            case Answer.Refused<Registration> refused ->
                                new Audit.Result(false, refused.refusal().detail() + ".");
                        }));
    }

    // Pages

    private Response confirm(Pages.Request request, Proposal proposal, String reason, String problem) {
        String token = access.token(request.headers());
        return pages.html(new Pages.Page(
                        problem.isEmpty() ? 200 : 400,
                        Pages.Templates.confirm(
                                pages.frame(request, proposal.action().title(), ""),
                                new Pages.Confirmation(
                                        proposal.heading(),
                                        proposal.subject(),
                                        proposal.consequences(),
                                        proposal.action().title(),
                                        proposal.grave(),
                                        reason,
                                        REASON_CHARS_MAX,
                                        problem,
                                        token,
                                        proposal.link()))))
                .cookie(access.cookie(token, request))
                .build();
    }

    private Response notPossible(Pages.Request request) {
        return message(
                request,
                409,
                "Not possible",
                "The subject does not exist, or its state does not allow this action. It may have changed in the meantime.");
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

package dtc.console;

import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import dtc.runtime.participant.HostedResourceManagers;
import dtc.security.Caller;
import dtc.security.ForwardedPrefix;
import dtc.security.RequestOrigin;
import io.quarkus.runtime.LaunchMode;
import io.smallrye.common.annotation.Blocking;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

/**
 * The pages. An action of an operator has one address: GET shows the consequences; POST with a reason carries it out
 * and redirects to the page of the subject, which shows the result.
 */
@Path("/")
@Produces(MediaType.TEXT_HTML)
@Blocking
public class ConsoleResource {

    private static final int RESOURCE_MANAGERS_SHOWN_MAX = 500;
    private static final String ACTION = "console/{kind: transactions|resource-managers}/{id}/{action}";

    private final Pages pages;
    private final Overview overview;
    private final TransactionList transactions;
    private final TransactionView transaction;
    private final ResourceManagers resourceManagers;
    private final Actions actions;
    private final Audit audit;
    private final HostedResourceManagers hosted;
    private final Time time;

    /** The address of an action. */
    public record Target(
            @RestPath String kind,
            @RestPath String id,
            @RestPath String action,
            @RestQuery @Nullable String rm) {}

    ConsoleResource(
            Pages pages,
            Overview overview,
            TransactionList transactions,
            TransactionView transaction,
            ResourceManagers resourceManagers,
            Actions actions,
            Audit audit,
            HostedResourceManagers hosted,
            Time time) {
        this.pages = pages;
        this.overview = overview;
        this.transactions = transactions;
        this.transaction = transaction;
        this.resourceManagers = resourceManagers;
        this.actions = actions;
        this.audit = audit;
        this.hosted = hosted;
        this.time = time;
    }

    @GET
    public Response overview(@Context RoutingContext call) {
        return pages.live(call, frame -> Pages.Templates.overview(frame, overview.model()));
    }

    @GET
    @Path("console")
    public Response console(@Context RoutingContext call) {
        return Response.status(Response.Status.FOUND)
                .location(URI.create(ForwardedPrefix.root(call.request())))
                .build();
    }

    @GET
    @Path("console/transactions")
    public Response transactions(TransactionList.Query query, @Context RoutingContext call) {
        return pages.live(call, frame -> Pages.Templates.transactions(frame, transactions.model(query, frame.now())));
    }

    @GET
    @Path("console/transactions/{id}")
    public Response transaction(@RestPath String id, @Context RoutingContext call) {
        return pages.live(
                call,
                frame -> TransactionId.parse(id)
                        .map(known -> transaction.model(known))
                        .map(model -> Pages.Templates.transaction(frame, model))
                        .orElseGet(() -> Pages.message(frame, 404, "no-such-transaction")));
    }

    @GET
    @Path("console/resource-managers")
    public Response resourceManagers(@Context RoutingContext call) {
        return pages.live(call, frame -> {
            List<ResourceManagers.Row> rows = resourceManagers.all();
            return Pages.Templates.resourceManagers(
                    frame, rows.stream().limit(RESOURCE_MANAGERS_SHOWN_MAX).toList(), rows.size());
        });
    }

    @GET
    @Path("console/resource-managers/{id}")
    public Response resourceManager(@RestPath String id, @Context RoutingContext call) {
        return pages.live(call, frame -> {
            ResourceManagers.Model model = resourceManagers.model(id, audit);
            return model.row().isKnown() || !model.audit().isEmpty()
                    ? Pages.Templates.resourceManager(frame, model)
                    : Pages.message(frame, 404, "no-such-resource-manager");
        });
    }

    @GET
    @Path("console/actions")
    public Response actions(@Context RoutingContext call) {
        return pages.live(call, frame -> Pages.Templates.actions(frame, audit.entries(), Audit.ENTRIES_MAX));
    }

    @GET
    @Path("console/try")
    public Response tryIt(@Context RoutingContext call) {
        List<String> embedded =
                hosted.all().stream().map(one -> one.participant().id()).toList();
        List<String> up = resourceManagers.all().stream()
                .filter(ResourceManagers.Row::isUp)
                .map(ResourceManagers.Row::id)
                .sorted(Comparator.comparing((String id) -> !embedded.contains(id))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(RESOURCE_MANAGERS_SHOWN_MAX)
                .toList();
        boolean faults = LaunchMode.current().isDevOrTest();
        boolean isClient = pages.caller(call).isClient();
        return pages.html(call, frame -> Pages.Templates.tryIt(frame, up, embedded, faults, isClient));
    }

    @GET
    @Path(ACTION)
    public Response propose(Target target, @Context RoutingContext call) {
        return actions.find(target)
                .map(proposal -> confirm(call, proposal, "", ""))
                .orElseGet(() -> notPossible(call));
    }

    @POST
    @Path(ACTION)
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    public CompletionStage<Response> act(
            Target target, @FormParam("reason") @Nullable String text, @Context RoutingContext call) {
        if (RequestOrigin.of(call.request()) != RequestOrigin.SAME_ORIGIN) {
            return now(pages.html(call, frame -> Pages.message(frame, 403, "foreign-form")));
        }
        Caller caller = pages.caller(call);
        if (!caller.isOperator()) {
            return now(pages.html(call, frame -> Pages.message(frame, 403, "read-only")));
        }
        String reason = Format.line(text == null ? "" : text);
        Resolution by = new Resolution(Objects.requireNonNullElse(caller.principal(), "anonymous"), time.now(), reason);
        String link = Audit.link(target.kind(), target.id());
        Response done = Response.seeOther(URI.create(ForwardedPrefix.root(call.request()) + link + "#audit"))
                .build();
        Actions.Proposal proposal = actions.find(target).orElse(null);
        if (proposal == null) {
            return now(isDone(by.by(), link, target.action()) ? done : notPossible(call));
        }
        if (reason.isEmpty() || reason.length() > Actions.REASON_CHARS_MAX) {
            String problem = "A reason with 1 to %s characters is required.".formatted(Actions.REASON_CHARS_MAX);
            return now(confirm(call, proposal, reason, problem));
        }
        Action action = proposal.confirmation().action();
        return audit.carryOut(
                        by, action, target.id(), link, () -> proposal.act().apply(by))
                .thenApply(_ -> {
                    pages.discardKept();
                    return done;
                });
    }

    /** Whether the same operator has carried out this action: a form may be sent twice. */
    private boolean isDone(String who, String link, String action) {
        return audit.of(link).stream()
                .anyMatch(e -> e.who().equals(who) && e.action().path().equals(action));
    }

    private Response confirm(RoutingContext call, Actions.Proposal proposal, String reason, String problem) {
        return pages.html(
                call,
                frame -> Pages.Templates.confirm(frame, proposal.confirmation(), reason, problem)
                        .setAttribute(Pages.STATUS, problem.isEmpty() ? 200 : 400));
    }

    private Response notPossible(RoutingContext call) {
        return pages.html(call, frame -> Pages.message(frame, 409, "not-possible"));
    }

    private static CompletionStage<Response> now(Response response) {
        return CompletableFuture.completedFuture(response);
    }
}

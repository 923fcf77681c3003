package dtc.console;

import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import dtc.runtime.participant.HostedResourceManagers;
import io.quarkus.runtime.LaunchMode;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Multi;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.URI;
import java.util.List;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestStreamElementType;
import org.jspecify.annotations.Nullable;

/** The pages that only show data. */
@Path("/console")
@Produces(MediaType.TEXT_HTML)
@Blocking
public class ConsoleResource {

    private static final int RESOURCE_MANAGERS_SHOWN_MAX = 500;
    private static final int WAITING_SHOWN_MAX = 50;

    private static final Pages.Message NO_SUCH_TRANSACTION = new Pages.Message(
            "No such transaction",
            "This coordinator has no transaction with this id: it never existed, or its retention has ended.",
            "console/transactions",
            "All transactions");
    private static final Pages.Message NO_SUCH_RESOURCE_MANAGER = new Pages.Message(
            "No such resource manager",
            "No resource manager with this id is registered, and no transaction waits for one.",
            "console/resource-managers",
            "All resource managers");

    private final Pages pages;
    private final LiveUpdates updates;
    private final TransactionList transactions;
    private final TransactionView transaction;
    private final ResourceManagers resourceManagers;
    private final Audit audit;
    private final HostedResourceManagers hosted;
    private final ConsoleAccess access;
    private final Time time;

    ConsoleResource(
            Pages pages,
            LiveUpdates updates,
            TransactionList transactions,
            TransactionView transaction,
            ResourceManagers resourceManagers,
            Audit audit,
            HostedResourceManagers hosted,
            ConsoleAccess access,
            Time time) {
        this.pages = pages;
        this.updates = updates;
        this.transactions = transactions;
        this.transaction = transaction;
        this.resourceManagers = resourceManagers;
        this.audit = audit;
        this.hosted = hosted;
        this.access = access;
        this.time = time;
    }

    /** An event every two seconds, at which open pages reload their content. */
    @GET
    @Path("/updates")
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @RestStreamElementType(MediaType.APPLICATION_JSON)
    @NonBlocking
    public Multi<LiveUpdates.Update> updates() {
        return updates.watch();
    }

    /** The overview is at the root. */
    @GET
    public Response overview(@Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        return Response.status(Response.Status.FOUND)
                .location(URI.create(request.root()))
                .build();
    }

    @GET
    @Path("/transactions")
    public Response transactions(
            @QueryParam("state") @Nullable String state,
            @QueryParam("rm") @Nullable String resourceManager,
            @QueryParam("cause") @Nullable String cause,
            @QueryParam("age") @Nullable String age,
            @QueryParam("id") @Nullable String id,
            @QueryParam("after") @Nullable String after,
            @Context HttpHeaders headers,
            @Context UriInfo uri,
            @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        TransactionList.Query query = new TransactionList.Query(
                text(state), text(resourceManager), text(cause), text(age), text(id), text(after));
        return pages.live(
                request,
                () -> Pages.Page.of(Pages.Templates.transactions(
                        pages.frame(request, "Transactions", "transactions"), transactions.model(query))));
    }

    @GET
    @Path("/transactions/{id}")
    public Response transaction(
            @RestPath String id, @Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        return pages.live(
                request,
                () -> TransactionId.parse(id)
                        .map(known -> transaction.model(known, request.base()))
                        .map(model -> Pages.Page.of(Pages.Templates.transaction(
                                pages.frame(request, "Transaction " + model.id(), "transactions"), model)))
                        .orElseGet(() -> pages.message(request, 404, NO_SUCH_TRANSACTION)));
    }

    @GET
    @Path("/resource-managers")
    public Response resourceManagers(
            @Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        return pages.live(request, () -> {
            List<ResourceManagers.Row> rows = resourceManagers.all();
            return Pages.Page.of(Pages.Templates.resourceManagers(
                    pages.frame(request, "Resource managers", "resource-managers"),
                    rows.stream().limit(RESOURCE_MANAGERS_SHOWN_MAX).toList(),
                    rows.size()));
        });
    }

    @GET
    @Path("/resource-managers/{id}")
    public Response resourceManager(
            @RestPath String id, @Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        return pages.live(request, () -> {
            ResourceManagers.Row row = resourceManagers.get(id);
            List<Audit.Row> audited = audit.rows(row.link());
            if (!row.isKnown() && audited.isEmpty()) {
                return pages.message(request, 404, NO_SUCH_RESOURCE_MANAGER);
            }
            return Pages.Page.of(Pages.Templates.resourceManager(
                    pages.frame(request, "Resource manager " + id, "resource-managers"),
                    row,
                    resourceManagers.waitingFor(id, WAITING_SHOWN_MAX).stream()
                            .map(t -> TransactionList.row(t, time.now()))
                            .toList(),
                    audited));
        });
    }

    @GET
    @Path("/actions")
    public Response actions(@Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        return pages.live(
                request,
                () -> Pages.Page.of(Pages.Templates.actions(
                        pages.frame(request, "Actions", "actions"), audit.rows(), Audit.ENTRIES_MAX)));
    }

    @GET
    @Path("/try")
    public Response tryIt(@Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        List<String> registered = resourceManagers.all().stream()
                .filter(ResourceManagers.Row::isUp)
                .map(ResourceManagers.Row::id)
                .sorted()
                .limit(RESOURCE_MANAGERS_SHOWN_MAX)
                .toList();
        List<String> embedded =
                hosted.all().stream().map(one -> one.participant().id()).toList();
        return pages.html(Pages.Page.of(Pages.Templates.tryIt(
                        pages.frame(request, "Try it", "try"),
                        new Pages.Trial(
                                registered,
                                embedded,
                                LaunchMode.current().isDevOrTest(),
                                access.missingToTry(caller)))))
                .build();
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value.strip();
    }
}

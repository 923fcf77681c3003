package dtc.rest;

import dtc.protocol.JsonText;
import dtc.protocol.Messages.EntryDocument;
import dtc.protocol.Messages.EntryPage;
import dtc.protocol.Messages.OpenTransaction;
import dtc.protocol.Messages.OpenTransactionList;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Messages.VoteDocument;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.Effect;
import dtc.runtime.HostedResourceManagers;
import dtc.runtime.ResourceManager;
import dtc.runtime.Time;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** What the coordinator tells the resource managers of this process, and what anybody may read of them. */
@Path("/rm/{rm}")
@Tag(name = "Resource manager")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
@APIResponse(
        responseCode = "default",
        description =
                "A problem (RFC 9457): type, title, status, detail, and where it applies transaction, resourceManager,"
                        + " violations",
        content = @Content(mediaType = "application/problem+json"))
public class HostedResource {

    private final HostedResourceManagers hosted;
    private final Input.Limits limits;
    private final Time time;

    HostedResource(HostedResourceManagers hosted, Input.Limits limits, Time time) {
        this.hosted = hosted;
        this.limits = limits;
        this.time = time;
    }

    @POST
    @Path("/transactions/{id}/writes")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(summary = "Stages a write")
    @APIResponse(responseCode = "204", description = "Staged")
    public RestResponse<Void> write(
            @RestPath String rm,
            @RestPath String id,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            @HeaderParam(Headers.WRITE_SEQUENCE) @Nullable String sequence,
            @Nullable StageRequest request) {
        ResourceManager target = find(rm);
        TransactionId transaction = id(id);
        Input input = new Input(limits);
        String key = input.key("key", request == null ? null : request.key());
        JsonText value = input.value("value", request == null ? null : request.value());
        int number = sequence == null ? 0 : input.sequence(sequence);
        input.check();
        return switch (target.write(instance, transaction, number, key, value)) {
            case Effect.Staged _ -> RestResponse.noContent();
            case Effect.Refused e -> throw refused(409, e.reason(), transaction, rm);
            case Effect.NoRoom e -> throw refused(Problems.INSUFFICIENT_STORAGE, e.reason(), transaction, rm);
            case Effect.Stopping _ -> throw refused(503, "this resource manager is shutting down", transaction, rm);
        };
    }

    @POST
    @Path("/transactions/{id}/prepare")
    @Operation(summary = "Votes; asked again, the same vote")
    public Uni<VoteDocument> prepare(
            @RestPath String rm, @RestPath String id, @HeaderParam(Headers.INSTANCE) @Nullable String instance) {
        ResourceManager target = find(rm);
        TransactionId transaction = id(id);
        return Uni.createFrom()
                .completionStage(() -> target.prepare(instance, transaction))
                .map(ballot -> new VoteDocument(ballot.vote(), ballot.reason()));
    }

    @POST
    @Path("/transactions/{id}/commit")
    @Operation(summary = "Applies once, however often called; without a vote before it, commits in one phase")
    @APIResponse(responseCode = "204", description = "Applied")
    public Uni<RestResponse<Void>> commit(
            @RestPath String rm, @RestPath String id, @HeaderParam(Headers.INSTANCE) @Nullable String instance) {
        ResourceManager target = find(rm);
        TransactionId transaction = id(id);
        return Uni.createFrom()
                .completionStage(() -> target.commit(instance, transaction))
                .map(effect -> switch (effect) {
                    case Effect.Committed _ -> RestResponse.noContent();
                    case Effect.CommitRefused e -> throw refused(409, e.reason(), transaction, rm);
                    case Effect.Unknown _ ->
                        throw refused(404, "nothing is known of this transaction here", transaction, rm);
                });
    }

    @POST
    @Path("/transactions/{id}/rollback")
    @Operation(summary = "Discards; an unknown transaction is fine, and is remembered")
    @APIResponse(responseCode = "204", description = "Discarded")
    public RestResponse<Void> rollback(
            @RestPath String rm, @RestPath String id, @HeaderParam(Headers.INSTANCE) @Nullable String instance) {
        ResourceManager target = find(rm);
        TransactionId transaction = id(id);
        return switch (target.rollback(instance, transaction)) {
            case Effect.RolledBack _ -> RestResponse.noContent();
            case Effect.RollbackRefused _ -> throw refused(409, "this transaction was committed here", transaction, rm);
            case Effect.Unknown _ -> throw refused(404, "what was here was lost in a restart", transaction, rm);
        };
    }

    @GET
    @Path("/transactions")
    @Operation(summary = "What is staged (ACTIVE) or in doubt (PREPARED) here, oldest first")
    public OpenTransactionList transactions(@RestPath String rm, @QueryParam("limit") @Nullable String limit) {
        ResourceManager target = find(rm);
        Input input = new Input(limits);
        int items = input.page(limit);
        input.check();
        return new OpenTransactionList(target.open(items).entrySet().stream()
                .map(e -> new OpenTransaction(e.getKey().toString(), e.getValue() ? State.PREPARED : State.ACTIVE))
                .toList());
    }

    @GET
    @Path("/entries/{key:.+}")
    @Operation(summary = "A committed value")
    public EntryDocument entry(@RestPath String rm, @RestPath String key) {
        JsonText value = find(rm).entry(key);
        if (value == null) {
            throw Problems.notFound("no such entry");
        }
        return new EntryDocument(key, value);
    }

    @GET
    @Path("/entries")
    @Operation(summary = "Committed values by key")
    public EntryPage entries(
            @RestPath String rm,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after) {
        ResourceManager target = find(rm);
        Input input = new Input(limits);
        int items = input.page(limit);
        input.check();
        List<EntryDocument> page = target.entries(after, items + 1).entrySet().stream()
                .map(e -> new EntryDocument(e.getKey(), e.getValue()))
                .toList();
        boolean more = page.size() > items;
        return new EntryPage(
                more ? page.subList(0, items) : page, more ? page.get(items - 1).key() : null);
    }

    private ResourceManager find(String rm) {
        ResourceManager target = hosted.find(rm);
        if (target == null) {
            throw Problems.notFound("no such resource manager here");
        }
        return target;
    }

    /**
     * An id from the future is nobody's: were it remembered, and one day forgotten, everything older would count as
     * ended.
     */
    private TransactionId id(String text) {
        Input input = new Input(limits);
        TransactionId id = input.transactionId("id", text);
        input.notAhead("id", id, time.now());
        input.check();
        return id;
    }

    private static HttpProblem refused(int status, String detail, TransactionId transaction, String rm) {
        return Problems.problem("REFUSED_BY_RESOURCE_MANAGER", status, detail)
                .with("transaction", transaction.toString())
                .with("resourceManager", rm)
                .build();
    }
}

package dtc.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.JsonText;
import dtc.protocol.Messages.BatchAnswer;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.BatchReply;
import dtc.protocol.Messages.BatchRequest;
import dtc.protocol.Messages.CarriedWrite;
import dtc.protocol.Messages.EntryDocument;
import dtc.protocol.Messages.EntryPage;
import dtc.protocol.Messages.OpenTransaction;
import dtc.protocol.Messages.OpenTransactionList;
import dtc.protocol.Messages.PrepareRequest;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Messages.VoteDocument;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.Effect;
import dtc.resource.Event;
import dtc.runtime.HostedResourceManagers;
import dtc.runtime.ResourceManager;
import dtc.runtime.Time;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.runtime.annotations.RegisterForReflection;
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
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** What the coordinator tells the resource managers of this process, and what anybody may read of them. */
// Read by hand, so that nothing else tells a native image of it.
@RegisterForReflection(targets = {PrepareRequest.class, CarriedWrite.class})
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

    private static final BatchAnswer DONE = new BatchAnswer(204, null, null);
    private static final BatchAnswer LATER = new BatchAnswer(202, null, null);

    private final HostedResourceManagers hosted;
    private final Input.Limits limits;
    private final Time time;
    private final ObjectMapper mapper;

    HostedResource(HostedResourceManagers hosted, Input.Limits limits, Time time, ObjectMapper mapper) {
        this.hosted = hosted;
        this.limits = limits;
        this.time = time;
        this.mapper = mapper;
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
        Integer number = sequence == null ? null : input.sequence(sequence);
        Event.Write write = request == null
                ? input.staged("", transaction, number, null, null)
                : input.staged("", transaction, number, request.key(), request.value());
        input.check();
        return alone(answer(target.write(instance, write)), transaction, rm);
    }

    @POST
    @Path("/transactions/{id}/prepare")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "Votes, on the writes that may come along too; asked again, the same vote")
    @RequestBody(
            required = false,
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            schema = @Schema(implementation = PrepareRequest.class)))
    public Uni<VoteDocument> prepare(
            @RestPath String rm,
            @RestPath String id,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            byte @Nullable [] body)
            throws IOException {
        ResourceManager target = find(rm);
        TransactionId transaction = id(id);
        Input input = new Input(limits);
        // The plain contract has no body, of whatever type.
        List<Event.Write> writes = body == null || body.length == 0
                ? List.of()
                : input.carried(transaction, mapper.readValue(body, PrepareRequest.class));
        input.check();
        return Uni.createFrom()
                .completionStage(() -> target.prepare(instance, transaction, writes))
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
                .map(effect -> alone(answer(effect), transaction, rm));
    }

    @POST
    @Path("/transactions/{id}/rollback")
    @Operation(summary = "Discards; an unknown transaction is fine, and is remembered")
    @APIResponse(responseCode = "204", description = "Discarded")
    public RestResponse<Void> rollback(
            @RestPath String rm, @RestPath String id, @HeaderParam(Headers.INSTANCE) @Nullable String instance) {
        ResourceManager target = find(rm);
        TransactionId transaction = id(id);
        return alone(answer(target.rollback(instance, transaction)), transaction, rm);
    }

    @POST
    @Path("/batch")
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(
            summary = "Several messages in one request",
            description = "Each is answered as it would be alone, at its place; 202 where it has to wait: ask alone")
    public BatchReply batch(
            @RestPath String rm,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            @Nullable BatchRequest request) {
        ResourceManager target = find(rm);
        Input input = new Input(limits);
        List<BatchMessage> messages = input.messages(request);
        input.check();
        List<BatchAnswer> answers = new ArrayList<>(messages.size());
        for (BatchMessage message : messages) {
            answers.add(answer(target, instance, message));
        }
        return new BatchReply(answers);
    }

    /** What is wrong with one is said of that one, and spoils no other. */
    private BatchAnswer answer(ResourceManager target, @Nullable String instance, BatchMessage message) {
        Input input = new Input(limits);
        try {
            if (message.type() == null || message.transaction() == null) {
                return new BatchAnswer(400, null, "type or transaction is missing");
            }
            TransactionId id = id(message.transaction());
            return switch (message.type()) {
                case WRITE -> {
                    Event.Write write = input.staged("", id, message.sequence(), message.key(), message.value());
                    input.check();
                    yield answer(target.write(instance, write));
                }
                case PREPARE -> {
                    List<Event.Write> writes = input.carried(id, new PrepareRequest(message.writes()));
                    input.check();
                    yield now(
                            target.prepare(instance, id, writes),
                            ballot -> new BatchAnswer(200, ballot.vote(), ballot.reason()));
                }
                case COMMIT -> now(target.commit(instance, id), HostedResource::answer);
                case ROLLBACK -> answer(target.rollback(instance, id));
            };
        } catch (HttpProblem problem) {
            String detail = String.valueOf(problem.getDetail());
            return new BatchAnswer(400, null, detail.substring(0, Math.min(detail.length(), Answers.REASON_CHARS_MAX)));
        }
    }

    /** Nobody else's answer waits for keys: this one is asked for alone. */
    private static <T> BatchAnswer now(CompletionStage<T> stage, Function<T, BatchAnswer> answer) {
        T done = stage.toCompletableFuture().getNow(null);
        return done == null ? LATER : answer.apply(done);
    }

    private static BatchAnswer answer(Effect.WriteAnswer effect) {
        return switch (effect) {
            case Effect.Staged _ -> DONE;
            case Effect.Refused e -> new BatchAnswer(409, null, e.reason());
            case Effect.NoRoom e -> new BatchAnswer(Problems.INSUFFICIENT_STORAGE, null, e.reason());
            case Effect.Stopping _ -> new BatchAnswer(503, null, "this resource manager is shutting down");
        };
    }

    private static BatchAnswer answer(Effect.CommitAnswer effect) {
        return switch (effect) {
            case Effect.Committed _ -> DONE;
            case Effect.CommitRefused e -> new BatchAnswer(409, null, e.reason());
            case Effect.Unknown _ -> new BatchAnswer(404, null, "nothing is known of this transaction here");
        };
    }

    private static BatchAnswer answer(Effect.RollbackAnswer effect) {
        return switch (effect) {
            case Effect.RolledBack _ -> DONE;
            case Effect.RollbackRefused _ -> new BatchAnswer(409, null, "this transaction was committed here");
            case Effect.Unknown _ -> new BatchAnswer(404, null, "what was here was lost in a restart");
        };
    }

    private static RestResponse<Void> alone(BatchAnswer answer, TransactionId transaction, String rm) {
        if (answer.status() == 204) {
            return RestResponse.noContent();
        }
        throw Problems.problem("REFUSED_BY_RESOURCE_MANAGER", answer.status(), String.valueOf(answer.reason()))
                .with("transaction", transaction.toString())
                .with("resourceManager", rm)
                .build();
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
}

package dtc.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Ballot;
import dtc.protocol.Messages.BatchAnswer;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.BatchReply;
import dtc.protocol.Messages.BatchRequest;
import dtc.protocol.Messages.EntryDocument;
import dtc.protocol.Messages.EntryPage;
import dtc.protocol.Messages.MessageType;
import dtc.protocol.Messages.OpenTransaction;
import dtc.protocol.Messages.OpenTransactionList;
import dtc.protocol.Messages.PrepareRequest;
import dtc.protocol.Messages.PrepareWrite;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Messages.VoteDocument;
import dtc.protocol.Messages.WriteCondition;
import dtc.protocol.TransactionId;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEvent;
import dtc.runtime.participant.HostedParticipant;
import dtc.runtime.participant.HostedParticipant.Progress;
import dtc.runtime.participant.HostedResourceManagers;
import dtc.runtime.participant.InstanceCheck;
import dtc.tracing.Tracing;
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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The HTTP interface of the hosted resource managers: messages of the coordinator, and reads. */
// Deserialized with an ObjectMapper, so Quarkus does not register these classes for the native image.
@RegisterForReflection(targets = {PrepareRequest.class, PrepareWrite.class, WriteCondition.class})
@Path("/rm/{rm}")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
public class HostedResource {

    /** The maximum number of characters in a page of entries, unless a single entry has more. */
    private static final int PAGE_CHARS_MAX = 1 << 20;

    private final HostedResourceManagers hosted;
    private final RequestValidator.Limits limits;
    private final ObjectMapper mapper;
    private final Tracing tracing;

    HostedResource(
            HostedResourceManagers hosted, RequestValidator.Limits limits, ObjectMapper mapper, Tracing tracing) {
        this.hosted = hosted;
        this.limits = limits;
        this.mapper = mapper;
        this.tracing = tracing;
    }

    @POST
    @Path("/transactions/{id}/writes")
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> write(
            @RestPath String rm,
            @RestPath String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) @Nullable String targetId,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            @HeaderParam(Headers.WRITE_SEQUENCE) @Nullable String sequence,
            @Nullable StageRequest request) {
        HostedParticipant target = find(rm, targetId, instance);
        TransactionId transaction = parseId(id);
        RequestValidator validator = new RequestValidator(limits);
        Integer number = sequence == null ? null : validator.validateSequence(sequence);
        ResourceEvent.Write write = request == null
                ? validator.validateStagedWrite("", transaction, number, null, null, null, null)
                : validator.validateStagedWrite(
                        "", transaction, number, request.key(), request.value(), request.delete(), request.condition());
        validator.throwIfInvalid();
        return Uni.createFrom()
                .completionStage(() -> target.write(write))
                .map(answer -> toResponse(toBatchAnswer(answer), rm));
    }

    @POST
    @Path("/transactions/{id}/prepare")
    @Consumes(MediaType.WILDCARD)
    public Uni<VoteDocument> prepare(
            @RestPath String rm,
            @RestPath String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) @Nullable String targetId,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            @HeaderParam(Headers.WRITE_COUNT) @Nullable String writeCount,
            byte @Nullable [] body)
            throws IOException {
        HostedParticipant target = find(rm, targetId, instance);
        TransactionId transaction = parseId(id);
        RequestValidator validator = new RequestValidator(limits);
        Integer count = validator.validateWriteCount(writeCount);
        // A prepare without writes has no body, so its content type is not checked.
        List<ResourceEvent.Write> writes = body == null || body.length == 0
                ? List.of()
                : validator.validatePrepareWrites(transaction, mapper.readValue(body, PrepareRequest.class));
        validator.throwIfInvalid();
        tracing.carriesOut(rm, transaction);
        return Uni.createFrom()
                .completionStage(() ->
                        Progress.awaitAnswer(target.prepare(new ResourceEvent.Prepare(transaction, writes, count))))
                .map(ballot -> new VoteDocument(ballot.vote(), ballot.reason()));
    }

    @POST
    @Path("/transactions/{id}/commit")
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> commit(
            @RestPath String rm,
            @RestPath String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) @Nullable String targetId,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            @HeaderParam(Headers.WRITE_COUNT) @Nullable String writeCount) {
        HostedParticipant target = find(rm, targetId, instance);
        TransactionId transaction = parseId(id);
        RequestValidator validator = new RequestValidator(limits);
        Integer count = validator.validateWriteCount(writeCount);
        validator.throwIfInvalid();
        tracing.carriesOut(rm, transaction);
        return Uni.createFrom()
                .completionStage(
                        () -> Progress.awaitAnswer(target.commit(new ResourceEvent.Commit(transaction, count))))
                .map(answer -> toResponse(toBatchAnswer(answer), rm));
    }

    @POST
    @Path("/transactions/{id}/rollback")
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> rollback(
            @RestPath String rm,
            @RestPath String id,
            @HeaderParam(Headers.RESOURCE_MANAGER) @Nullable String targetId,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance) {
        HostedParticipant target = find(rm, targetId, instance);
        TransactionId transaction = parseId(id);
        tracing.carriesOut(rm, transaction);
        return Uni.createFrom()
                .completionStage(() -> target.rollback(transaction))
                .map(answer -> toResponse(toBatchAnswer(answer), rm));
    }

    @POST
    @Path("/batch")
    @Consumes(MediaType.APPLICATION_JSON)
    public Uni<BatchReply> batch(
            @RestPath String rm,
            @HeaderParam(Headers.RESOURCE_MANAGER) @Nullable String targetId,
            @HeaderParam(Headers.INSTANCE) @Nullable String instance,
            @Nullable BatchRequest request) {
        HostedParticipant target = find(rm, targetId, instance);
        RequestValidator validator = new RequestValidator(limits);
        List<BatchMessage> messages = validator.validateMessages(request);
        validator.throwIfInvalid();
        return Uni.createFrom()
                .completionStage(() -> combine(messages.stream()
                        .map(message -> process(rm, target, message).toCompletableFuture())
                        .toList()))
                .map(BatchReply::new);
    }

    /** Fails if one of the answers fails; the sender then sends each message separately. */
    private static CompletionStage<List<BatchAnswer>> combine(List<CompletableFuture<BatchAnswer>> answers) {
        return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                .thenApply(_ -> answers.stream().map(CompletableFuture::join).toList());
    }

    /** Answers one message of a batch. An invalid message is refused; the other messages of the batch are processed. */
    private CompletionStage<BatchAnswer> process(String rm, HostedParticipant target, BatchMessage message) {
        RequestValidator validator = new RequestValidator(limits);
        try {
            if (message.type() == null || message.transaction() == null) {
                return CompletableFuture.completedFuture(
                        new BatchAnswer(400, null, null, "type or transaction is missing"));
            }
            TransactionId id = parseId(message.transaction());
            if (message.type() != MessageType.WRITE) {
                tracing.carriesOut(rm, id);
            }
            return switch (message.type()) {
                case WRITE -> {
                    ResourceEvent.Write write = validator.validateStagedWrite(
                            "",
                            id,
                            message.sequence(),
                            message.key(),
                            message.value(),
                            message.delete(),
                            message.condition());
                    validator.throwIfInvalid();
                    yield target.write(write).thenApply(HostedResource::toBatchAnswer);
                }
                case PREPARE -> {
                    List<ResourceEvent.Write> writes =
                            validator.validatePrepareWrites(id, new PrepareRequest(message.writes()));
                    Integer count = validator.validateWriteCount(message.writeCount());
                    validator.throwIfInvalid();
                    yield unlessBlocked(
                            id,
                            target.prepare(new ResourceEvent.Prepare(id, writes, count)),
                            ballot -> toBatchAnswer(id, ballot));
                }
                case COMMIT -> {
                    Integer count = validator.validateWriteCount(message.writeCount());
                    validator.throwIfInvalid();
                    yield unlessBlocked(
                            id, target.commit(new ResourceEvent.Commit(id, count)), HostedResource::toBatchAnswer);
                }
                case ROLLBACK -> target.rollback(id).thenApply(HostedResource::toBatchAnswer);
            };
        } catch (ProblemException problem) {
            String named = TransactionId.parse(String.valueOf(message.transaction()))
                    .map(TransactionId::toString)
                    .orElse(null);
            String detail = problem.detail();
            return CompletableFuture.completedFuture(new BatchAnswer(
                    400, named, null, detail.substring(0, Math.min(detail.length(), ReplyReader.REASON_CHARS_MAX))));
        }
    }

    /** Returns 202 if the message waits for a key, because a batch sends all answers at once. */
    private static <T> CompletionStage<BatchAnswer> unlessBlocked(
            TransactionId id, CompletionStage<Progress<T>> stage, Function<T, BatchAnswer> answer) {
        return stage.thenApply(progress -> switch (progress) {
            case Progress.Done<T>(T done) -> answer.apply(done);
            case Progress.Blocked<T> _ -> new BatchAnswer(202, id.toString(), null, null);
        });
    }

    private static BatchAnswer toBatchAnswer(TransactionId id, Ballot ballot) {
        return new BatchAnswer(200, id.toString(), ballot.vote(), ballot.reason());
    }

    private static BatchAnswer acknowledged(ResourceEffect effect) {
        return new BatchAnswer(204, effect.id().toString(), null, null);
    }

    private static BatchAnswer refused(ResourceEffect effect, int status, String reason) {
        return new BatchAnswer(status, effect.id().toString(), null, reason);
    }

    private static BatchAnswer toBatchAnswer(ResourceEffect.WriteAnswer answer) {
        return switch (answer) {
            case ResourceEffect.Staged e -> acknowledged(e);
            case ResourceEffect.WriteRefused e -> refused(e, 409, e.reason());
            case ResourceEffect.NoRoom e -> refused(e, Problems.INSUFFICIENT_STORAGE, e.reason());
            case ResourceEffect.Stopping e -> refused(e, 503, "this resource manager is shutting down");
        };
    }

    private static BatchAnswer toBatchAnswer(ResourceEffect.CommitAnswer answer) {
        return switch (answer) {
            case ResourceEffect.Committed e -> acknowledged(e);
            case ResourceEffect.CommitRefused e -> refused(e, 409, e.reason());
            case ResourceEffect.Unknown e -> refused(e, 404, "this transaction is unknown here");
        };
    }

    private static BatchAnswer toBatchAnswer(ResourceEffect.RollbackAnswer answer) {
        return switch (answer) {
            case ResourceEffect.RolledBack e -> acknowledged(e);
            case ResourceEffect.RollbackRefused e -> refused(e, 409, "this transaction was committed here");
            case ResourceEffect.Unknown e ->
                refused(
                        e,
                        404,
                        "the state of this transaction was lost in a restart, or its outcome is no longer kept");
        };
    }

    private static RestResponse<Void> toResponse(BatchAnswer answer, String rm) {
        if (answer.status() == 204) {
            return RestResponse.noContent();
        }
        throw Problems.create("REFUSED_BY_RESOURCE_MANAGER", answer.status(), String.valueOf(answer.reason()))
                .withMember("transaction", String.valueOf(answer.transaction()))
                .withMember("resourceManager", rm);
    }

    @GET
    @Path("/transactions")
    public Uni<OpenTransactionList> transactions(@RestPath String rm, @QueryParam("limit") @Nullable String limit) {
        HostedParticipant target = find(rm);
        RequestValidator validator = new RequestValidator(limits);
        int pageSize = validator.validatePageSize(limit);
        validator.throwIfInvalid();
        return Uni.createFrom()
                .completionStage(() -> target.openTransactions(pageSize))
                .map(open -> new OpenTransactionList(open.entrySet().stream()
                        .map(e -> new OpenTransaction(e.getKey().toString(), e.getValue()))
                        .toList()));
    }

    @GET
    @Path("/entries/{key:.+}")
    public Uni<EntryDocument> entry(@RestPath String rm, @RestPath String key) {
        HostedParticipant target = find(rm);
        return Uni.createFrom()
                .completionStage(() -> target.entry(key))
                .map(value -> new EntryDocument(key, value.orElseThrow(() -> Problems.notFound("no such entry"))));
    }

    @GET
    @Path("/entries")
    public Uni<EntryPage> entries(
            @RestPath String rm,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after) {
        HostedParticipant target = find(rm);
        RequestValidator validator = new RequestValidator(limits);
        int pageSize = validator.validatePageSize(limit);
        validator.throwIfInvalid();
        return Uni.createFrom()
                .completionStage(() -> target.entries(after, pageSize + 1))
                .map(entries -> {
                    List<EntryDocument> found = entries.entrySet().stream()
                            .map(e -> new EntryDocument(e.getKey(), e.getValue()))
                            .toList();
                    List<EntryDocument> page =
                            Paging.limit(found, pageSize, PAGE_CHARS_MAX, HostedResource::countChars);
                    return new EntryPage(
                            page, page.size() < found.size() ? page.getLast().key() : null);
                });
    }

    private static long countChars(EntryDocument entry) {
        return (long) entry.key().length() + entry.value().text().length();
    }

    /**
     * Returns the participant that answers a message. A message for another resource manager is refused without effect:
     * that one may have used this address before.
     */
    private HostedParticipant find(String rm, @Nullable String addressee, @Nullable String instance) {
        if (addressee != null && (!addressee.equals(rm) || hosted.find(rm) == null)) {
            throw Problems.create("MISDIRECTED", Problems.MISDIRECTED, "the message is for another resource manager");
        }
        return InstanceCheck.of(find(rm), instance);
    }

    private HostedParticipant find(String rm) {
        HostedParticipant target = hosted.find(rm);
        if (target == null) {
            throw Problems.notFound("this process does not host this resource manager");
        }
        return target;
    }

    private TransactionId parseId(String text) {
        return new RequestValidator(limits).validateTransactionId("id", text);
    }
}

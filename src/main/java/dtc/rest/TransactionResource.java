package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.protocol.Messages.BeginRequest;
import dtc.protocol.Messages.OutcomeDocument;
import dtc.protocol.Messages.ParticipantDocument;
import dtc.protocol.Messages.RollbackOnlyRequest;
import dtc.protocol.Messages.TransactionDocument;
import dtc.protocol.Messages.TransactionPage;
import dtc.protocol.Messages.WriteRequest;
import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.ClientWrite;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.InquiryAnswer;
import dtc.security.ApiAccess;
import dtc.security.Caller;
import dtc.security.ForwardedPrefix;
import dtc.tracing.Tracing;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.NonBlocking;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The HTTP interface for transactions, used by clients and by participants in doubt. */
@Path("/transactions")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
@RegisterForReflection(targets = {BeginRequest.class, WriteRequest.class, RollbackOnlyRequest.class})
public class TransactionResource {

    /** The maximum number of participants on a page, unless a single transaction has more. */
    private static final int PAGE_PARTICIPANTS_MAX = 5_000;

    private final Coordinator coordinator;
    private final RequestValidator.Limits limits;
    private final ObjectMapper mapper;
    private final ApiAccess access;
    private final Tracing tracing;

    TransactionResource(
            Coordinator coordinator,
            RequestValidator.Limits limits,
            ObjectMapper mapper,
            ApiAccess access,
            Tracing tracing) {
        this.coordinator = coordinator;
        this.limits = limits;
        this.mapper = mapper;
        this.access = access;
        this.tracing = tracing;
    }

    @POST
    @Consumes(MediaType.WILDCARD)
    public Uni<RestResponse<TransactionDocument>> begin(
            @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable MediaType type,
            @HeaderParam(Headers.PREFER) List<String> prefer,
            @Context RoutingContext context,
            byte @Nullable [] body)
            throws IOException {
        BeginRequest request = OptionalBody.read(mapper, type, body, BeginRequest.class);
        RequestValidator validator = new RequestValidator(limits);
        Duration timeout = validator.validateTimeout(request);
        List<ClientWrite> writes = validator.validateWrites(request);
        String key =
                validator.validateIdempotencyKey(context.request().headers().getAll(Headers.IDEMPOTENCY_KEY));
        Origin origin = new Origin(
                access.caller(context).principal(),
                key == null ? null : new Origin.Request(key, computeFingerprint(request)));
        validator.throwIfInvalid();
        boolean autoCommit = request != null && request.autoCommit() != null && request.autoCommit();
        Preferences preferences = Preferences.parse(prefer);
        return Problems.toUni(() -> coordinator.begin(origin, timeout, writes, autoCommit, preferences.waitCondition()))
                .map(t -> toResponse(
                        context, t, autoCommit ? preferences : Preferences.NONE, RestResponse.Status.CREATED));
    }

    @POST
    @Path("/{id}/writes")
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> write(
            @RestPath String id, @Context RoutingContext context, @Nullable WriteRequest request) {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = parseId(id, context);
        tracing.coordinates(transaction);
        ClientWrite write = validator.validateWrite("", request);
        validator.throwIfInvalid();
        return Problems.toUni(() -> coordinator.write(transaction, write)).map(_ -> RestResponse.noContent());
    }

    @POST
    @Path("/{id}/prepare")
    public Uni<RestResponse<TransactionDocument>> prepare(
            @RestPath String id, @Context RoutingContext context, @HeaderParam(Headers.PREFER) List<String> prefer) {
        TransactionId transaction = parseId(id, context);
        tracing.coordinates(transaction);
        Preferences preferences = Preferences.parse(prefer);
        return Problems.toUni(() -> coordinator.prepare(transaction, preferences.waitCondition()))
                .map(t -> toResponse(context, t, preferences, RestResponse.Status.OK));
    }

    @POST
    @Path("/{id}/commit")
    public Uni<RestResponse<TransactionDocument>> commit(
            @RestPath String id, @Context RoutingContext context, @HeaderParam(Headers.PREFER) List<String> prefer) {
        TransactionId transaction = parseId(id, context);
        tracing.coordinates(transaction);
        Preferences preferences = Preferences.parse(prefer);
        return Problems.toUni(() -> coordinator.commit(transaction, preferences.waitCondition()))
                .map(t -> toResponse(context, t, preferences, RestResponse.Status.OK));
    }

    @POST
    @Path("/{id}/rollback")
    public Uni<TransactionDocument> rollback(@RestPath String id, @Context RoutingContext context) {
        TransactionId transaction = parseId(id, context);
        tracing.coordinates(transaction);
        return Problems.toUni(() -> coordinator.rollback(transaction)).map(TransactionResource::toDocument);
    }

    @POST
    @Path("/{id}/rollback-only")
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.WILDCARD)
    public Uni<RestResponse<Void>> rollbackOnly(
            @RestPath String id, @Context RoutingContext context, @Nullable RollbackOnlyRequest request) {
        RequestValidator validator = new RequestValidator(limits);
        TransactionId transaction = validator.validateTransactionId("id", id);
        Caller caller = access.caller(context);
        TransactionAccess.requireOwnerOrParticipant(
                coordinator,
                transaction,
                caller,
                t -> t.participants().stream().anyMatch(p -> caller.owns(p.resourceManager())));
        String reason = validator.validateReason(request == null ? null : request.reason());
        validator.throwIfInvalid();
        return Problems.toUni(() -> coordinator.rollbackOnly(transaction, reason))
                .map(_ -> RestResponse.noContent());
    }

    @GET
    @Path("/{id}")
    public TransactionDocument get(@RestPath String id, @Context RoutingContext context) {
        return toDocument(Problems.valueOrThrow(coordinator.find(parseId(id, context))));
    }

    @GET
    @Path("/{id}/outcome")
    public OutcomeDocument outcome(@RestPath String id) {
        InquiryAnswer answer = coordinator.outcome(new RequestValidator(limits).validateTransactionId("id", id));
        return new OutcomeDocument(answer.outcome(), answer.reason());
    }

    @GET
    public TransactionPage list(
            @QueryParam("state") @Nullable String state,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after,
            @Context RoutingContext context) {
        RequestValidator validator = new RequestValidator(limits);
        int items = validator.validatePageSize(limit);
        var wanted = validator.validateState(state);
        TransactionId from = after == null || after.isEmpty() ? null : validator.validateTransactionId("after", after);
        validator.throwIfInvalid();
        List<Transaction> found = coordinator.list(access.caller(context)::sees, wanted, from, items + 1);
        List<Transaction> page = Paging.limit(
                found, items, PAGE_PARTICIPANTS_MAX, t -> t.participants().size());
        return new TransactionPage(
                page.stream().map(TransactionResource::toDocument).toList(),
                page.size() < found.size() ? page.getLast().id().toString() : null);
    }

    /**
     * Responds with 202 if the client prefers not to wait and the transaction has not ended; otherwise with the status
     * {@code ended}.
     */
    private static RestResponse<TransactionDocument> toResponse(
            RoutingContext context, Transaction t, Preferences preferences, RestResponse.Status ended) {
        boolean early = preferences.respondAsync() && !t.state().isFinal();
        var builder = RestResponse.ResponseBuilder.create(early ? RestResponse.Status.ACCEPTED : ended, toDocument(t));
        if (ended == RestResponse.Status.CREATED || early) {
            builder.location(URI.create(ForwardedPrefix.root(context.request()) + "transactions/" + t.id()));
        }
        if (!preferences.applied().isEmpty()) {
            builder.header(Headers.PREFERENCE_APPLIED, preferences.applied());
        }
        return builder.build();
    }

    /** Returns a hash of the request that does not depend on whitespace. */
    private String computeFingerprint(@Nullable BeginRequest request) throws JsonProcessingException {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(mapper.writeValueAsBytes(request)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is not available", e);
        }
    }

    /** Parses a transaction id. Reports a transaction that the caller may not access as unknown. */
    private TransactionId parseId(String text, RoutingContext context) {
        TransactionId id = new RequestValidator(limits).validateTransactionId("id", text);
        TransactionAccess.requireOwner(coordinator, id, access.caller(context));
        return id;
    }

    static TransactionDocument toDocument(Transaction t) {
        return new TransactionDocument(
                t.id().toString(),
                t.state().externalState(),
                t.startedAt(),
                t.expiresAt(),
                t.decidedAt(),
                t.finishedAt(),
                t.reason(),
                t.participants().stream().map(TransactionResource::toDocument).toList());
    }

    private static ParticipantDocument toDocument(Participant p) {
        return new ParticipantDocument(
                p.resourceManager(),
                p.state(),
                p.ballot() == null ? null : p.ballot().vote(),
                p.reason());
    }
}

package dtc.bench.helper;

import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.UriInfo;
import java.util.Locale;
import org.jboss.resteasy.reactive.RestPath;

/** A participant of REST-AT. It enlists itself with its write; its terminator receives the votes and outcomes. */
@Path("/at/{participant}")
public final class RestAtParticipant {

    private static final String STATUS = "application/txstatus";

    private final Enlistment enlistment;
    private final StagedWrites writes;

    RestAtParticipant(Enlistment enlistment, StagedWrites writes) {
        this.enlistment = enlistment;
        this.writes = writes;
    }

    /** {@code enlist}: the transaction's URL for durable participants. */
    @POST
    @Path("/writes")
    public Uni<Void> write(
            @RestPath String participant,
            @HeaderParam("Enlist") String enlist,
            @Context UriInfo uri,
            StagedWrites.Write write) {
        String transaction = enlist.substring(enlist.lastIndexOf('/') + 1);
        writes.stage(new StagedWrites.Key(participant, transaction), write);
        String self = uri.getBaseUri() + "at/" + participant + "/" + transaction;
        return enlistment.send(
                HttpMethod.POST,
                enlist,
                String.format(
                        Locale.ROOT, "<%s>; rel=\"participant\", <%s/terminator>; rel=\"terminator\"", self, self),
                201);
    }

    /** The answer repeats the status asked for, which is also how REST-AT votes. */
    @PUT
    @Path("/{transaction}/terminator")
    @Consumes(STATUS)
    @Produces(STATUS)
    public Uni<String> terminate(@RestPath String participant, @RestPath String transaction, String status) {
        StagedWrites.Key key = new StagedWrites.Key(participant, transaction);
        return Uni.createFrom()
                .item(
                        switch (status) {
                            case "txstatus=TransactionPrepared" ->
                                writes.contains(key) ? status : "txstatus=TransactionRolledBack";
                            case "txstatus=TransactionCommitted", "txstatus=TransactionCommittedOnePhase" -> {
                                writes.apply(key);
                                yield status;
                            }
                            default -> {
                                writes.discard(key);
                                yield status;
                            }
                        });
    }
}

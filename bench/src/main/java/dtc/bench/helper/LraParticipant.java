package dtc.bench.helper;

import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.util.Locale;
import org.jboss.resteasy.reactive.RestPath;

/** A participant of a long running action. It joins with its write, then completes or compensates. */
@Path("/lra/{participant}")
public final class LraParticipant {

    private final Enlistment enlistment;
    private final StagedWrites writes;

    LraParticipant(Enlistment enlistment, StagedWrites writes) {
        this.enlistment = enlistment;
        this.writes = writes;
    }

    @POST
    @Path("/writes")
    public Uni<Void> write(
            @RestPath String participant,
            @HeaderParam("Long-Running-Action") String action,
            @Context UriInfo uri,
            StagedWrites.Write write) {
        String transaction = action.substring(action.lastIndexOf('/') + 1);
        writes.stage(new StagedWrites.Key(participant, transaction), write);
        String self = uri.getBaseUri() + "lra/" + participant + "/" + transaction;
        return enlistment.send(
                HttpMethod.PUT,
                action + "?TimeLimit=0",
                String.format(
                        Locale.ROOT,
                        "<%s/compensate>; rel=\"compensate\", <%s/complete>; rel=\"complete\"",
                        self,
                        self),
                200);
    }

    @PUT
    @Path("/{transaction}/complete")
    @Consumes(MediaType.WILDCARD)
    public Uni<Void> complete(@RestPath String participant, @RestPath String transaction) {
        writes.apply(new StagedWrites.Key(participant, transaction));
        return Uni.createFrom().voidItem();
    }

    @PUT
    @Path("/{transaction}/compensate")
    @Consumes(MediaType.WILDCARD)
    public Uni<Void> compensate(@RestPath String participant, @RestPath String transaction) {
        writes.discard(new StagedWrites.Key(participant, transaction));
        return Uni.createFrom().voidItem();
    }
}

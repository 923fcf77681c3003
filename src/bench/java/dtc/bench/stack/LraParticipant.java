package dtc.bench.stack;

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
import org.jboss.resteasy.reactive.RestPath;

/** A participant of a long running action: joins with its write, then completes or compensates. */
@Path("/lra/{participant}")
public final class LraParticipant {

    private final Enlistment enlistment;
    private final Shelf shelf;

    LraParticipant(Enlistment enlistment, Shelf shelf) {
        this.enlistment = enlistment;
        this.shelf = shelf;
    }

    @POST
    @Path("/writes")
    public Uni<Void> write(
            @RestPath String participant,
            @HeaderParam("Long-Running-Action") String action,
            @Context UriInfo uri,
            Shelf.Write write) {
        String transaction = action.substring(action.lastIndexOf('/') + 1);
        shelf.stage(new Shelf.Staging(participant, transaction), write);
        String self = uri.getBaseUri() + "lra/" + participant + "/" + transaction;
        return enlistment.send(
                HttpMethod.PUT,
                action + "?TimeLimit=0",
                "<%s/compensate>; rel=\"compensate\", <%s/complete>; rel=\"complete\"".formatted(self, self),
                200);
    }

    @PUT
    @Path("/{transaction}/complete")
    @Consumes(MediaType.WILDCARD)
    public Uni<Void> complete(@RestPath String participant, @RestPath String transaction) {
        shelf.apply(new Shelf.Staging(participant, transaction));
        return Uni.createFrom().voidItem();
    }

    @PUT
    @Path("/{transaction}/compensate")
    @Consumes(MediaType.WILDCARD)
    public Uni<Void> compensate(@RestPath String participant, @RestPath String transaction) {
        shelf.discard(new Shelf.Staging(participant, transaction));
        return Uni.createFrom().voidItem();
    }
}

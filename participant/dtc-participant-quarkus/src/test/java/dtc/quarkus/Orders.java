package dtc.quarkus;

import dtc.participant.DtcParticipant;
import dtc.participant.WorkHandler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import jakarta.ws.rs.ClientErrorException;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.eclipse.microprofile.rest.client.RestClientBuilder;

/** A service, and a client that calls it. */
@Path("/orders")
public class Orders {

    private final DtcParticipant participant;
    private final CurrentTransaction current;

    Orders(DtcParticipant participant, CurrentTransaction current) {
        this.participant = participant;
        this.current = current;
    }

    @POST
    public String place(String order) {
        participant.perform("place-order", order);
        if (order.equals("bad")) {
            throw new IllegalStateException("planned");
        }
        if (order.equals("refused")) {
            throw new ClientErrorException(Response.Status.CONFLICT);
        }
        return "placed";
    }

    /** Returns the transaction that this request works in. */
    @GET
    public String transaction() {
        return String.valueOf(current.id());
    }

    /** The work of the service. */
    @ApplicationScoped
    @Named("place-order")
    public static class PlaceOrder implements WorkHandler {
        @Override
        public void run(Connection connection, String order) throws SQLException {
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO orders VALUES (?)")) {
                insert.setString(1, order);
                insert.executeUpdate();
            }
        }
    }

    /** The interface for clients. */
    @Path("/orders")
    public interface Client {
        @POST
        String place(String order);
    }

    /** A client. */
    @ApplicationScoped
    public static class Shop {
        @DistributedTransaction(timeoutMillis = 7000)
        public String buy(URI url, String order) {
            return RestClientBuilder.newBuilder()
                    .baseUri(url)
                    .build(Client.class)
                    .place(order);
        }
    }
}

package dtc.quarkus;

import dtc.client.TransactionContext;
import jakarta.enterprise.inject.spi.CDI;
import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.ext.Provider;

/** Sends the id of the transaction that the thread works in. */
@Provider
public class TransactionClientFilter implements ClientRequestFilter {

    @Override
    public void filter(ClientRequestContext request) {
        String transaction =
                CDI.current().select(CurrentTransaction.class).get().id();
        if (transaction != null) {
            request.getHeaders().putSingle(TransactionContext.HEADER, transaction);
        }
    }
}

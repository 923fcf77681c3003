package dtc.spring;

import dtc.client.TransactionContext;
import java.io.IOException;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;

/** Sends the id of the transaction that the thread works in. For {@code RestClient} and {@code RestTemplate}. */
public final class TransactionClientInterceptor implements ClientHttpRequestInterceptor {

    @Override
    public ClientHttpResponse intercept(HttpRequest request, byte[] body, ClientHttpRequestExecution execution)
            throws IOException {
        String transaction = TransactionContext.current();
        if (transaction != null) {
            request.getHeaders().set(TransactionContext.HEADER, transaction);
        }
        return execution.execute(request, body);
    }
}

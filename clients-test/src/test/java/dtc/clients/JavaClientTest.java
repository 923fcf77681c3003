package dtc.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.dtc.client.ApiClient;
import dev.dtc.client.ApiException;
import dev.dtc.client.GivingUpApi;
import dev.dtc.client.HostedResourceManagersApi;
import dev.dtc.client.ResourceManagersApi;
import dev.dtc.client.TransactionsApi;
import dev.dtc.client.model.BeginRequest;
import dev.dtc.client.model.EntryDocument;
import dev.dtc.client.model.GiveUpRequest;
import dev.dtc.client.model.OpenTransaction;
import dev.dtc.client.model.Outcome;
import dev.dtc.client.model.ParticipantDocument;
import dev.dtc.client.model.ParticipantState;
import dev.dtc.client.model.Problem;
import dev.dtc.client.model.RegistrationDocument;
import dev.dtc.client.model.TransactionDocument;
import dev.dtc.client.model.TransactionState;
import dev.dtc.client.model.Violation;
import dev.dtc.client.model.Vote;
import dev.dtc.client.model.WriteRequest;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Uses the generated Java client with the process at the URL in the environment variable {@code DTC_URL}. */
class JavaClientTest {

    private final ApiClient client = new ApiClient();

    private final TransactionsApi transactions;
    private final ResourceManagersApi resourceManagers;
    private final HostedResourceManagersApi hosted;

    JavaClientTest() {
        client.updateBaseUri(Objects.requireNonNull(System.getenv("DTC_URL"), "DTC_URL is not set"));
        transactions = new TransactionsApi(client);
        resourceManagers = new ResourceManagersApi(client);
        hosted = new HostedResourceManagersApi(client);
    }

    private UUID begin() throws ApiException {
        return transactions.beginTransaction(null, null, null).getId();
    }

    private static WriteRequest write(String resourceManager, String key, @Nullable Object value) {
        return new WriteRequest().resourceManager(resourceManager).key(key).value(value);
    }

    private Problem problem(int status, Executable call) throws Exception {
        ApiException failure = assertThrows(ApiException.class, call);
        assertEquals(status, failure.getCode());
        Problem problem = client.getObjectMapper().readValue(failure.getResponseBody(), Problem.class);
        assertEquals(status, problem.getStatus());
        return problem;
    }

    @Test
    void a_transaction() throws Exception {
        String key = "java/" + UUID.randomUUID();
        UUID id = begin();
        transactions.addWrite(id, write("orders", key, Map.of("total", 42)));
        transactions.addWrite(id, write("payments", key, null));
        assertEquals(
                List.of(OpenTransaction.StateEnum.ACTIVE),
                hosted.listOpenTransactions("orders", 1000).getItems().stream()
                        .filter(open -> open.getId().equals(id))
                        .map(OpenTransaction::getState)
                        .toList());

        TransactionDocument prepared = transactions.prepareTransaction(id, null);
        assertEquals(TransactionState.COMMITTED, prepared.getState());
        assertNotNull(prepared.getDecidedAt());
        assertNull(prepared.getReason());
        ParticipantDocument orders = prepared.getParticipants().getFirst();
        assertEquals("orders", orders.getResourceManager());
        assertEquals(ParticipantState.COMMITTED, orders.getState());
        assertEquals(Vote.COMMIT, orders.getVote());

        assertEquals(prepared, transactions.getTransaction(id));
        assertEquals(Outcome.COMMIT, transactions.getOutcome(id).getOutcome());
        EntryDocument entry = hosted.getEntry("orders", key);
        assertEquals(new EntryDocument().key(key).value(Map.of("total", 42)), entry);
        assertEquals(
                List.of(new EntryDocument().key(key).value(null)),
                hosted.listEntries("payments", 1, key.substring(0, key.length() - 1))
                        .getItems());
    }

    @Test
    void a_transaction_in_one_call() throws Exception {
        TransactionDocument transaction = transactions.beginTransaction(
                UUID.randomUUID().toString(),
                "respond-async",
                new BeginRequest()
                        .autoCommit(true)
                        .addWritesItem(write("orders", "java", Map.of("total", 7)))
                        .addWritesItem(write("payments", "java", 7)));
        assertTrue(
                Set.of(TransactionState.COMMITTED, TransactionState.COMMITTING).contains(transaction.getState()));
    }

    @Test
    void transactions_are_listed_by_state() throws Exception {
        UUID id = begin();
        List<TransactionDocument> active =
                transactions.listTransactions(TransactionState.ACTIVE, 1, null).getItems();
        assertEquals(
                List.of(id), active.stream().map(TransactionDocument::getId).toList());
        assertNull(active.getFirst().getFinishedAt());
        assertEquals(
                TransactionState.ROLLED_BACK,
                transactions.rollbackTransaction(id).getState());
    }

    @Test
    void resource_managers() throws Exception {
        assertEquals(
                Set.of("orders", "payments"),
                resourceManagers.listResourceManagers().getItems().stream()
                        .map(RegistrationDocument::getId)
                        .collect(Collectors.toSet()));
        RegistrationDocument orders = resourceManagers.getResourceManager("orders");
        assertTrue(orders.getLive());
        assertTrue(orders.getLeaseMillis() > 0);
        assertTrue(orders.getFeatures().contains("keep-alive"));
    }

    @Test
    void nothing_is_given_up() throws Exception {
        GivingUpApi givingUp = new GivingUpApi(client);
        GiveUpRequest reason = new GiveUpRequest().reason("gone for good");
        assertEquals(0, givingUp.giveUpResourceManager("payments", reason).getTransactions());
        UUID id = begin();
        transactions.addWrite(id, write("payments", "java", 1));
        transactions.prepareTransaction(id, null);
        assertEquals(
                "payments",
                problem(409, () -> givingUp.giveUpParticipant(id, "payments", reason))
                        .getResourceManager());
    }

    @Test
    void errors_are_problems() throws Exception {
        BeginRequest invalid = new BeginRequest().timeoutMillis(0L).addWritesItem(write("-", "k", 1));
        List<Violation> violations = problem(400, () -> transactions.beginTransaction(null, null, invalid))
                .getViolations();
        assertEquals(
                List.of("timeoutMillis", "writes[0].resourceManager"),
                Objects.requireNonNull(violations).stream()
                        .map(Violation::getField)
                        .toList());

        UUID unknown = UUID.randomUUID();
        assertEquals(
                unknown,
                problem(404, () -> transactions.getTransaction(unknown)).getTransaction());
        UUID id = begin();
        assertEquals(
                "nobody",
                problem(404, () -> transactions.addWrite(id, write("nobody", "k", 1)))
                        .getResourceManager());

        transactions.rollbackTransaction(id);
        Problem conflict = problem(409, () -> transactions.commitTransaction(id, null));
        assertEquals("urn:dtc:wrong-state", conflict.getType().toString());
        assertEquals(id, conflict.getTransaction());

        String key = UUID.randomUUID().toString();
        transactions.beginTransaction(key, null, null);
        BeginRequest other = new BeginRequest().timeoutMillis(1000L);
        assertEquals(
                "Unprocessable Content",
                problem(422, () -> transactions.beginTransaction(key, null, other))
                        .getTitle());
    }
}

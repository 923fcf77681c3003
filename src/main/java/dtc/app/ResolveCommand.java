package dtc.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The command {@code rm resolve}: sends the outcome of a transaction in doubt to a resource manager, on behalf of an
 * operator, if no coordinator knows the transaction any more.
 */
final class ResolveCommand {

    private static final String USAGE = """
            usage: rm resolve <resource manager> <transaction> commit|rollback
                   <resource manager> is its URL, or its id at the coordinator DTC_RM_COORDINATOR_URL.
                   DTC_COORDINATOR_TOKEN_FILE names a file with a token, if tokens are required.
                   rm check checks that a resource manager follows the protocol: see rm check --help
                   rm new-instance <resource manager> gives a resource manager whose database was restored a new instance""";

    private static final String COORDINATOR_URL = "DTC_RM_COORDINATOR_URL";
    private static final String TOKEN_FILE = "DTC_COORDINATOR_TOKEN_FILE";
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private static final int RESOLVED = 0;
    private static final int REFUSED = 1;
    /** The exit code for wrong arguments and if the resource manager cannot be reached. */
    private static final int ERROR = 2;

    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;
    private final ObjectMapper mapper = new ObjectMapper();

    ResolveCommand(Map<String, String> environment, PrintStream out, PrintStream err) {
        this.environment = environment;
        this.out = out;
        this.err = err;
    }

    /** Runs the command with the arguments after {@code rm}, and returns its exit code. */
    int run(List<String> args) {
        if (args.equals(List.of("--help"))) {
            out.println(USAGE);
            return RESOLVED;
        }
        Optional<TransactionId> id = args.size() == 4 ? TransactionId.parse(args.get(2)) : Optional.empty();
        if (id.isEmpty()
                || !args.getFirst().equals("resolve")
                || !List.of("commit", "rollback").contains(args.get(3))) {
            err.println(USAGE);
            return ERROR;
        }
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build()) {
            return resolve(client, args.get(1), id.get(), args.get(3));
        } catch (IOException | IllegalArgumentException failure) {
            err.println("the resource manager cannot be reached: " + failure);
            return ERROR;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return ERROR;
        }
    }

    private int resolve(HttpClient client, String resourceManager, TransactionId id, String outcome)
            throws IOException, InterruptedException {
        String url = resourceManager.contains("://") ? resourceManager : url(client, resourceManager);
        // A commit of a transaction that has not voted would be a one-phase commit, which would decide the outcome
        // again.
        if (!isInDoubt(client, url, id)) {
            err.println("transaction %s is not in doubt at %s".formatted(id, url));
            return REFUSED;
        }
        HttpResponse<String> answer = send(
                client, request(url + "/transactions/" + id + "/" + outcome).POST(HttpRequest.BodyPublishers.noBody()));
        if (answer.statusCode() != 204) {
            err.println("%s answered %s: %s".formatted(url, answer.statusCode(), answer.body()));
            return REFUSED;
        }
        out.println("transaction %s at %s: %s".formatted(id, url, outcome));
        return RESOLVED;
    }

    private String url(HttpClient client, String id) throws IOException, InterruptedException {
        String coordinator = environment.getOrDefault(COORDINATOR_URL, "http://127.0.0.1:8080")
                .split(",", 2)[0];
        JsonNode registration = json(client, coordinator + "/resource-managers/" + id);
        if (!registration.path("url").isTextual()) {
            throw new IOException("%s is not registered at %s".formatted(id, coordinator));
        }
        return registration.path("url").asText();
    }

    private boolean isInDoubt(HttpClient client, String url, TransactionId id)
            throws IOException, InterruptedException {
        for (JsonNode item : json(client, url + "/transactions?limit=1000").path("items")) {
            if (item.path("id").asText().equalsIgnoreCase(id.toString())) {
                return item.path("state").asText().equals(State.PREPARED.name());
            }
        }
        return false;
    }

    private JsonNode json(HttpClient client, String url) throws IOException, InterruptedException {
        HttpResponse<String> answer = send(client, request(url).GET());
        if (answer.statusCode() != 200) {
            throw new IOException("%s answered %s".formatted(url, answer.statusCode()));
        }
        return mapper.readTree(answer.body());
    }

    private HttpRequest.Builder request(String url) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT);
        String tokenFile = environment.get(TOKEN_FILE);
        if (tokenFile != null) {
            request.header(
                    "Authorization",
                    "Bearer " + Files.readString(Path.of(tokenFile)).strip());
        }
        return request;
    }

    private static HttpResponse<String> send(HttpClient client, HttpRequest.Builder request)
            throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofString());
    }
}

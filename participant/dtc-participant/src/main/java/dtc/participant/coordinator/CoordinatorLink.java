package dtc.participant.coordinator;

import dtc.participant.json.Json;
import dtc.participant.protocol.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The requests of a resource manager to the coordinator. Thread-safe. */
public final class CoordinatorLink {

    /** The coordinator refused a request. */
    public static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;

        private final int status;

        RefusedException(CoordinatorResponse response) {
            super(response.problem());
            this.status = response.status();
        }

        public int status() {
            return status;
        }
    }

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    /** The work waits for the answer, and the client for the work. */
    private static final Duration ENLISTMENT_TIMEOUT = Duration.ofSeconds(2);

    private static final int ENLISTMENT_ATTEMPTS = 2;

    private final CoordinatorHttp http;
    private final String rm;

    public CoordinatorLink(CoordinatorHttp http, String rm) {
        this.http = http;
        this.rm = rm;
    }

    /** Registers the resource manager, or renews its registration. Returns the duration of the lease. */
    public Duration register(String url, UUID instance, List<String> features, @Nullable UUID newestForgotten)
            throws IOException, InterruptedException, RefusedException {
        Map<String, String> body = new LinkedHashMap<>();
        body.put("url", Json.quoted(url));
        body.put("instance", Json.quoted(instance.toString()));
        body.put("features", features.stream().map(Json::quoted).collect(Collectors.joining(",", "[", "]")));
        CoordinatorResponse response = http.send(
                "PUT",
                "/resource-managers/" + rm,
                Json.object(body),
                newestForgotten == null ? Map.of() : Map.of("DTC-Newest-Forgotten", newestForgotten.toString()),
                TIMEOUT);
        Long lease = response.number("leaseMillis");
        if ((response.status() != 200 && response.status() != 201) || lease == null) {
            throw new RefusedException(response);
        }
        return Duration.ofMillis(lease);
    }

    public void deregister(UUID instance) throws IOException, InterruptedException {
        http.send("DELETE", "/resource-managers/" + rm + "?instance=" + instance, null, Map.of(), TIMEOUT);
    }

    /** Returns the number of the work. An answer that was lost is requested again, and is then the same. */
    public int enlist(UUID id, UUID instance) throws IOException, InterruptedException, RefusedException {
        Map<String, String> body = Map.of(
                "instance",
                Json.quoted(instance.toString()),
                "request",
                Json.quoted(UUID.randomUUID().toString()));
        for (int attempt = 1; ; attempt++) {
            try {
                CoordinatorResponse response = http.send(
                        "PUT",
                        "/transactions/" + id + "/participants/" + rm,
                        Json.object(body),
                        Map.of(),
                        ENLISTMENT_TIMEOUT);
                Long number = response.number("sequence");
                if (response.status() != 200 || number == null || number < 1 || number > Integer.MAX_VALUE) {
                    throw new RefusedException(response);
                }
                return number.intValue();
            } catch (IOException e) {
                if (attempt == ENLISTMENT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Prevents the commit of the transaction. */
    public void rollbackOnly(UUID id, String reason) throws IOException, InterruptedException, RefusedException {
        CoordinatorResponse response = http.send(
                "POST",
                "/transactions/" + id + "/rollback-only",
                Json.object(Map.of("reason", Json.quoted(reason))),
                Map.of(),
                ENLISTMENT_TIMEOUT);
        if (response.status() != 204) {
            throw new RefusedException(response);
        }
    }

    /** Returns the outcome, or empty if it is not known, whatever the coordinator or a proxy answered instead. */
    public Optional<Outcome> outcome(UUID id) throws IOException, InterruptedException {
        CoordinatorResponse response = http.send("GET", "/transactions/" + id + "/outcome", null, Map.of(), TIMEOUT);
        String outcome = response.status() == 200 ? response.string("outcome") : null;
        if (Outcome.COMMIT.name().equals(outcome)) {
            return Optional.of(Outcome.COMMIT);
        }
        return Outcome.ROLLBACK.name().equals(outcome) ? Optional.of(Outcome.ROLLBACK) : Optional.empty();
    }
}

package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.net.http.HttpResponse;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in to what, with a real issuer of tokens, over TLS. */
@QuarkusIntegrationTest
@TestProfile(World.Secured.class)
class AccessIT {

    private static final String ID = "0199f2d4-0000-7000-8000-000000000000";

    /** A call, as the OpenAPI document names it, and the roles that may make it. */
    record Endpoint(String method, String path, @Nullable String body, Set<Role> roles) {

        private static Endpoint of(String method, String path, @Nullable String body, Role... roles) {
            return new Endpoint(method, path, body, Set.of(roles));
        }

        /** Of a transaction and a resource manager that do not exist, or of one's own name. */
        String target() {
            return path.startsWith("/resource-managers/")
                    ? path.replace("{id}", "caller")
                    : path.replace("{id}", ID).replace("{rm}", "orders").replace("{key}", "a/b");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    static List<Endpoint> endpoints() {
        String write = "{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":1}";
        String registration = "{\"url\":\"http://127.0.0.1:1\",\"instance\":\"%s\"}".formatted(ID);
        return List.of(
                Endpoint.of("POST", "/transactions", "{}", Role.CLIENT),
                Endpoint.of("GET", "/transactions", null, Role.CLIENT, Role.OPERATOR),
                Endpoint.of("GET", "/transactions/{id}", null, Role.CLIENT, Role.OPERATOR),
                Endpoint.of("POST", "/transactions/{id}/writes", write, Role.CLIENT),
                Endpoint.of("POST", "/transactions/{id}/prepare", null, Role.CLIENT),
                Endpoint.of("POST", "/transactions/{id}/commit", null, Role.CLIENT),
                Endpoint.of("POST", "/transactions/{id}/rollback", null, Role.CLIENT),
                Endpoint.of(
                        "POST",
                        "/transactions/{id}/rollback-only",
                        "{\"reason\":\"r\"}",
                        Role.CLIENT,
                        Role.RESOURCE_MANAGER),
                Endpoint.of("PUT", "/transactions/{id}/participants/{rm}", null, Role.CLIENT, Role.RESOURCE_MANAGER),
                Endpoint.of(
                        "POST", "/transactions/{id}/participants/{rm}/give-up", "{\"reason\":\"r\"}", Role.OPERATOR),
                Endpoint.of("DELETE", "/transactions/{id}/participants/{rm}/give-up", null, Role.OPERATOR),
                Endpoint.of("POST", "/resource-managers/{id}/give-up", "{\"reason\":\"r\"}", Role.OPERATOR),
                Endpoint.of("DELETE", "/resource-managers/{id}/give-up", null, Role.OPERATOR),
                Endpoint.of("GET", "/transactions/{id}/outcome", null, Role.RESOURCE_MANAGER, Role.OPERATOR),
                Endpoint.of("GET", "/resource-managers", null, Role.CLIENT, Role.RESOURCE_MANAGER, Role.OPERATOR),
                Endpoint.of("GET", "/resource-managers/{id}", null, Role.CLIENT, Role.RESOURCE_MANAGER, Role.OPERATOR),
                Endpoint.of("PUT", "/resource-managers/{id}", registration, Role.RESOURCE_MANAGER),
                Endpoint.of("DELETE", "/resource-managers/{id}", null, Role.RESOURCE_MANAGER),
                Endpoint.of(
                        "POST", "/rm/{rm}/transactions/{id}/writes", "{\"key\":\"k\",\"value\":1}", Role.COORDINATOR),
                Endpoint.of("POST", "/rm/{rm}/transactions/{id}/prepare", null, Role.COORDINATOR),
                Endpoint.of("POST", "/rm/{rm}/transactions/{id}/commit", null, Role.COORDINATOR),
                Endpoint.of("POST", "/rm/{rm}/transactions/{id}/rollback", null, Role.COORDINATOR),
                Endpoint.of("POST", "/rm/{rm}/batch", "{\"messages\":[]}", Role.COORDINATOR),
                Endpoint.of("GET", "/rm/{rm}/transactions", null, Role.COORDINATOR, Role.OPERATOR),
                Endpoint.of("GET", "/rm/{rm}/entries", null, Role.CLIENT, Role.OPERATOR),
                Endpoint.of("GET", "/rm/{rm}/entries/{key}", null, Role.CLIENT, Role.OPERATOR),
                Endpoint.of("GET", "/", null, Role.VIEWER, Role.OPERATOR),
                Endpoint.of("GET", "/console/transactions", null, Role.VIEWER, Role.OPERATOR),
                Endpoint.of("GET", "/console/transactions/{id}", null, Role.VIEWER, Role.OPERATOR),
                Endpoint.of("GET", "/_static/htmx.org/dist/htmx.min.js", null, Role.VIEWER, Role.OPERATOR),
                Endpoint.of("POST", "/console/no-such-action", null, Role.OPERATOR),
                // What no rule names is nobody's where transactions are at stake, and the operator's elsewhere.
                Endpoint.of("OPTIONS", "/transactions", null),
                Endpoint.of("POST", "/transactions/{id}/no-such-action", null),
                Endpoint.of("PUT", "/rm/{rm}/entries/{key}", null),
                Endpoint.of("GET", "/q/metrics", null, Role.OPERATOR),
                Endpoint.of("GET", "/q/openapi", null, Role.OPERATOR),
                Endpoint.of("GET", "/no/such/path", null, Role.OPERATOR),
                Endpoint.of("GET", "/dev/resource-managers", null, Role.OPERATOR),
                Endpoint.of("PUT", "/dev/resource-managers/{id}/fault", null, Role.OPERATOR));
    }

    @SuppressWarnings("NullAway.Init") // injected
    World world;

    @BeforeEach
    void resourceManagersAreRegistered() {
        world.awaitReady();
    }

    @ParameterizedTest
    @MethodSource("endpoints")
    void only_permitted_roles_have_access(Endpoint endpoint) {
        Role[] right = endpoint.roles().toArray(Role[]::new);
        refuses(endpoint, 401, null);
        refuses(endpoint, 401, "no-token-at-all");
        refuses(endpoint, 401, world.issuer.expired("caller", right));
        refuses(endpoint, 401, world.issuer.forAnotherAudience("caller", right));
        refuses(endpoint, 401, world.issuer.forged("caller", right));
        refuses(endpoint, 403, world.issuer.token("caller"));
        for (Role role : others(endpoint.roles())) {
            refuses(endpoint, 403, world.issuer.token("caller", role));
        }
        for (Role role : endpoint.roles()) {
            int status = role == Role.COORDINATOR
                    ? world.callAsCoordinator(
                                    endpoint.method(),
                                    endpoint.target(),
                                    world.issuer.token(World.COORDINATOR),
                                    endpoint.body())
                            .statusCode()
                    : call(endpoint, world.issuer.token("caller", role)).statusCode();
            assertTrue(
                    status != 401 && status != 403 && status < 500, role + " is let in to " + endpoint + ": " + status);
        }
    }

    private static Set<Role> others(Set<Role> roles) {
        Set<Role> others = EnumSet.allOf(Role.class);
        others.removeAll(roles);
        return others;
    }

    private HttpResponse<String> call(Endpoint endpoint, @Nullable String token) {
        return world.call(endpoint.method(), endpoint.target(), token, endpoint.body());
    }

    private void refuses(Endpoint endpoint, int status, @Nullable String token) {
        HttpResponse<String> answer = call(endpoint, token);
        assertEquals(status, answer.statusCode(), endpoint + ": " + answer.body());
        assertEquals(
                "application/problem+json",
                answer.headers().firstValue("Content-Type").orElse(""));
        assertEquals(status, new JsonPath(answer.body()).getInt("status"));
        assertEquals(
                status == 401, answer.headers().firstValue("WWW-Authenticate").isPresent());
    }

    @Test
    void the_table_above_names_every_endpoint() {
        String document = world.call("GET", "/q/openapi?format=json", world.issuer.token("me", Role.OPERATOR), null)
                .body();
        Map<String, Map<String, Object>> paths = new JsonPath(document).getMap("paths");
        Set<String> documented = paths.entrySet().stream()
                .flatMap(path -> path.getValue().keySet().stream()
                        .map(method -> method.toUpperCase(java.util.Locale.ROOT) + " " + path.getKey()))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> named = endpoints().stream().map(Endpoint::toString).collect(Collectors.toSet());
        documented.removeAll(named);
        assertEquals(Set.of(), documented);
    }

    @Test
    void a_claim_that_is_a_string_names_one_group() {
        Map.of("dtc-operator", 200, "not dtc-operator", 403, "dtc-operator,x", 403, "dtc-operator dtc-client", 403)
                .forEach((group, status) -> assertEquals(
                        status,
                        world.call("GET", "/transactions", world.issuer.tokenWithGroup("caller", group), null)
                                .statusCode(),
                        group));
    }

    @Test
    void health_needs_no_token() {
        assertEquals(200, world.call("GET", "/q/health/live", null, null).statusCode());
    }

    @Test
    void a_disguised_path_is_refused() {
        String client = world.issuer.token("caller", Role.CLIENT);
        for (String path : List.of(
                "//q/metrics",
                "/transactions/../q/metrics",
                "/transactions/%2e%2e/q/metrics",
                "/transactions;/../q/metrics",
                "/rm/orders/entries/../transactions",
                "/rm/orders/transactions;x=entries",
                "/rm/orders/entries/%2e%2e/transactions",
                "/resource-managers/../q/openapi",
                "/q/health/../metrics")) {
            int status = world.call("GET", path, client, null).statusCode();
            assertTrue(status == 403 || status == 404 || status == 400, path + " gave " + status);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/%74ransactions",
                "/transactions/",
                "//transactions",
                "/./transactions",
                "/transactions;x",
                "/q/../transactions",
                "/q/health/../../transactions",
                "/q/health/%2e%2e/%2E%2e/transactions",
                "/q/health;/../../transactions",
                "/q/health/..;/..;/transactions",
                "/q/health/..%2f..%2ftransactions/x",
                "/%71/metrics",
                "/q/health/../metrics",
                "/q/health/%2e%2e/metrics",
                "/q/%6detrics",
                "/q//metrics",
                "/q/metrics;x",
                "/q/metrics/",
                "/r%6d/orders/entries",
                "/c%6Fnsole/transactions",
                "/q/health/../../console/transactions"
            })
    void no_spelling_of_a_path_avoids_authentication(String path) {
        assertEquals(401, world.call("GET", path, null, null).statusCode());
        assertEquals(401, world.call("POST", path, null, "{}").statusCode());
    }

    @Test
    void the_body_of_a_refused_request_is_not_buffered() {
        String tooLarge = "x".repeat(2_000_000); // 413 for the others
        assertEquals(401, world.call("POST", "/transactions", null, tooLarge).statusCode());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/rm/orders/transactions/%s/commit/",
                "/rm/orders/transactions/%s/commit//",
                "/rm/orders/transactions/%s/commit;x=y",
                "/rm/orders/transactions/%s;x=y/commit",
                "/rm;x=y/orders/transactions/%s/commit",
                "//rm/orders/transactions/%s/commit",
                "/q/../rm/orders/transactions/%s/commit",
                "/rm/orders/transactions/%s/%%63ommit",
                "/%%72m/orders/transactions/%s/commit"
            })
    void an_outcome_with_a_disguised_path_is_refused(String path) {
        String operator = world.issuer.token("carol", Role.OPERATOR);
        assertEquals(403, world.call("POST", path.formatted(ID), operator, null).statusCode());
    }

    @Test
    void a_transaction_is_visible_only_to_the_client_that_began_it() {
        String mine = world.issuer.token("alice", Role.CLIENT);
        String other = world.issuer.token("bob", Role.CLIENT);
        String operator = world.issuer.token("carol", Role.OPERATOR);
        String id = begin(mine);
        String write = "{\"resourceManager\":\"orders\",\"key\":\"of-alice\",\"value\":1}";
        assertEquals(
                204,
                world.call("POST", "/transactions/" + id + "/writes", mine, write)
                        .statusCode());

        record Call(String method, String action, @Nullable String body) {}
        for (Call call : List.of(
                new Call("GET", "", null),
                new Call("POST", "/writes", write),
                new Call("POST", "/prepare", null),
                new Call("POST", "/commit", null),
                new Call("POST", "/rollback", null))) {
            HttpResponse<String> foreign =
                    world.call(call.method(), "/transactions/" + id + call.action(), other, call.body());
            HttpResponse<String> unknown =
                    world.call(call.method(), "/transactions/" + ID + call.action(), other, call.body());
            assertEquals(404, foreign.statusCode(), call.toString());
            assertEquals(unknown.body().replace(ID, id), foreign.body(), "a foreign transaction looks like none");
        }
        assertTrue(ids(mine).contains(id));
        assertTrue(!ids(other).contains(id));
        assertTrue(ids(operator).contains(id));
        assertEquals(
                200, world.call("GET", "/transactions/" + id, operator, null).statusCode());

        HttpResponse<String> prepared = world.call("POST", "/transactions/" + id + "/prepare", mine, null);
        assertEquals("COMMITTED", new JsonPath(prepared.body()).getString("state"), prepared.body());
    }

    @Test
    void a_participant_may_enlist_itself_and_prevent_the_commit() {
        String mine = world.issuer.token("alice", Role.CLIENT);
        String otherClient = world.issuer.token("bob", Role.CLIENT);
        String owner = world.issuer.token(World.HOST, Role.RESOURCE_MANAGER); // of orders and payments
        String otherOwner = world.issuer.token("stock", Role.RESOURCE_MANAGER);
        String id = begin(mine);
        String enlist = "/transactions/" + id + "/participants/orders";
        String rollbackOnly = "/transactions/" + id + "/rollback-only";
        String reason = "{\"reason\":\"out of stock\"}";

        assertEquals(404, world.call("PUT", enlist, otherClient, null).statusCode());
        assertEquals(403, world.call("PUT", enlist, otherOwner, null).statusCode());
        assertEquals(403, world.call("POST", rollbackOnly, owner, reason).statusCode(), "not a participant yet");
        assertEquals(200, world.call("PUT", enlist, owner, null).statusCode());
        assertEquals(200, world.call("PUT", enlist, mine, null).statusCode());

        assertEquals(404, world.call("POST", rollbackOnly, otherClient, reason).statusCode());
        assertEquals(403, world.call("POST", rollbackOnly, otherOwner, reason).statusCode());
        assertEquals(204, world.call("POST", rollbackOnly, owner, reason).statusCode());
        assertEquals(204, world.call("POST", rollbackOnly, mine, reason).statusCode());
    }

    @Test
    void the_same_idempotency_key_of_two_callers_names_two_requests() {
        String first = begin(world.issuer.token("alice", Role.CLIENT), "same-key");
        String again = begin(world.issuer.token("alice", Role.CLIENT), "same-key");
        String other = begin(world.issuer.token("bob", Role.CLIENT), "same-key");
        assertEquals(first, again);
        assertNotEquals(first, other);
    }

    @Test
    void service_accounts_get_their_roles_from_the_configuration() {
        String shop = world.issuer.token(World.SHOP);
        assertEquals(201, world.call("POST", "/transactions", shop, "{}").statusCode());
        assertEquals(403, world.call("GET", "/q/metrics", shop, null).statusCode());
    }

    @Test
    void a_client_cannot_register_the_id_of_another_resource_manager() {
        String thief = world.issuer.tokenOwning("thief", Set.of("thief-1", "thief-2"));
        assertEquals(403, register("orders", thief).statusCode());
        assertEquals(
                403,
                world.call("DELETE", "/resource-managers/orders", thief, null).statusCode());
        // Nor a name that is free and not its own: it may be another's tomorrow.
        assertEquals(403, register("stock", thief).statusCode());
        assertEquals(403, register("thief-3", thief).statusCode());
        String client = world.issuer.token("alice", Role.CLIENT);
        assertEquals(
                200,
                world.call("GET", "/resource-managers/orders", client, null).statusCode());
        assertEquals(
                404, world.call("GET", "/resource-managers/stock", client, null).statusCode());

        for (String own : List.of("thief", "thief-1", "thief-2")) {
            assertEquals(201, register(own, thief).statusCode());
            assertEquals(
                    204,
                    world.call("DELETE", "/resource-managers/" + own, thief, null)
                            .statusCode());
        }
    }

    @Test
    void outcomes_are_accepted_only_from_the_coordinator() {
        // The right token over a connection of somebody else: it may have been seen at another resource manager.
        assertEquals(
                403,
                world.call(
                                "POST",
                                "/rm/orders/transactions/" + ID + "/commit",
                                world.issuer.token(World.COORDINATOR),
                                null)
                        .statusCode());
        // The right connection with another token.
        assertEquals(
                403,
                world.callAsCoordinator(
                                "POST",
                                "/rm/orders/transactions/" + ID + "/commit",
                                world.issuer.token(World.HOST),
                                null)
                        .statusCode());
    }

    @Test
    void a_token_is_verified_without_a_call_to_the_issuer_each_time() {
        String token = world.issuer.token("alice", Role.CLIENT);
        world.call("GET", "/transactions", token, null);
        int before = world.issuer.keysAsked();
        for (int i = 0; i < 50; i++) {
            assertEquals(200, world.call("GET", "/transactions", token, null).statusCode());
            assertEquals(
                    200,
                    world.call("GET", "/transactions", world.issuer.token("bob", Role.CLIENT), null)
                            .statusCode());
        }
        assertEquals(before, world.issuer.keysAsked());
    }

    @Test
    void the_coordinator_sends_its_own_token_and_reloads_a_renewed_one() throws Exception {
        String first = world.issuer.token(World.COORDINATOR);
        World.write("coordinator-token", first);
        String client = world.issuer.token("alice", Role.CLIENT);
        try (Listener foreign = new Listener("127.0.0.1", 0)) {
            register(
                    "foreign",
                    "http://127.0.0.1:" + foreign.port(),
                    world.issuer.token("foreign", Role.RESOURCE_MANAGER));
            Waiting.await().untilAsserted(() -> assertEquals(List.of(first), tokensAfterWrite(foreign, client)));

            String renewed = world.issuer.token(World.COORDINATOR);
            World.write("coordinator-token", renewed);
            Waiting.await().untilAsserted(() -> assertEquals(List.of(renewed), tokensAfterWrite(foreign, client)));

            // Half written, or emptied by accident: the former one is tried on.
            World.write("coordinator-token", "");
            assertEquals(List.of(renewed), tokensAfterWrite(foreign, client));
        } finally {
            World.write("coordinator-token", world.issuer.token(World.COORDINATOR));
        }
    }

    private List<String> tokensAfterWrite(Listener foreign, String client) {
        foreign.forget();
        world.call(
                "POST",
                "/transactions/" + begin(client) + "/writes",
                client,
                "{\"resourceManager\":\"foreign\",\"key\":\"k\",\"value\":1}");
        return foreign.seen("Authorization").stream()
                .map(value -> value.substring("Bearer ".length()))
                .toList();
    }

    private HttpResponse<String> register(String id, String token) {
        return register(id, "http://127.0.0.1:1", token);
    }

    private HttpResponse<String> register(String id, String url, String token) {
        return world.call(
                "PUT",
                "/resource-managers/" + id,
                token,
                "{\"url\":\"%s\",\"instance\":\"%s\"}".formatted(url, UUID.randomUUID()));
    }

    private String begin(String token) {
        HttpResponse<String> begun = world.call("POST", "/transactions", token, "{}");
        assertEquals(201, begun.statusCode(), begun.body());
        return new JsonPath(begun.body()).getString("id");
    }

    private String begin(String token, String key) {
        HttpResponse<String> begun = world.begin(token, key);
        assertEquals(201, begun.statusCode(), begun.body());
        return new JsonPath(begun.body()).getString("id");
    }

    private List<String> ids(String token) {
        return new JsonPath(world.call("GET", "/transactions?limit=1000", token, null)
                        .body())
                .getList("items.id");
    }

    @Test
    void a_client_commits_on_both_resource_managers_and_reads_what_it_wrote() {
        String client = world.issuer.token("caller", Role.CLIENT);
        String body = """
                {"autoCommit":true,"writes":[
                  {"resourceManager":"orders","key":"packaged","value":1},
                  {"resourceManager":"payments","key":"packaged","value":2}]}""";
        // On a loaded machine, a vote may take longer than a second.
        Waiting.await("a commit").untilAsserted(() -> {
            HttpResponse<String> ended = world.call("POST", "/transactions", client, body);
            assertEquals(201, ended.statusCode());
            assertTrue(ended.body().contains("\"state\":\"COMMITTED\""), ended.body());
        });
        HttpResponse<String> read = world.call("GET", "/rm/payments/entries/packaged", client, null);
        assertEquals("{\"key\":\"packaged\",\"value\":2}", read.body());
    }
}

package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dtc.coordinator.TransactionState;
import dtc.protocol.Messages;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jboss.resteasy.reactive.RestPath;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Checks the served OpenAPI document: it describes all operations, parameters and bodies of the resources, in enough
 * detail to generate clients from it.
 */
@QuarkusTest
class OpenApiTest {

    private static final String JSON = "application/json";

    /** Headers that a resource reads without an annotation. */
    private static final Set<String> OTHER_HEADERS = Set.of(Headers.IDEMPOTENCY_KEY);

    private static final Set<String> PROBLEM_MEMBERS =
            Set.of("type", "title", "status", "detail", "transaction", "resourceManager", "violations");

    /** Names of parameters and members that contain a UUID, wherever they occur. */
    private static final Set<String> UUIDS =
            Set.of("transaction", "instance", Headers.INSTANCE, Headers.NEWEST_FORGOTTEN);

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** @param name the method and the path */
    private record Operation(String name, JsonNode node) {

        String method() {
            return name.substring(0, name.indexOf(' '));
        }

        String path() {
            return name.substring(name.indexOf(' ') + 1);
        }
    }

    private JsonNode document = MAPPER.missingNode();

    @BeforeEach
    void readDocument() throws Exception {
        document =
                MAPPER.readTree(RestAssured.get("/q/openapi?format=json").body().asString());
    }

    private List<Operation> operations() {
        return document.path("paths").properties().stream()
                .flatMap(path -> path.getValue().properties().stream()
                        .map(operation -> new Operation(
                                operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                                operation.getValue())))
                .toList();
    }

    private JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? document.at(node.path("$ref").asText().substring(1)) : node;
    }

    private JsonNode schema(String name) {
        return document.at("/components/schemas/" + name);
    }

    private static Set<String> names(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private List<JsonNode> parameters(Operation operation, String in) {
        return StreamSupport.stream(operation.node().path("parameters").spliterator(), false)
                .map(this::resolve)
                .filter(parameter -> parameter.path("in").asText().equals(in))
                .toList();
    }

    private Set<String> parameterNames(Operation operation, String in) {
        return parameters(operation, in).stream()
                .map(parameter -> parameter.path("name").asText())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isNullable(JsonNode schema) {
        return texts(schema.path("type")).contains("null")
                || StreamSupport.stream(schema.path("oneOf").spliterator(), false)
                        .anyMatch(option -> option.path("type").asText().equals("null"));
    }

    @Test
    void operations_have_names_and_descriptions() {
        Set<String> tags =
                document.path("tags").findValuesAsText("name").stream().collect(Collectors.toSet());
        Set<String> ids = new HashSet<>();
        for (Operation operation : operations()) {
            String id = operation.node().path("operationId").asText();
            assertTrue(id.matches("[a-z]+([A-Z][a-z]+)+"), operation.name() + " has the operationId " + id);
            assertTrue(ids.add(id), id + " is the operationId of two operations");
            for (String text : List.of("summary", "description")) {
                assertFalse(operation.node().path(text).asText().isBlank(), operation.name() + " has no " + text);
            }
            Set<String> own = texts(operation.node().path("tags"));
            assertTrue(own.size() == 1 && tags.containsAll(own), operation.name() + " has the tags " + own);
        }
    }

    @Test
    void responses_have_types() {
        for (Operation operation : operations()) {
            JsonNode responses = operation.node().path("responses");
            assertTrue(names(responses).stream().anyMatch(status -> status.matches("20[0-4]")), operation.name());
            assertTrue(names(responses).stream().anyMatch(status -> status.startsWith("4")), operation.name());
            assertTrue(responses.has("default"), operation.name());
            responses.properties().forEach(response -> {
                String name = operation.name() + " " + response.getKey();
                JsonNode resolved = resolve(response.getValue());
                JsonNode content = resolved.path("content");
                assertFalse(resolved.path("description").asText().isBlank(), name);
                if (response.getKey().equals("204")) {
                    assertTrue(content.isMissingNode(), name);
                } else if (response.getKey().startsWith("2")) {
                    assertEquals(Set.of(JSON), names(content), name);
                    assertTrue(content.at("/application~1json/schema").has("$ref"), name);
                } else {
                    assertEquals(Set.of(ProblemException.MEDIA_TYPE), names(content), name);
                    assertEquals(
                            "#/components/schemas/Problem",
                            content.at("/application~1problem+json/schema/$ref").asText(),
                            name);
                }
            });
        }
    }

    @Test
    void respond_async_is_described() {
        for (Operation operation : operations()) {
            assertEquals(
                    parameterNames(operation, "header").contains(Headers.PREFER),
                    operation.node().path("responses").has("202"),
                    operation.name());
        }
    }

    @Test
    void problems_have_all_members() {
        assertEquals(PROBLEM_MEMBERS, names(schema("Problem").path("properties")));
        assertEquals(
                Set.of("type", "title", "status", "detail"),
                texts(schema("Problem").path("required")));
    }

    @Test
    void parameters_have_types() {
        for (Operation operation : operations()) {
            for (JsonNode reference : operation.node().path("parameters")) {
                JsonNode parameter = resolve(reference);
                String name = operation.name() + " " + parameter.path("name").asText();
                JsonNode schema = resolve(parameter.path("schema"));
                assertTrue(schema.has("type"), name);
                assertFalse(parameter.path("description").asText().isBlank(), name);
                switch (parameter.path("name").asText()) {
                    case "limit" -> {
                        assertEquals("integer", schema.path("type").asText(), name);
                        assertEquals(1, schema.path("minimum").asInt(), name);
                        assertTrue(schema.path("maximum").asInt() > 1, name);
                    }
                    case "state" -> assertEquals(schema("TransactionState"), schema, name);
                    case "id", "after" -> {
                        boolean isUuid = operation.path().contains("/transactions");
                        assertEquals(isUuid, schema.path("format").asText().equals("uuid"), name);
                    }
                    default -> checkUuid(parameter.path("name").asText(), schema, name);
                }
            }
        }
    }

    private static void checkUuid(String name, JsonNode schema, String place) {
        if (UUIDS.contains(name)) {
            assertEquals("uuid", schema.path("format").asText(), place);
        }
    }

    @Test
    void bodies_are_required_where_the_resource_needs_one() {
        Set<String> optional = Set.of(
                "POST /transactions",
                "PUT /transactions/{id}/participants/{rm}",
                "POST /rm/{rm}/transactions/{id}/prepare");
        for (Operation operation : operations()) {
            JsonNode body = operation.node().path("requestBody");
            if (!body.isMissingNode()) {
                assertEquals(
                        !optional.contains(operation.name()),
                        body.path("required").asBoolean(),
                        operation.name());
                assertTrue(body.at("/content/application~1json/schema").has("$ref"), operation.name());
            }
        }
    }

    @Test
    void states_are_those_of_the_protocol() {
        Set<String> participant = namesOf(State.values());
        Set<String> transaction = Arrays.stream(TransactionState.values())
                .map(state -> state.externalState().name())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(participant, texts(schema("ParticipantState").path("enum")));
        assertEquals(transaction, texts(schema("TransactionState").path("enum")));
        participant.removeAll(transaction);
        assertEquals(Set.of("PREPARED"), participant);
        assertEquals(namesOf(Vote.values()), texts(schema("Vote").path("enum")));
        assertEquals(namesOf(Outcome.values()), texts(schema("Outcome").path("enum")));
        assertEquals(
                namesOf(Messages.MessageType.values()),
                texts(schema("MessageType").path("enum")));
    }

    private static Set<String> namesOf(Enum<?>[] values) {
        return Arrays.stream(values).map(Enum::name).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void names_of_schemas_are_plain() {
        for (String name : names(document.at("/components/schemas"))) {
            assertTrue(name.matches("[A-Z][A-Za-z]+") && !name.equals("JsonText"), name);
        }
    }

    @TestFactory
    Stream<DynamicTest> bodies_are_described() {
        List<Class<?>> bodies = Arrays.stream(Messages.class.getDeclaredClasses())
                .filter(Class::isRecord)
                .toList();
        assertTrue(bodies.size() > 10);
        return bodies.stream().map(body -> DynamicTest.dynamicTest(body.getSimpleName(), () -> checkBody(body)));
    }

    /** All members of a request are nullable in the code. A member of a response that is null is sent or left out. */
    private void checkBody(Class<?> body) {
        JsonNode schema = schema(body.getSimpleName());
        Set<String> members = new TreeSet<>();
        Set<String> nullable = new TreeSet<>();
        for (RecordComponent component : body.getRecordComponents()) {
            String member = component.getName().equals("condition") ? "if" : component.getName();
            members.add(member);
            if (component.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
                nullable.add(member);
            }
        }
        Set<String> required = texts(schema.path("required"));
        boolean isRequest = nullable.equals(members);
        assertEquals(members, names(schema.path("properties")));
        assertEquals(isRequest, schema.path("additionalProperties").isBoolean());
        schema.path("properties").properties().forEach(property -> {
            String name = property.getKey();
            JsonNode described = property.getValue();
            checkUuid(name, described, name);
            if (name.equals("id")) {
                boolean isUuid = described.path("format").asText().equals("uuid");
                assertEquals(body != Messages.RegistrationDocument.class, isUuid);
            }
            if (isRequest) {
                assertFalse(required.contains(name) && isNullable(described), name + " may be absent, or not be null");
            } else if (nullable.contains(name)) {
                assertEquals(required.contains(name), isNullable(described), name);
            } else {
                assertTrue(required.contains(name) && !isNullable(described), name);
            }
        });
    }

    @Test
    void only_the_resources_are_described() {
        Set<String> described =
                operations().stream().map(Operation::name).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(resourceMethods().keySet()), described);
        assertEquals(new TreeSet<>(Operations.all()), described);
    }

    /** Quarkus REST may select a resource class for a path that does not have the method. */
    @Test
    void operations_are_served() {
        for (Operation operation : operations()) {
            String path = operation
                    .path()
                    .replace("{id}", UUID.randomUUID().toString())
                    .replaceAll("\\{\\w+}", "nobody");
            Response response = RestAssured.given().contentType(JSON).request(operation.method(), path);
            assertNotEquals(405, response.statusCode(), operation.name());
            if (response.statusCode() == 404) {
                assertNotEquals("urn:dtc:http-404", response.jsonPath().getString("type"), operation.name());
            }
        }
    }

    @Test
    void the_parameters_are_those_of_the_resources() {
        Map<String, Method> methods = resourceMethods();
        for (Operation operation : operations()) {
            Method method = methods.get(operation.name());
            if (method == null) {
                continue; // reported by another test
            }
            Set<String> headers = new TreeSet<>();
            Set<String> query = new TreeSet<>();
            Set<String> path = new TreeSet<>();
            for (var parameter : method.getParameters()) {
                HeaderParam header = parameter.getAnnotation(HeaderParam.class);
                if (header != null && !header.value().equals("Content-Type")) {
                    headers.add(header.value());
                }
                QueryParam queryParameter = parameter.getAnnotation(QueryParam.class);
                if (queryParameter != null) {
                    query.add(queryParameter.value());
                }
                if (parameter.isAnnotationPresent(RestPath.class)) {
                    path.add(parameter.getName());
                }
            }
            Set<String> described = parameterNames(operation, "header");
            described.removeAll(OTHER_HEADERS);
            assertEquals(headers, described, operation.name());
            assertEquals(query, parameterNames(operation, "query"), operation.name());
            assertEquals(path, parameterNames(operation, "path"), operation.name());
        }
    }

    @Test
    void the_idempotency_key_is_described() {
        assertEquals(
                List.of("POST /transactions"),
                operations().stream()
                        .filter(operation -> parameterNames(operation, "header").contains(Headers.IDEMPOTENCY_KEY))
                        .map(Operation::name)
                        .toList());
    }

    /**
     * Returns the methods of the resources in this package, by method and path. Interfaces are those of REST clients.
     */
    private static Map<String, Method> resourceMethods() {
        Map<String, Method> methods = new HashMap<>();
        for (JavaClass type : new ClassFileImporter().importPackages("dtc.rest")) {
            if (type.isInterface() || !type.isAnnotatedWith(Path.class)) {
                continue;
            }
            Class<?> resource = type.reflect();
            for (Method method : resource.getDeclaredMethods()) {
                String verb = Arrays.stream(method.getAnnotations())
                        .map(annotation -> annotation.annotationType().getAnnotation(HttpMethod.class))
                        .flatMap(Stream::ofNullable)
                        .map(HttpMethod::value)
                        .findAny()
                        .orElse("");
                if (!verb.isEmpty()) {
                    Path own = method.getAnnotation(Path.class);
                    String path =
                            "/" + resource.getAnnotation(Path.class).value() + "/" + (own == null ? "" : own.value());
                    assertNull(
                            methods.put(
                                    verb + " "
                                            + path.replaceAll("/+", "/")
                                                    .replaceAll("(.)/$", "$1")
                                                    .replaceAll(":[^}]*", ""),
                                    method),
                            path);
                }
            }
        }
        return methods;
    }
}

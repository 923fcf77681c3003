package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.rest.RawResourceManager.Behavior;
import dtc.rest.RawResourceManager.Request;
import dtc.runtime.Registration;
import dtc.runtime.Time;
import dtc.runtime.messaging.ParticipantTransport;
import dtc.security.Outbound;
import dtc.tracing.Tracing;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.io.Closeable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages over real connections: broken connections, interim responses, and the reuse of connections. */
@QuarkusTest
class HttpParticipantTransportTest {

    private static final TransactionId ID = new TransactionId(new UUID(0x7000, 1));
    private static final Message.Write WRITE = new Message.Write(ID, 3, "k", new JsonText("1"));
    private static final Message.Prepare PREPARE = new Message.Prepare(ID, List.of(), 3);
    private static final Message.CommitOnePhase COMMIT_ONE_PHASE = new Message.CommitOnePhase(ID, 3);
    private static final Message.Commit COMMIT = new Message.Commit(ID);
    private static final Message.Rollback ROLLBACK = new Message.Rollback(ID);
    static final List<Message> ALL = List.of(WRITE, PREPARE, COMMIT_ONE_PHASE, COMMIT, ROLLBACK);

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Set<String> KEPT = Set.of(Registration.KEEP_ALIVE);
    private static final Set<String> CHECKED = Set.of(Registration.KEEP_ALIVE, Registration.ONE_PHASE);

    @Inject
    @SuppressWarnings("NullAway.Init")
    ParticipantTransport transport;

    @Inject
    @SuppressWarnings("NullAway.Init")
    ReplyReader reader;

    @Inject
    @SuppressWarnings("NullAway.Init")
    UnexpectedAnswers unexpected;

    @Inject
    @SuppressWarnings("NullAway.Init")
    Time time;

    @Inject
    @SuppressWarnings("NullAway.Init")
    ObjectMapper mapper;

    @Inject
    @SuppressWarnings("NullAway.Init")
    Vertx vertx;

    @ParameterizedTest
    @FieldSource("ALL")
    void interim_responses_are_skipped(Message message) {
        String interim = Stream.of("102 Processing", "100 Continue", "103 Early Hints", "199 Anything")
                .map(status -> "HTTP/1.1 " + status + "\r\nX: y\r\n\r\n")
                .collect(Collectors.joining());
        try (RawResourceManager rm = new RawResourceManager((request, connection) -> {
            connection.write(interim);
            connection.write(RawResourceManager.answer(request));
        })) {
            for (Set<String> features : List.of(Set.<String>of(), KEPT)) {
                for (int i = 0; i < 3; i++) {
                    assertCarriedOut(message, send(rm, features, message));
                }
            }
            assertEquals(6, rm.requests().size());
            assertEquals(
                    4,
                    rm.requests().stream().map(Request::connection).distinct().count(),
                    "the kept connection is used again");
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void the_length_of_a_body_is_sent_also_without_a_body(Message message) {
        try (RawResourceManager rm =
                new RawResourceManager((request, connection) -> connection.write(RawResourceManager.answer(request)))) {
            assertCarriedOut(message, send(rm, KEPT, message));
            Request request = rm.requests().getFirst();
            assertEquals(
                    String.valueOf(request.body().length()), request.headers().get("content-length"));
        }
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void a_switch_of_protocols_is_no_answer(Message message) {
        try (RawResourceManager rm = new RawResourceManager(RawResourceManager.always(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))) {
            assertInstanceOf(Reply.ProtocolError.class, send(rm, KEPT, message));
        }
    }

    static final List<String> BROKEN = List.of(
            "",
            "HTTP/1.1 20",
            "HTTP/1.1 200 OK\r\nContent-",
            "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n",
            """
            HTTP/1.1 200 OK\r
            Content-Type: application/json\r
            Content-Length: 17\r
            \r
            {"vote":"COMMIT\
            """,
            """
            HTTP/1.1 200 OK\r
            Content-Type: application/json\r
            Transfer-Encoding: chunked\r
            \r
            11\r
            {"vote":"COMMIT"}\r
            """);

    @ParameterizedTest
    @FieldSource("BROKEN")
    void a_response_that_breaks_off_is_no_answer(String part) {
        try (RawResourceManager rm = new RawResourceManager((_, connection) -> {
            connection.write(part);
            connection.close();
        })) {
            for (Message message : ALL) {
                Reply reply = send(rm, CHECKED, message);
                if (message instanceof Message.Prepare) {
                    assertEquals(VoteCause.ERROR, ballot(reply).cause());
                } else {
                    assertInstanceOf(Reply.NoAnswer.class, reply);
                }
            }
            assertEquals(2 * ALL.size(), rm.requests().size(), "each is sent once more");
            for (Message message : ALL) {
                send(rm, Set.of(Registration.ONE_PHASE), message);
            }
            assertEquals(3 * ALL.size(), rm.requests().size(), "without kept connections nothing is sent again");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense\r\n\r\n", "HTTP/1.1 2OO OK\r\n\r\n"})
    void a_response_that_is_not_http_is_no_answer(String answer) {
        try (RawResourceManager rm = new RawResourceManager(RawResourceManager.always(answer))) {
            for (Message message : ALL) {
                assertNoSuccess(send(rm, KEPT, message));
            }
        }
    }

    @Test
    void a_response_that_is_too_long_is_no_answer() {
        String vote = "{\"vote\":\"COMMIT\",\"filler\":\"" + "x".repeat(300_000) + "\"}";
        try (RawResourceManager rm = new RawResourceManager(
                RawResourceManager.always(RawResourceManager.response(200, "application/json", vote)))) {
            assertEquals(VoteCause.ERROR, ballot(send(rm, KEPT, PREPARE)).cause());
            assertInstanceOf(Reply.ProtocolError.class, send(rm, KEPT, COMMIT));
        }
    }

    @Test
    void a_response_that_comes_byte_by_byte_is_no_answer_in_time() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        try (RawResourceManager rm = new RawResourceManager((request, connection) -> {
            for (char c : RawResourceManager.answer(request).toCharArray()) {
                connection.write(String.valueOf(c));
                if (ended.await(100, TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        })) {
            long start = System.nanoTime();
            assertEquals(VoteCause.TIMEOUT, ballot(send(rm, KEPT, PREPARE)).cause());
            assertInstanceOf(Reply.NoAnswer.class, send(rm, KEPT, COMMIT));
            Duration patience = Duration.ofMillis(500);
            assertInstanceOf(Reply.NoAnswer.class, join(transport.send(registration(rm, KEPT, 1), COMMIT, patience)));
            assertTrue(Duration.ofNanos(System.nanoTime() - start).compareTo(Duration.ofSeconds(30)) < 0);
        } finally {
            ended.countDown();
        }
    }

    /** Answers the first request on a connection, and closes the connection when the next one comes. */
    private static Behavior closesWhenUsedAgain(RawResourceManager[] self) {
        return (request, connection) -> {
            long onThisConnection = self[0].requests().stream()
                    .filter(earlier -> earlier.connection() == request.connection())
                    .count();
            if (onThisConnection > 1) {
                connection.close();
            } else {
                connection.write(RawResourceManager.answer(request));
            }
        };
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void a_message_on_a_connection_that_is_being_closed_is_sent_again(Message message) {
        RawResourceManager[] self = new RawResourceManager[1];
        try (RawResourceManager rm = new RawResourceManager(closesWhenUsedAgain(self))) {
            self[0] = rm;
            assertCarriedOut(ROLLBACK, send(rm, CHECKED, ROLLBACK));
            assertCarriedOut(message, send(rm, CHECKED, message));
            assertEquals(3, rm.requests().size());
        }
    }

    @Test
    void a_write_is_not_sent_again_if_a_restart_could_go_unnoticed() {
        RawResourceManager[] self = new RawResourceManager[1];
        try (RawResourceManager rm = new RawResourceManager(closesWhenUsedAgain(self))) {
            self[0] = rm;
            assertCarriedOut(ROLLBACK, send(rm, KEPT, ROLLBACK));
            assertInstanceOf(Reply.NoAnswer.class, send(rm, KEPT, WRITE));
            assertEquals(2, rm.requests().size());
        }
    }

    @Test
    void the_refusal_of_a_commit_that_was_sent_twice_counts_as_no_answer() {
        AtomicInteger calls = new AtomicInteger();
        try (RawResourceManager rm = new RawResourceManager((_, connection) -> {
            switch (calls.incrementAndGet()) {
                case 1 -> connection.write(RawResourceManager.NO_CONTENT);
                case 2 -> connection.close();
                default -> connection.write(RawResourceManager.response(409, "application/problem+json", "{}"));
            }
        })) {
            send(rm, CHECKED, ROLLBACK);
            assertInstanceOf(Reply.NoAnswer.class, send(rm, CHECKED, COMMIT_ONE_PHASE));
            assertInstanceOf(Reply.Conflict.class, send(rm, CHECKED, COMMIT_ONE_PHASE));
        }
    }

    @Test
    void no_connection_opened_before_another_instance_registered_is_used() {
        try (RawResourceManager rm =
                new RawResourceManager((request, connection) -> connection.write(RawResourceManager.answer(request)))) {
            ResourceManagerClients clients = new ResourceManagerClients(
                    vertx,
                    new Outbound(null, null, null),
                    new ResourceManagerClients.Settings(LIMIT, 10, LIMIT),
                    () -> 0);
            MessageSender sender =
                    new MessageSender(vertx, clients, new RequestBodies(mapper), reader, unexpected, Tracing.OFF);
            for (long generation : new long[] {1, 1, 2, 2, 1, 5}) {
                Registration target = registration(rm, KEPT, generation);
                assertCarriedOut(
                        COMMIT, join(sender.send(target, COMMIT, LIMIT, false).subscribeAsCompletionStage()));
            }
            // A newer connection may be used for an earlier instance, but not vice versa.
            assertEquals(
                    List.of(1, 1, 2, 2, 2, 3),
                    rm.requests().stream().map(Request::connection).toList());
            // Connections of retired clients can be closed.
            assertInstanceOf(Closeable.class, clients.client(registration(rm, KEPT, 5), true, LIMIT));
        }
    }

    @Test
    void each_message_names_its_resource_manager_and_instance_and_counts_the_writes() {
        try (RawResourceManager rm =
                new RawResourceManager((request, connection) -> connection.write(RawResourceManager.answer(request)))) {
            ALL.forEach(message -> send(rm, KEPT, message));
            join(transport.sendBatch(registration(rm, KEPT, 1), ALL));
            for (Request request : rm.requests()) {
                assertEquals("stock", request.headers().get("DTC-Resource-Manager"));
                assertEquals(new UUID(1, 1).toString(), request.headers().get("DTC-Instance"));
            }
            assertEquals(
                    List.of(
                            "/base/transactions/%s/writes 3 null".formatted(ID),
                            "/base/transactions/%s/prepare null 3".formatted(ID),
                            "/base/transactions/%s/commit null 3".formatted(ID),
                            "/base/transactions/%s/commit null null".formatted(ID),
                            "/base/transactions/%s/rollback null null".formatted(ID),
                            "/base/batch null null"),
                    rm.requests().stream()
                            .map(request -> "%s %s %s"
                                    .formatted(
                                            request.path(),
                                            request.headers().get("DTC-Write-Sequence"),
                                            request.headers().get("DTC-Write-Count")))
                            .toList());
            assertEquals("""
                    {"messages":[{"type":"WRITE","transaction":"ID","sequence":3,"key":"k","value":1},\
                    {"type":"PREPARE","transaction":"ID","writeCount":3},\
                    {"type":"COMMIT","transaction":"ID","writeCount":3},\
                    {"type":"COMMIT","transaction":"ID"},{"type":"ROLLBACK","transaction":"ID"}]}""", rm.requests().getLast().body().replace(ID.toString(), "ID"));
        }
    }

    @Test
    void retry_after_is_passed_on_within_bounds() {
        Stream.of(
                        "0 -",
                        "7 PT7S",
                        "86400 PT30S",
                        "-5 -",
                        "soon -",
                        "Thu,_01_Jan_1970_00:00:00_GMT -",
                        "Fri,_01_Jan_2100_00:00:00_GMT PT30S")
                .forEach(line -> {
                    String[] cells = line.split(" ", -1);
                    for (int status : new int[] {503, 429}) {
                        try (RawResourceManager rm = new RawResourceManager(RawResourceManager.always(String.format(
                                Locale.ROOT,
                                "HTTP/1.1 %d X\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n",
                                status,
                                cells[0].replace('_', ' '))))) {
                            Reply.Unavailable reply = assertInstanceOf(Reply.Unavailable.class, send(rm, KEPT, COMMIT));
                            assertEquals(cells[1], Objects.toString(reply.retryAfter(), "-"), line);
                        }
                    }
                });
    }

    private static void assertCarriedOut(Message message, Reply reply) {
        assertEquals(
                message instanceof Message.Prepare ? new Reply.Voted(Ballot.COMMIT) : new Reply.Acknowledged(), reply);
    }

    private static void assertNoSuccess(Reply reply) {
        assertTrue(
                switch (reply) {
                    case Reply.NoAnswer _, Reply.ProtocolError _ -> true;
                    case Reply.Voted(Ballot ballot) -> ballot.cause() != VoteCause.VOTED;
                    default -> false;
                },
                reply.toString());
    }

    private static Ballot ballot(Reply reply) {
        return assertInstanceOf(Reply.Voted.class, reply).ballot();
    }

    private Reply send(RawResourceManager rm, Set<String> features, Message message) {
        return join(transport.send(registration(rm, features, 1), message));
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static Registration registration(RawResourceManager rm, Set<String> features, long generation) {
        return new Registration(
                "stock",
                rm.url(),
                new UUID(1, 1),
                List.of(),
                features,
                generation,
                false,
                Instant.EPOCH,
                Instant.EPOCH,
                0);
    }
}

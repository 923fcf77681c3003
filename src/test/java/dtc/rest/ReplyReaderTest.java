package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which responses are answers of a resource manager, for each message, and what is logged of all others. */
class ReplyReaderTest {

    private static final TransactionId ID =
            TransactionId.parse("0199f2d4-7a3c-7d21-9f0e-2b1c4d5e6f70").orElseThrow();
    private static final String OTHER = "0199f2d4-7a3c-7d21-9f0e-2b1c4d5e6f71";

    private static final Message.Write WRITE = new Message.Write(ID, 1, "k", new JsonText("1"));
    private static final Message.Prepare PREPARE = new Message.Prepare(ID, List.of(), 1);
    private static final Message.CommitOnePhase ONE_PHASE = new Message.CommitOnePhase(ID, 1);
    private static final Message.Commit COMMIT = new Message.Commit(ID);
    private static final Message.Rollback ROLLBACK = new Message.Rollback(ID);
    private static final List<Message> MESSAGES = List.of(WRITE, PREPARE, ONE_PHASE, COMMIT, ROLLBACK);

    /**
     * The reply to write, prepare, one-phase commit, and commit or rollback. An asterisk: no answer if the resource
     * manager announces contract-2.
     */
    private static final String TABLE = """
            status | content type             | body                                   | write         | prepare       | one phase     | outcome
            204    |                          |                                        | Acknowledged  | ProtocolError | Acknowledged  | Acknowledged
            204    | text/html                |                                        | Acknowledged  | ProtocolError | Acknowledged  | Acknowledged
            200    |                          |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {}                                     | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT"}                      | ProtocolError | COMMIT        | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"READ_ONLY","more":[1]}        | ProtocolError | READ_ONLY     | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"ABORT","reason":"no"}         | ProtocolError | ABORT         | ProtocolError | ProtocolError
            200    | Application/JSON;a=b     | {"vote":"COMMIT"}                      | ProtocolError | COMMIT        | ProtocolError | ProtocolError
            200    | application/json ; x     | {"vote":"COMMIT"}                      | ProtocolError | COMMIT        | ProtocolError | ProtocolError
            200    | application/json         | BOM{"vote":"COMMIT"}                   | ProtocolError | COMMIT        | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT","transaction":"ID"}   | ProtocolError | COMMIT        | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT","transaction":"iD"}   | ProtocolError | COMMIT        | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT","transaction":"OTHER"}| ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT","transaction":7}      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT","error":"\\xFF"}      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"commit"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":true}                          | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":["COMMIT"]}                    | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT","vote":"ABORT"}       | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT"} x                    | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | {"vote":"COMMIT"                       | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | [{"vote":"COMMIT"}]                    | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json         | "COMMIT"                               | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | text/html                | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | text/json                | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/jsonp        | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/problem+json | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    | application/json+application/json | {"vote":"COMMIT"}             | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            200    |                          | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            201    | application/json         | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            202    | application/json         | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            203    | application/json         | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            205    |                          |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            206    | application/json         | {"vote":"COMMIT"}                      | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            301    | text/html                |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            304    |                          |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            307    |                          |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            400    | application/problem+json | {"transaction":"ID"}                   | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            401    |                          |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            403    | application/problem+json | {"transaction":"ID"}                   | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            404    |                          |                                        | NotFound      | ProtocolError | ProtocolError | ProtocolError
            404    | text/html                | <html>                                 | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            404    | application/json         | {"transaction":"ID"}                   | NotFound      | ProtocolError | ProtocolError | ProtocolError
            404    | application/problem+json | {"detail":"unknown"}                   | NotFound      | ProtocolError | NotFound*     | NotFound*
            404    | application/problem+json | {"transaction":null}                   | NotFound      | ProtocolError | NotFound*     | NotFound*
            404    | application/problem+json | {"transaction":"ID"}                   | NotFound      | ProtocolError | NotFound      | NotFound
            404    | Application/Problem+Json;charset=utf-8 | {"transaction":"iD"}     | NotFound      | ProtocolError | NotFound      | NotFound
            404    | application/problem+json | {"transaction":"OTHER"}                | NotFound      | ProtocolError | ProtocolError | ProtocolError
            404    | application/problem+json | {"transaction":["ID"]}                 | NotFound      | ProtocolError | ProtocolError | ProtocolError
            404    | application/problem+json | {"transaction":"ID"                    | NotFound      | ProtocolError | ProtocolError | ProtocolError
            404    | application/problem+json |                                        | NotFound      | ProtocolError | ProtocolError | ProtocolError
            409    |                          |                                        | Conflict      | ProtocolError | ProtocolError | ProtocolError
            409    | text/html                | <html>                                 | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            409    | application/json         | {}                                     | Conflict      | ProtocolError | ProtocolError | ProtocolError
            409    | application/problem+json | {}                                     | Conflict      | ProtocolError | Conflict*     | Conflict*
            409    | application/problem+json | {"transaction":"ID"}                   | Conflict      | ProtocolError | Conflict      | Conflict
            409    | application/problem+json | {"transaction":"OTHER"}                | Conflict      | ProtocolError | ProtocolError | ProtocolError
            413    | text/html                |                                        | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            421    | application/problem+json | {"transaction":"ID"}                   | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            429    |                          |                                        | Unavailable   | Unavailable   | Unavailable   | Unavailable
            500    | application/problem+json | {"transaction":"ID"}                   | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            502    | text/html                | <html>                                 | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            503    | text/html                | <html>                                 | Unavailable   | Unavailable   | Unavailable   | Unavailable
            504    | text/html                | <html>                                 | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            507    | text/html                | <html>                                 | ProtocolError | ProtocolError | ProtocolError | ProtocolError
            507    | application/problem+json | {}                                     | NoRoom        | ProtocolError | NoRoom*       | ProtocolError
            507    | application/problem+json | {"transaction":"ID"}                   | NoRoom        | ProtocolError | NoRoom        | ProtocolError
            """;

    static Stream<Arguments> table() {
        return TABLE.lines().skip(1).flatMap(line -> {
            List<String> cells =
                    Stream.of(line.split("\\|", -1)).map(String::strip).toList();
            HttpAnswer answer = answer(Integer.parseInt(cells.get(0)), cells.get(1), cells.get(2));
            List<String> expected = List.of(cells.get(3), cells.get(4), cells.get(5), cells.get(6), cells.get(6));
            return Stream.of(false, true)
                    .flatMap(contract2 -> Stream.of(0, 1, 2, 3, 4)
                            .map(i -> Arguments.of(
                                    line.substring(0, 75), MESSAGES.get(i), contract2, answer, expected.get(i))));
        });
    }

    private static HttpAnswer answer(int status, String contentTypes, String body) {
        String text = body.replace("OTHER", OTHER)
                .replace("iD", ID.toString().toUpperCase(Locale.ROOT))
                .replace("ID", ID.toString())
                .replace("BOM", "\u00EF\u00BB\u00BF")
                .replace("\\xFF", "\u00FF");
        return new HttpAnswer(
                status,
                contentTypes.isEmpty()
                        ? List.of()
                        : List.of(
                                contentTypes.split("json\\+(?=a)", 2).length == 2
                                        ? new String[] {"application/json", "application/json"}
                                        : new String[] {contentTypes}),
                null,
                Buffer.buffer(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private final List<String> logged = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            logged.add(entry.getMessage() + " "
                    + List.of(entry.getParameters() == null ? new Object[0] : entry.getParameters()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private final FakeTime time = new FakeTime();
    private final ReplyReader reader = reader();

    private ReplyReader reader() {
        ObjectMapper mapper = new ObjectMapper();
        new JsonTextModule().customize(mapper);
        return new ReplyReader(mapper, time, new UnexpectedAnswers(time));
    }

    @BeforeEach
    void listen() {
        Logger.getLogger(UnexpectedAnswers.class.getName()).addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        Logger.getLogger(UnexpectedAnswers.class.getName()).removeHandler(handler);
    }

    @ParameterizedTest(name = "{0} to {1}, contract-2 {2}: {4}")
    @MethodSource("table")
    void every_response_to_every_message(
            String name, Message message, boolean contract2, HttpAnswer answer, String expected) {
        String wanted = !expected.endsWith("*")
                ? expected
                : contract2 ? "ProtocolError" : expected.substring(0, expected.length() - 1);
        assertEquals(wanted, name(reader.read(target(contract2), message, answer)));
        assertEquals(wanted.equals("ProtocolError") ? 1 : 0, logged.size(), () -> "logged " + logged);
    }

    private static String name(Reply reply) {
        return reply instanceof Reply.Voted(var ballot) && ballot.cause() == VoteCause.VOTED
                ? ballot.vote().name()
                : reply.getClass().getSimpleName();
    }

    /** Elements: those of a commit; and what remains of them for a resource manager that announces contract-2. */
    private static final String ELEMENTS = """
            {"status":204}                              | Acknowledged* | ProtocolError
            {"status":204,"transaction":"ID"}           | Acknowledged  | ProtocolError
            {"status":204,"transaction":"OTHER"}        | ProtocolError | ProtocolError
            {"status":"204","transaction":"ID"}         | ProtocolError | ProtocolError
            {"status":204.0,"transaction":"ID"}         | ProtocolError | ProtocolError
            {"status":200,"transaction":"ID"}           | ProtocolError | ProtocolError
            {"status":200,"vote":"COMMIT"}              | ProtocolError | COMMIT*
            {"status":200,"vote":"COMMIT","transaction":"ID"} | ProtocolError | COMMIT
            {"status":200,"vote":"COMMIT","transaction":"OTHER"} | ProtocolError | ProtocolError
            {"status":201,"vote":"COMMIT","transaction":"ID"} | ProtocolError | ProtocolError
            {"status":202,"transaction":"ID"}           | alone         | alone
            {"status":202,"transaction":"OTHER"}        | ProtocolError | ProtocolError
            {"status":404}                              | NotFound*     | ProtocolError
            {"status":404,"transaction":"ID"}           | NotFound      | ProtocolError
            {"status":409,"transaction":"ID"}           | Conflict      | ProtocolError
            {"status":409,"transaction":"OTHER"}        | ProtocolError | ProtocolError
            {"status":503,"transaction":"ID"}           | Unavailable   | Unavailable
            {"status":507,"transaction":"ID"}           | ProtocolError | ProtocolError
            {}                                          | ProtocolError | ProtocolError
            null                                        | ProtocolError | ProtocolError
            7                                           | ProtocolError | ProtocolError
            """;

    static Stream<Arguments> elements() {
        return ELEMENTS.lines().flatMap(line -> {
            List<String> cells =
                    Stream.of(line.split("\\|", -1)).map(String::strip).toList();
            return Stream.of(false, true)
                    .flatMap(contract2 -> Stream.of(COMMIT, PREPARE)
                            .map(message -> Arguments.of(
                                    cells.getFirst(),
                                    message,
                                    contract2,
                                    cells.get(message instanceof Message.Commit ? 1 : 2))));
        });
    }

    @ParameterizedTest(name = "{0} to {1}, contract-2 {2}: {3}")
    @MethodSource("elements")
    void every_element_of_a_batch(String element, Message message, boolean contract2, String expected) {
        String wanted = !expected.endsWith("*")
                ? expected
                : contract2 ? "ProtocolError" : expected.substring(0, expected.length() - 1);
        HttpAnswer answer = answer(200, "application/json", "{\"answers\":[%s]}".formatted(element));
        List<Optional<Reply>> replies = reader.readBatch(target(contract2), List.of(message), answer);
        assertEquals(wanted, replies.getFirst().map(ReplyReaderTest::name).orElse("alone"));
    }

    @Test
    void answers_to_other_messages_of_the_batch_are_no_answers() {
        Message other = new Message.Rollback(TransactionId.parse(OTHER).orElseThrow());
        HttpAnswer swapped = answer(200, "application/json", """
                {"answers":[{"status":204,"transaction":"OTHER"},{"status":204,"transaction":"ID"}]}""");
        List<Optional<Reply>> replies = reader.readBatch(target(false), List.of(COMMIT, other), swapped);
        assertEquals(
                List.of("ProtocolError", "ProtocolError"),
                replies.stream().map(reply -> name(reply.orElseThrow())).toList());
    }

    @Test
    void a_batch_that_is_not_json_is_resent_message_by_message_unless_it_is_for_another_resource_manager() {
        String body = "{\"answers\":[{\"status\":204,\"transaction\":\"ID\"}]}";
        for (String contentType : List.of("", "text/html", "application/problem+json")) {
            assertEquals(List.of(), reader.readBatch(target(true), List.of(COMMIT), answer(200, contentType, body)));
        }
        assertEquals(List.of(), reader.readBatch(target(true), List.of(COMMIT), answer(206, "application/json", body)));
        assertEquals(
                "ProtocolError",
                name(reader.readBatch(target(true), List.of(COMMIT), answer(421, "", ""))
                        .getFirst()
                        .orElseThrow()));
        assertEquals(
                "Unavailable",
                name(reader.readBatch(target(true), List.of(PREPARE), answer(429, "", ""))
                        .getFirst()
                        .orElseThrow()));
    }

    @Test
    void an_unexpected_answer_is_logged_once_with_what_to_change() {
        for (int i = 0; i < 100; i++) {
            reader.read(target(false), COMMIT, answer(200, "application/json", "{}"));
        }
        assertEquals(1, logged.size());
        for (String part : List.of("stock", "a commit", "200 instead of 204", "Return 204")) {
            assertTrue(logged.getFirst().contains(part), logged.getFirst() + " lacks " + part);
        }
        reader.read(target(false), ROLLBACK, answer(200, "application/json", "{}"));
        assertEquals(2, logged.size(), "another message");
        reader.read(target(false), ROLLBACK, answer(500, "", ""));
        assertEquals(3, logged.size(), "another kind of answer");
        reader.read(target(false).withInstance(new UUID(2, 2)), ROLLBACK, answer(500, "", ""));
        assertEquals(4, logged.size(), "another instance");
    }

    @Test
    void an_unexpected_answer_is_logged_again_after_an_hour_without_it() {
        for (int minutes : new int[] {0, 40, 40}) {
            time.advance(Duration.ofMinutes(minutes));
            reader.read(target(false), COMMIT, answer(200, "", ""));
        }
        assertEquals(1, logged.size());
        time.advance(Duration.ofMinutes(61));
        reader.read(target(false), COMMIT, answer(200, "", ""));
        assertEquals(2, logged.size());
    }

    @Test
    void a_batch_without_an_answer_is_logged() {
        reader.readBatch(target(false), List.of(COMMIT), answer(200, "text/html", "<html>"));
        assertEquals(1, logged.size());
        assertTrue(logged.getFirst().contains("a batch"), logged.getFirst());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    application/problem+json  | {"detail":"no space left","title":"Error"} | : no space left
                    application/json          | {"error":"no space left"}                  | : no space left
                    application/json          | {"message":"no space left","code":7}       | : no space left
                    application/json          | {"error":{"code":7}}                       | ' as application/json'
                    text/plain; charset=utf-8 | no space left                              | : no space left
                    text/html                 | <h1>no space left</h1>                     | ' as text/html'
                    """)
    void the_error_text_of_the_resource_manager_is_part_of_the_reply(String contentType, String body, String text) {
        assertEquals(
                "it answered 500" + text,
                reader.read(target(false), COMMIT, answer(500, contentType, body))
                        .detail());
        assertEquals(
                "it answered 500 instead of a vote" + (text.startsWith(":") ? text : ""),
                reader.read(target(false), PREPARE, answer(500, contentType, body))
                        .detail());
        assertEquals(
                "it answered 503" + text,
                reader.read(target(false), ROLLBACK, answer(503, contentType, body))
                        .detail());
    }

    @Test
    void the_error_text_in_a_batch_is_part_of_the_reply() {
        String body = "{\"answers\":[{\"status\":500,\"transaction\":\"ID\",\"detail\":\"no space left\"},"
                + "{\"status\":500,\"transaction\":\"ID\",\"reason\":\"no space left\"}]}";
        List<Optional<Reply>> replies =
                reader.readBatch(target(true), List.of(COMMIT, PREPARE), answer(200, "application/json", body));
        assertEquals(
                List.of("it answered 500: no space left", "it answered 500 instead of a vote: no space left"),
                replies.stream().map(reply -> reply.orElseThrow().detail()).toList());
    }

    private static Registration target(boolean contract2) {
        return new Registration(
                "stock",
                "http://localhost:1",
                new UUID(1, 1),
                List.of(),
                contract2 ? Set.of(Registration.CONTRACT_2) : Set.of(),
                1,
                false,
                Instant.EPOCH,
                Instant.EPOCH,
                0);
    }
}

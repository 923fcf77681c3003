package dtc.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReplyTableTest {

    private static final String NAME = "orders";
    private static final UUID INSTANCE = new UUID(1, 1);
    private static final TransactionId ID = new TransactionId(new UUID(0, 1));

    private static final List<Message> MESSAGES = List.of(
            new Message.Write(ID, 1, "key", new JsonText("1")),
            new Message.Prepare(ID, List.of(), 1),
            new Message.CommitOnePhase(ID, 1),
            new Message.Commit(ID),
            new Message.Rollback(ID));

    private static final List<Reply> REPLIES = List.of(
            new Reply.Acknowledged(),
            new Reply.Voted(Ballot.COMMIT),
            new Reply.NotFound("why"),
            new Reply.Conflict("why"),
            new Reply.NoRoom("why"),
            new Reply.Unavailable("why"),
            new Reply.Unreachable("why"),
            new Reply.NoAnswer("why"),
            new Reply.ProtocolError("why"));

    /** The event for each message, or the cause of the vote; the last column is the refusal of a write. */
    private static final String TABLE = """
            reply          Write        Prepare      CommitOnePhase     Commit        Rollback      refusal
            Acknowledged   WriteStaged  ERROR        OnePhaseCommitted  Acknowledged  Acknowledged  -
            Voted          WriteFailed  VOTED        Unanswered         Unanswered    Unanswered    RESOURCE_MANAGER_FAILED
            NotFound       WriteFailed  ERROR        OnePhaseRefused    Lost          Lost          RESOURCE_MANAGER_FAILED
            Conflict       WriteFailed  ERROR        OnePhaseRefused    Contradicted  Contradicted  WRONG_STATE
            NoRoom         WriteFailed  ERROR        OnePhaseRefused    Unanswered    Unanswered    NO_ROOM
            Unavailable    WriteFailed  ERROR        Unanswered         Unanswered    Unanswered    OVERLOADED
            Unreachable    WriteFailed  UNREACHABLE  OnePhaseRefused    Unanswered    Unanswered    RESOURCE_MANAGER_UNRESPONSIVE
            NoAnswer       WriteFailed  TIMEOUT      Unanswered         Unanswered    Unanswered    RESOURCE_MANAGER_UNRESPONSIVE
            ProtocolError  WriteFailed  ERROR        Unanswered         Unanswered    Unanswered    RESOURCE_MANAGER_FAILED
            """;

    static Stream<Arguments> cells() {
        return TABLE.lines().skip(1).flatMap(line -> {
            List<String> cells = Arrays.asList(line.split(" +", -1));
            List<Arguments> row = new ArrayList<>();
            for (int i = 0; i < MESSAGES.size(); i++) {
                row.add(Arguments.of(reply(cells.getFirst()), MESSAGES.get(i), cells.get(i + 1)));
            }
            return row.stream();
        });
    }

    static Stream<Arguments> refusals() {
        return TABLE.lines().skip(1).map(line -> {
            List<String> cells = Arrays.asList(line.split(" +", -1));
            return Arguments.of(reply(cells.getFirst()), cells.getLast());
        });
    }

    private static Reply reply(String name) {
        return REPLIES.stream()
                .filter(reply -> reply.getClass().getSimpleName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void the_table_is_complete() {
        assertEquals(Set.of(Reply.class.getPermittedSubclasses()), kinds(REPLIES));
        assertEquals(Set.of(Message.class.getPermittedSubclasses()), kinds(MESSAGES));
        assertEquals((long) REPLIES.size() * MESSAGES.size(), cells().count());
    }

    private static Set<Class<?>> kinds(List<?> all) {
        Set<Class<?>> kinds = new HashSet<>();
        all.forEach(one -> kinds.add(one.getClass()));
        return kinds;
    }

    @ParameterizedTest(name = "{0} to {1} is {2}")
    @MethodSource("cells")
    void every_reply_to_every_message(Reply reply, Message message, String expected) {
        CoordinatorEvent event = ReplyTable.event(NAME, INSTANCE, message, reply);
        String found = event instanceof CoordinatorEvent.VoteArrived vote
                ? vote.ballot().cause().name()
                : event.getClass().getSimpleName();
        assertEquals(expected, found);
    }

    @ParameterizedTest(name = "{0} refuses the write as {1}")
    @MethodSource("refusals")
    void every_failed_write_is_refused(Reply reply, String expected) {
        if (expected.equals("-")) {
            assertThrows(IllegalArgumentException.class, () -> ReplyTable.refusal(reply));
        } else {
            assertEquals(Refusal.Kind.valueOf(expected), ReplyTable.refusal(reply));
        }
    }

    @Test
    void an_ambiguous_reply_to_a_resent_message_counts_as_no_answer() {
        for (Message message : MESSAGES) {
            for (Reply reply : REPLIES) {
                boolean isCommit = message instanceof Message.Commit || message instanceof Message.CommitOnePhase;
                boolean isAmbiguous = switch (reply.getClass().getSimpleName()) {
                    case "Unreachable" -> !(message instanceof Message.Prepare);
                    case "NotFound", "Conflict", "NoRoom" -> isCommit;
                    default -> false;
                };
                assertEquals(
                        isAmbiguous ? new Reply.NoAnswer("why") : reply,
                        ReplyTable.interpretAfterResend(message, reply),
                        () -> reply + " to " + message);
            }
        }
    }

    @Test
    void a_write_without_an_answer_makes_its_participant_unresponsive() {
        for (Reply reply : REPLIES) {
            if (ReplyTable.event(NAME, INSTANCE, MESSAGES.getFirst(), reply)
                    instanceof CoordinatorEvent.WriteFailed failed) {
                assertEquals(reply instanceof Reply.NoAnswer || reply instanceof Reply.Unreachable, failed.noAnswer());
                assertEquals(reply.detail(), failed.reason());
            }
        }
    }

    @Test
    void a_vote_carries_the_instance_that_is_registered() {
        CoordinatorEvent event = ReplyTable.event(
                NAME, INSTANCE, new Message.Prepare(ID, List.of(), 1), new Reply.Voted(Ballot.READ_ONLY));
        assertEquals(new CoordinatorEvent.VoteArrived(NAME, INSTANCE, Ballot.READ_ONLY), event);
    }
}

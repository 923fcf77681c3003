package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an operator sees of a log. */
class LogDumpTest {

    private static final String FIRST = "segment-0000000001.log";

    private final FaultyStorage storage = new FaultyStorage();
    private final FileLogFixture process = new FileLogFixture(storage);
    private final List<JsonNode> lines = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        process.open();
    }

    private boolean dump() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        List<String> text = new ArrayList<>();
        boolean well = LogDump.dump(storage, text::add);
        for (String line : text) {
            lines.add(mapper.readTree(line));
        }
        return well;
    }

    private List<String> kinds() {
        return lines.stream().map(line -> line.path("kind").asText()).toList();
    }

    @Test
    void each_record_is_a_line_and_nothing_is_changed() throws IOException {
        process.log().decide(Records.committing(1));
        process.log().end(Records.rolledBack(2, "a \"quoted\" \\ reason\n\twith \u0001 and \uD83D\uDE80"));
        process.log().forget(Records.id(1));
        Set<Object> before = storage.whatIsSeen();
        int changes = storage.changes;

        assertTrue(dump(), "while the log is open, and locked");
        assertEquals(List.of("transaction", "transaction", "forgotten"), kinds());
        JsonNode decision = lines.getFirst();
        assertEquals(FIRST, decision.path("segment").asText());
        assertEquals(Segment.HEAD_BYTES, decision.path("offset").asInt());
        assertEquals(Records.id(1).toString(), decision.path("id").asText());
        assertEquals("COMMITTING", decision.path("state").asText());
        assertEquals("2026-11-23T10:00:00.124Z", decision.path("startedAt").asText());
        assertFalse(decision.has("finishedAt"));
        assertEquals(
                "payments",
                decision.path("participants").path(1).path("resourceManager").asText());
        assertEquals(
                "a \"quoted\" \\ reason\n\twith \u0001 and \uD83D\uDE80",
                lines.get(1).path("reason").asText());
        assertEquals(Records.id(1).toString(), lines.get(2).path("id").asText());
        assertEquals(storage.size(FIRST), end(lines.get(2)));
        assertEquals(before, storage.whatIsSeen());
        assertEquals(changes, storage.changes);
    }

    private static long end(JsonNode line) {
        return line.path("offset").asLong() + line.path("length").asLong();
    }

    @Test
    void a_torn_tail_is_a_line_and_no_reason_for_concern() throws IOException {
        process.log().decide(Records.committing(1));
        process.log().decide(Records.committing(2));
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length - 3));

        assertTrue(dump());
        assertEquals(List.of("transaction", "tail"), kinds());
        assertEquals(storage.size(FIRST), end(lines.get(1)));
        assertTrue(lines.get(1).path("why").asText().startsWith("a record of "), lines.toString());
    }

    @Test
    void a_bad_record_is_a_line_and_those_behind_it_too() throws IOException {
        for (int i = 0; i < 3; i++) {
            process.log().decide(Records.committing(i));
        }
        byte[] bytes = storage.bytes(FIRST);
        bytes[Segment.HEAD_BYTES + 30] ^= 1;
        storage.put(FIRST, bytes);

        assertFalse(dump());
        assertEquals(List.of("bad", "transaction", "transaction"), kinds());
        assertEquals(end(lines.getFirst()), lines.get(1).path("offset").asLong());
        assertTrue(lines.getFirst().path("why").asText().startsWith("the checksum is "), lines.toString());
    }

    @Test
    void room_is_a_line_and_a_hole_before_it_a_torn_tail() throws IOException {
        process.log().decide(Records.committing(1));
        process.hold();
        process.log().decide(Records.committing(2));
        process.log().decide(Records.committing(3));
        process.release();
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length + 100));

        assertTrue(dump());
        assertEquals(List.of("transaction", "transaction", "transaction", "room"), kinds());
        assertEquals(100, lines.getLast().path("length").asInt());
        int second = Segment.HEAD_BYTES + (whole.length - Segment.HEAD_BYTES) / 3;
        Arrays.fill(whole, second, second + 50, (byte) 0);
        storage.put(FIRST, whole);
        lines.clear();

        assertTrue(dump());
        assertEquals(List.of("transaction", "tail"), kinds());
    }

    @Test
    void a_gap_and_a_bad_head_are_lines() throws IOException {
        for (int i = 0; storage.names().size() < 4; i++) {
            process.log().decide(Records.committing(i));
        }
        storage.lose("segment-0000000002.log");
        storage.put(FIRST, new byte[30]);

        assertFalse(dump());
        assertEquals(List.of("bad", "bad", "transaction"), kinds().subList(0, 3));
        assertEquals(
                "this is not a segment of a decision log",
                lines.getFirst().path("why").asText());
        assertEquals("segment-0000000003.log", lines.get(1).path("segment").asText());
    }

    @Test
    void an_empty_directory_has_no_lines() throws IOException {
        storage.lose(FIRST);

        assertTrue(dump());
        assertEquals(List.of(), lines);
    }
}

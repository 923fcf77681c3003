package dtc.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordCodecTest {

    private static final List<State> RECORDED =
            List.of(State.COMMITTING, State.PREPARING, State.COMMITTED, State.ROLLED_BACK, State.HEURISTIC);

    private static final TransactionId ID = SampleRecords.id(1);

    /** Committed, started at 1 ms, expires at 2 ms. */
    private static final String BARE = "02 010106 020101 03080000000000000001 04080000000000000002";

    /** The same in version 1. */
    private static final String LEGACY =
            "01 0199f2d400007000 8000000000000001 060100 0000000000000001 0000000000000002 0000";

    /** Resource manager "o", committed, voted COMMIT. */
    private static final String PARTICIPANT = "01016f 021000000000000000010000000000000002 030106 040101";

    /** Every value of every enumeration, and everything that is optional. */
    static Stream<TransactionRecord> records() {
        return Stream.concat(
                IntStream.range(0, 144)
                        .mapToObj(i -> SampleRecords.full(
                                i,
                                at(RECORDED.toArray(State[]::new), i),
                                at(Outcome.values(), i),
                                at(Cause.values(), i),
                                at(State.values(), i),
                                at(Vote.values(), i))),
                Stream.of(
                        SampleRecords.bare(200),
                        SampleRecords.committing(201),
                        SampleRecords.committed(202),
                        SampleRecords.rolledBack(203, ""),
                        SampleRecords.rolledBack(204, "x".repeat(RecordCodec.REASON_CHARS_MAX)),
                        SampleRecords.rolledBack(205, "\uD83D\uDE80".repeat(RecordCodec.REASON_CHARS_MAX / 2)),
                        SampleRecords.resolved(206)));
    }

    private static <E> E at(E[] values, int i) {
        return values[i % values.length];
    }

    @ParameterizedTest
    @MethodSource("records")
    void a_record_is_decoded_as_it_was_encoded(TransactionRecord record) {
        assertEquals(record, RecordCodec.decode(record.id(), RecordCodec.encode(record, 0)));
    }

    @Test
    void a_long_reason_is_truncated_between_characters() {
        String reason = "x".repeat(RecordCodec.REASON_CHARS_MAX - 1) + "\uD83D\uDE80 and more";

        assertEquals(
                SampleRecords.rolledBack(1, "x".repeat(RecordCodec.REASON_CHARS_MAX - 1)),
                RecordCodec.decode(ID, RecordCodec.encode(SampleRecords.rolledBack(1, reason), 0)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 127, 128, 16_383, 16_384, 70_000})
    void a_text_may_have_any_length(int length) {
        String text = "p".repeat(length);
        TransactionRecord bare = SampleRecords.bare(1);
        TransactionRecord record = new TransactionRecord(
                bare.id(),
                bare.state(),
                bare.decision(),
                new Origin(text, new Origin.Request(text, text)),
                bare.startedAt(),
                bare.expiresAt(),
                null,
                null,
                null,
                null,
                List.of(new TransactionRecord.ParticipantRecord(
                        text, new UUID(1, 2), State.COMMITTED, null, null, null)),
                null);

        assertEquals(record, RecordCodec.decode(ID, RecordCodec.encode(record, 0)));
    }

    /** Existing logs have this layout. */
    @Test
    void the_layout_does_not_change() {
        for (String hex : List.of(BARE, BARE + "0c1b" + PARTICIPANT + "0c1b" + PARTICIPANT)) {
            assertEquals(ByteBuffer.wrap(bytes(hex)), RecordCodec.encode(decoded(hex), 0));
        }
    }

    @Test
    void an_unknown_ancillary_field_is_ignored() {
        assertEquals(decoded(BARE), decoded(BARE + "8003616263 ff00"));
        assertEquals(decoded(BARE + "0c1b" + PARTICIPANT), decoded(BARE + "0c1e" + PARTICIPANT + "900107"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0d03616263                     | field 13 of the transaction is not supported by this program, or is out of order
            8000 7f00                      | field 127 of the transaction is not supported by this program, or is out of order
            010106                         | field 1 of the transaction is not supported by this program, or is out of order
            0b00                           | field 1 of the resolution is missing
            0a09 01016b 020166 030178      | field 3 of the request is not supported by this program, or is out of order
            0701                           | the transaction is truncated
            07                             | the transaction is truncated
            07ff                           | the transaction is truncated
            070163                         | unknown cause 99
            07020101                       | field 7 of the transaction has 2 bytes instead of 1
            07ffffffffffff                 | the transaction has a field with an invalid length
            07ffffffff0f01                 | the transaction is truncated
            """)
    void a_field_that_cannot_be_read_is_refused(String added, String message) {
        assertEquals(message, refusal(BARE + added));
    }

    @Test
    void a_record_without_a_required_field_is_refused() {
        assertEquals("field 1 of the transaction is missing", refusal("02"));
        assertEquals("field 2 of the transaction is missing", refusal("02 010106"));
        assertEquals("field 3 of the transaction is missing", refusal("02 010106 020101 8000"));
        assertEquals("unknown state 77", refusal("02 01014d"));
        assertEquals("the record is empty", refusal(""));
    }

    @Test
    void a_later_version_is_refused() {
        assertEquals("version 3 of transaction records is not supported by this program", refusal("03 010106"));
    }

    // Version 1

    @Test
    void a_record_of_version_1_is_read() {
        assertEquals(decoded(BARE), decoded(LEGACY));
    }

    @Test
    void a_damaged_record_of_version_1_is_refused() {
        assertEquals("the record has 1 extra bytes", refusal(LEGACY + "00"));
        assertEquals("the record is truncated", refusal(LEGACY.substring(0, LEGACY.length() - 2)));
        assertEquals("unknown state 77", refusal(LEGACY.replace(" 060100 ", " 4d0100 ")));
        assertEquals("unknown flags 0x80", refusal(LEGACY.replace(" 060100 ", " 060180 ")));
        assertEquals(
                "the record belongs to another transaction, " + SampleRecords.id(2),
                refusal(LEGACY.replace("8000000000000001", "8000000000000002")));
    }

    private static TransactionRecord decoded(String hex) {
        return RecordCodec.decode(ID, ByteBuffer.wrap(bytes(hex)));
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static String refusal(String hex) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> decoded(hex)).getMessage());
    }
}

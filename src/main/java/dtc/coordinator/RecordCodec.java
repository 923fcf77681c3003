package dtc.coordinator;

import dtc.coordinator.TransactionRecord.ParticipantRecord;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Encodes and decodes transaction records. The first byte is the version of the schema. Version 1 is read by
 * {@link LegacyRecordCodec}. In version 2, it is followed by fields. A field is a tag (1 byte), the length of the value
 * (unsigned LEB128: 7 bits per byte, least significant first), and the value.
 *
 * <pre>
 *  1 state, 2 decision           codes (1 byte), see {@link Codes}
 *  3 startedAt, 4 expiresAt      milliseconds since 1970 (8 bytes, big-endian)
 *  5 decidedAt, 6 finishedAt     likewise; optional
 *  7 cause                       code; optional
 *  8 reason, 9 principal         texts (UTF-8); optional
 * 10 request                     fields: 1 key, 2 fingerprint; optional
 * 11 resolution                  fields: 1 by, 2 at, 3 reason; optional
 * 12 participant                 fields: 1 resource manager, 2 instance (16 bytes), 3 state, 4 vote (optional),
 *                                5 reason (optional), 6 given up (fields like 11; optional); once for each
 *                                participant
 * 128 observed                  how long coordinators had run on this log when the record was appended, in milliseconds
 *                               (8 bytes); optional. Retention is measured by it, since the wall clock may jump.
 * </pre>
 *
 * <p>The id is not encoded: the log stores it with the bytes. Tags are in ascending order. Only participants are
 * repeated.
 *
 * <p>Schema evolution follows PNG. Tags 1 to 127 are critical: a reader rejects a record with an unknown critical tag.
 * Tags 128 to 255 are ancillary: a reader ignores unknown ones, and an older program drops them when it writes the next
 * record of the transaction. Do not use an ancillary tag for data that outcomes or deliveries depend on. Both rules
 * also apply to nested fields. The meaning and type of a tag never change, and the tag of a removed field is not
 * reused. A new field gets the next tag. All other changes require a new version.
 */
public final class RecordCodec {

    /** Longer reasons are truncated. They are for display only. */
    static final int REASON_CHARS_MAX = 1000;

    static final int FIRST_ANCILLARY_TAG = 128;

    /** Expected size of the fields of a transaction or of a participant. */
    private static final int FIELDS_BYTES = 64;

    private static final byte VERSION = 2;

    private static final int STATE = 1;
    private static final int DECISION = 2;
    private static final int STARTED_AT = 3;
    private static final int EXPIRES_AT = 4;
    private static final int DECIDED_AT = 5;
    private static final int FINISHED_AT = 6;
    private static final int CAUSE = 7;
    private static final int REASON = 8;
    private static final int PRINCIPAL = 9;
    private static final int REQUEST = 10;
    private static final int REQUEST_KEY = 1;
    private static final int REQUEST_FINGERPRINT = 2;
    private static final int RESOLUTION = 11;
    private static final int RESOLUTION_BY = 1;
    private static final int RESOLUTION_AT = 2;
    private static final int RESOLUTION_REASON = 3;
    private static final int PARTICIPANT = 12;
    private static final int PARTICIPANT_RESOURCE_MANAGER = 1;
    private static final int PARTICIPANT_INSTANCE = 2;
    private static final int PARTICIPANT_STATE = 3;
    private static final int PARTICIPANT_VOTE = 4;
    private static final int PARTICIPANT_REASON = 5;
    private static final int PARTICIPANT_GIVEN_UP = 6;
    private static final int OBSERVED = FIRST_ANCILLARY_TAG;

    private RecordCodec() {}

    /**
     * Encodes a record. The length is not limited here, but by the log.
     *
     * @param observedMillis how long coordinators have run on this log; 0 if not known
     */
    public static ByteBuffer encode(TransactionRecord t, long observedMillis) {
        FieldWriter out =
                new FieldWriter(VERSION, FIELDS_BYTES * (1 + t.participants().size()));
        out.writeCode(STATE, Codes.codeOf(t.state()));
        out.writeCode(DECISION, Codes.codeOf(t.decision()));
        out.writeTime(STARTED_AT, t.startedAt());
        out.writeTime(EXPIRES_AT, t.expiresAt());
        out.writeTime(DECIDED_AT, t.decidedAt());
        out.writeTime(FINISHED_AT, t.finishedAt());
        if (t.cause() != null) {
            out.writeCode(CAUSE, Codes.codeOf(t.cause()));
        }
        out.writeText(REASON, truncateReason(t.reason()));
        out.writeText(PRINCIPAL, t.origin().principal());
        if (t.origin().request() != null) {
            encode(t.origin().request(), out);
        }
        if (t.resolution() != null) {
            encode(RESOLUTION, t.resolution(), out);
        }
        for (ParticipantRecord participant : t.participants()) {
            encode(participant, out);
        }
        out.writeMillis(OBSERVED, observedMillis);
        return out.toBytes();
    }

    private static void encode(Origin.Request request, FieldWriter out) {
        int start = out.beginNested(REQUEST);
        out.writeText(REQUEST_KEY, request.key());
        out.writeText(REQUEST_FINGERPRINT, request.fingerprint());
        out.endNested(start);
    }

    private static void encode(int tag, Resolution resolution, FieldWriter out) {
        int start = out.beginNested(tag);
        out.writeText(RESOLUTION_BY, resolution.by());
        out.writeTime(RESOLUTION_AT, resolution.at());
        out.writeText(RESOLUTION_REASON, truncateReason(resolution.reason()));
        out.endNested(start);
    }

    private static void encode(ParticipantRecord participant, FieldWriter out) {
        int start = out.beginNested(PARTICIPANT);
        out.writeText(PARTICIPANT_RESOURCE_MANAGER, participant.resourceManager());
        out.writeUuid(PARTICIPANT_INSTANCE, participant.instance());
        out.writeCode(PARTICIPANT_STATE, Codes.codeOf(participant.state()));
        if (participant.vote() != null) {
            out.writeCode(PARTICIPANT_VOTE, Codes.codeOf(participant.vote()));
        }
        out.writeText(PARTICIPANT_REASON, truncateReason(participant.reason()));
        if (participant.givenUp() != null) {
            encode(PARTICIPANT_GIVEN_UP, participant.givenUp(), out);
        }
        out.endNested(start);
    }

    private static @Nullable String truncateReason(@Nullable String reason) {
        if (reason == null || reason.length() <= REASON_CHARS_MAX) {
            return reason;
        }
        boolean splitsPair = Character.isHighSurrogate(reason.charAt(REASON_CHARS_MAX - 1));
        return reason.substring(0, splitsPair ? REASON_CHARS_MAX - 1 : REASON_CHARS_MAX);
    }

    /**
     * Decodes the record of a transaction.
     *
     * @throws IllegalArgumentException if the bytes are not a record of a supported version
     */
    public static TransactionRecord decode(TransactionId id, ByteBuffer bytes) {
        if (!bytes.hasRemaining()) {
            throw new IllegalArgumentException("the record is empty");
        }
        byte version = bytes.get(bytes.position());
        return switch (version) {
            case LegacyRecordCodec.VERSION -> LegacyRecordCodec.decode(id, bytes);
            case VERSION ->
                decodeTransaction(
                        id, new FieldReader("transaction", bytes.slice(bytes.position() + 1, bytes.remaining() - 1)));
            default ->
                throw new IllegalArgumentException(
                        "version " + version + " of transaction records is not supported by this program");
        };
    }

    /**
     * Returns how long coordinators had run on the log when the record was appended, in milliseconds; 0 if not known.
     *
     * @throws IllegalArgumentException if the bytes are malformed
     */
    public static long observedMillis(ByteBuffer bytes) {
        if (bytes.get(bytes.position()) != VERSION) {
            return 0;
        }
        return new FieldReader("transaction", bytes.slice(bytes.position() + 1, bytes.remaining() - 1))
                .findMillis(OBSERVED);
    }

    private static TransactionRecord decodeTransaction(TransactionId id, FieldReader in) {
        State state = in.readCode(STATE, Codes::decodeState);
        Outcome decision = in.readCode(DECISION, Codes::decodeOutcome);
        Instant startedAt = in.readTime(STARTED_AT);
        Instant expiresAt = in.readTime(EXPIRES_AT);
        Instant decidedAt = in.readOptionalTime(DECIDED_AT);
        Instant finishedAt = in.readOptionalTime(FINISHED_AT);
        Cause cause = in.readOptionalCode(CAUSE, Codes::decodeCause);
        String reason = in.readOptionalText(REASON);
        Origin origin = createOrigin(in.readOptionalText(PRINCIPAL), decodeRequest(in.readNested(REQUEST, "request")));
        Resolution resolution = decodeResolution(in.readNested(RESOLUTION, "resolution"));
        List<ParticipantRecord> participants = new ArrayList<>();
        FieldReader participant = in.readNested(PARTICIPANT, "participant");
        while (participant != null) {
            participants.add(decodeParticipant(participant));
            participant = in.readNested(PARTICIPANT, "participant");
        }
        in.end();
        return new TransactionRecord(
                id,
                state,
                decision,
                origin,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                List.copyOf(participants),
                resolution);
    }

    static Origin createOrigin(@Nullable String principal, Origin.@Nullable Request request) {
        return principal == null && request == null ? Origin.ANONYMOUS : new Origin(principal, request);
    }

    private static Origin.@Nullable Request decodeRequest(@Nullable FieldReader in) {
        if (in == null) {
            return null;
        }
        Origin.Request request = new Origin.Request(in.readText(REQUEST_KEY), in.readText(REQUEST_FINGERPRINT));
        in.end();
        return request;
    }

    private static @Nullable Resolution decodeResolution(@Nullable FieldReader in) {
        if (in == null) {
            return null;
        }
        Resolution resolution =
                new Resolution(in.readText(RESOLUTION_BY), in.readTime(RESOLUTION_AT), in.readText(RESOLUTION_REASON));
        in.end();
        return resolution;
    }

    private static ParticipantRecord decodeParticipant(FieldReader in) {
        ParticipantRecord participant = new ParticipantRecord(
                in.readText(PARTICIPANT_RESOURCE_MANAGER),
                in.readUuid(PARTICIPANT_INSTANCE),
                in.readCode(PARTICIPANT_STATE, Codes::decodeState),
                in.readOptionalCode(PARTICIPANT_VOTE, Codes::decodeVote),
                in.readOptionalText(PARTICIPANT_REASON),
                decodeResolution(in.readNested(PARTICIPANT_GIVEN_UP, "resolution")));
        in.end();
        return participant;
    }
}

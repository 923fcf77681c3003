package dtc.coordinator;

import dtc.coordinator.TransactionRecord.ParticipantRecord;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Reads transaction records of version 1, which occur in logs of formats 1 and 2. They are no longer written. All
 * numbers are big-endian.
 *
 * <pre>
 * version 1    1
 * id 16
 * state 1, decision 1, flags 1
 * startedAt 8, expiresAt 8                            milliseconds since 1970
 * decidedAt 8, finishedAt 8, cause 1                  each if its flag is set
 * reason, principal, request key and fingerprint      texts, each if its flag is set
 * resolution: by, at 8, reason                        if its flag is set
 * participants 2, and for each of them:
 *   resource manager (a text), instance 16, state 1, vote 1 (0: none), 1 and the reason or 0
 * </pre>
 *
 * <p>A text is its length in bytes (2), followed by UTF-8.
 */
final class LegacyRecordCodec {

    static final byte VERSION = 1;

    private static final int DECIDED = 1;
    private static final int FINISHED = 1 << 1;
    private static final int CAUSE = 1 << 2;
    private static final int REASON = 1 << 3;
    private static final int PRINCIPAL = 1 << 4;
    private static final int REQUEST = 1 << 5;
    private static final int RESOLUTION = 1 << 6;
    private static final int FLAGS = DECIDED | FINISHED | CAUSE | REASON | PRINCIPAL | REQUEST | RESOLUTION;

    private LegacyRecordCodec() {}

    /** @throws IllegalArgumentException if the bytes are not a version 1 record of the transaction */
    static TransactionRecord decode(TransactionId id, ByteBuffer bytes) {
        ByteBuffer in = bytes.slice();
        try {
            TransactionRecord t = decodeTransaction(in);
            if (in.hasRemaining()) {
                throw new IllegalArgumentException("the record has " + in.remaining() + " extra bytes");
            }
            if (!t.id().equals(id)) {
                throw new IllegalArgumentException("the record belongs to another transaction, " + t.id());
            }
            return t;
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("the record is truncated", e);
        }
    }

    private static TransactionRecord decodeTransaction(ByteBuffer in) {
        in.get(); // version
        TransactionId id = new TransactionId(readUuid(in));
        State state = Codes.decodeState(in.get());
        Outcome decision = Codes.decodeOutcome(in.get());
        int flags = in.get();
        if ((flags & ~FLAGS) != 0) {
            throw new IllegalArgumentException("unknown flags 0x" + Integer.toHexString(flags & 0xff));
        }
        Instant startedAt = readTime(in);
        Instant expiresAt = readTime(in);
        Instant decidedAt = (flags & DECIDED) == 0 ? null : readTime(in);
        Instant finishedAt = (flags & FINISHED) == 0 ? null : readTime(in);
        Cause cause = (flags & CAUSE) == 0 ? null : Codes.decodeCause(in.get());
        String reason = (flags & REASON) == 0 ? null : readText(in);
        String principal = (flags & PRINCIPAL) == 0 ? null : readText(in);
        Origin.Request request = (flags & REQUEST) == 0 ? null : new Origin.Request(readText(in), readText(in));
        Resolution resolution =
                (flags & RESOLUTION) == 0 ? null : new Resolution(readText(in), readTime(in), readText(in));
        return new TransactionRecord(
                id,
                state,
                decision,
                RecordCodec.createOrigin(principal, request),
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                decodeParticipants(in),
                resolution);
    }

    private static List<ParticipantRecord> decodeParticipants(ByteBuffer in) {
        int count = Short.toUnsignedInt(in.getShort());
        List<ParticipantRecord> participants = new ArrayList<>(Math.min(count, 128));
        for (int i = 0; i < count; i++) {
            String resourceManager = readText(in);
            UUID instance = readUuid(in);
            State state = Codes.decodeState(in.get());
            byte vote = in.get();
            participants.add(new ParticipantRecord(
                    resourceManager,
                    instance,
                    state,
                    vote == 0 ? null : Codes.decodeVote(vote),
                    hasReason(in.get()) ? readText(in) : null,
                    null));
        }
        return List.copyOf(participants);
    }

    private static boolean hasReason(byte flag) {
        if (flag != 0 && flag != 1) {
            throw new IllegalArgumentException("the flag of a participant's reason is " + flag);
        }
        return flag == 1;
    }

    private static Instant readTime(ByteBuffer in) {
        return Instant.ofEpochMilli(in.getLong());
    }

    private static UUID readUuid(ByteBuffer in) {
        return new UUID(in.getLong(), in.getLong());
    }

    private static String readText(ByteBuffer in) {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

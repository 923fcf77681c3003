package dtc.log;

import dtc.log.TransactionRecord.Member;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What stands in a record, as bytes, in versions 1 and 2 of the log. All numbers are big-endian.
 *
 * <pre>
 * kind 1       1: how a transaction stands   2: it is forgotten, and only the id follows
 * id 16
 * state 1, decision 1, flags 1
 * startedAt 8, expiresAt 8                   milliseconds since 1970
 * decidedAt 8, finishedAt 8, cause 1         each where its flag is set
 * reason, principal, request key and fingerprint   texts, each where its flag is set
 * resolution: by whom, when 8, and the reason        where its flag is set
 * participants 2, and for each of them:
 *   resource manager (a text), instance 16, state 1, vote 1 (0: none), 1 and the reason or 0
 * </pre>
 *
 * <p>A text is its number of bytes (2) and UTF-8. A code once given never changes its meaning: see
 * {@link Segment#VERSION} for what a change takes.
 */
final class RecordCodec {

    /** Of a reason, which people read, what is beyond this is not recorded. */
    static final int REASON_CHARS_MAX = 1000;

    /** Kind and id. */
    static final int BYTES_MIN = 17;

    static final int BYTES_MAX = 1 << 20;

    private static final byte TRANSACTION = 1;
    private static final byte FORGOTTEN = 2;
    private static final int TEXT_BYTES_MAX = 0xffff;
    private static final int PARTICIPANTS_MAX = 0xffff;

    private static final int DECIDED = 1;
    private static final int FINISHED = 1 << 1;
    private static final int CAUSE = 1 << 2;
    private static final int REASON = 1 << 3;
    private static final int PRINCIPAL = 1 << 4;
    private static final int REQUEST = 1 << 5;
    private static final int RESOLUTION = 1 << 6;
    private static final int FLAGS = DECIDED | FINISHED | CAUSE | REASON | PRINCIPAL | REQUEST | RESOLUTION;

    private RecordCodec() {}

    /** @throws IllegalArgumentException where it is too long */
    static ByteBuffer encode(TransactionRecord t) {
        ByteBuffer out = ByteBuffer.allocate(bytesAtMost(t));
        Origin.Request request = t.origin().request();
        out.put(TRANSACTION);
        putUuid(out, t.id().value());
        out.put(code(t.state())).put(code(t.decision()));
        out.put((byte) ((t.decidedAt() == null ? 0 : DECIDED)
                | (t.finishedAt() == null ? 0 : FINISHED)
                | (t.cause() == null ? 0 : CAUSE)
                | (t.reason() == null ? 0 : REASON)
                | (t.origin().principal() == null ? 0 : PRINCIPAL)
                | (request == null ? 0 : REQUEST)
                | (t.resolution() == null ? 0 : RESOLUTION)));
        out.putLong(t.startedAt().toEpochMilli()).putLong(t.expiresAt().toEpochMilli());
        if (t.decidedAt() != null) {
            out.putLong(t.decidedAt().toEpochMilli());
        }
        if (t.finishedAt() != null) {
            out.putLong(t.finishedAt().toEpochMilli());
        }
        if (t.cause() != null) {
            out.put(code(t.cause()));
        }
        if (t.reason() != null) {
            putText(out, cut(t.reason()));
        }
        if (t.origin().principal() != null) {
            putText(out, t.origin().principal());
        }
        if (request != null) {
            putText(out, request.key());
            putText(out, request.fingerprint());
        }
        if (t.resolution() != null) {
            putText(out, t.resolution().by());
            out.putLong(t.resolution().at().toEpochMilli());
            putText(out, cut(t.resolution().reason()));
        }
        if (t.participants().size() > PARTICIPANTS_MAX) {
            throw new IllegalArgumentException(
                    "more than %d participants cannot be recorded".formatted(PARTICIPANTS_MAX));
        }
        out.putShort((short) t.participants().size());
        for (Member member : t.participants()) {
            put(out, member);
        }
        if (out.position() > BYTES_MAX) {
            throw new IllegalArgumentException("a record of %d bytes is too long".formatted(out.position()));
        }
        return exactly(out);
    }

    private static void put(ByteBuffer out, Member member) {
        putText(out, member.resourceManager());
        putUuid(out, member.instance());
        out.put(code(member.state()));
        out.put(member.vote() == null ? 0 : code(member.vote()));
        if (member.reason() == null) {
            out.put((byte) 0);
        } else {
            out.put((byte) 1);
            putText(out, cut(member.reason()));
        }
    }

    static ByteBuffer encodeForgotten(TransactionId id) {
        ByteBuffer out = ByteBuffer.allocate(BYTES_MIN);
        out.put(FORGOTTEN);
        putUuid(out, id.value());
        return exactly(out);
    }

    /** Whether the kind is one of this version. */
    static boolean isKnown(ByteBuffer payload) {
        byte kind = payload.get(payload.position());
        return kind == TRANSACTION || kind == FORGOTTEN;
    }

    static boolean isForgotten(ByteBuffer payload) {
        return payload.get(payload.position()) == FORGOTTEN;
    }

    /** Of a record of either kind. */
    static TransactionId id(ByteBuffer payload) {
        int at = payload.position() + 1;
        return new TransactionId(new UUID(payload.getLong(at), payload.getLong(at + Long.BYTES)));
    }

    /** @throws IllegalArgumentException where these are not the bytes of a transaction's record, in full */
    static TransactionRecord decode(ByteBuffer payload) {
        ByteBuffer in = payload.duplicate();
        try {
            TransactionRecord t = transaction(in);
            if (in.hasRemaining()) {
                throw new IllegalArgumentException("%d bytes too many".formatted(in.remaining()));
            }
            return t;
        } catch (BufferUnderflowException end) {
            throw new IllegalArgumentException("the record ends too early", end);
        }
    }

    private static TransactionRecord transaction(ByteBuffer in) {
        byte kind = in.get();
        if (kind != TRANSACTION) {
            throw new IllegalArgumentException("a record of kind %d is not that of a transaction".formatted(kind));
        }
        TransactionId id = new TransactionId(getUuid(in));
        State state = decoded("state", State.values(), RecordCodec::code, in.get());
        Outcome decision = decoded("decision", Outcome.values(), RecordCodec::code, in.get());
        int flags = in.get();
        if ((flags & ~FLAGS) != 0) {
            throw new IllegalArgumentException("unknown flags %02x".formatted(flags & 0xff));
        }
        Instant startedAt = Instant.ofEpochMilli(in.getLong());
        Instant expiresAt = Instant.ofEpochMilli(in.getLong());
        Instant decidedAt = (flags & DECIDED) == 0 ? null : Instant.ofEpochMilli(in.getLong());
        Instant finishedAt = (flags & FINISHED) == 0 ? null : Instant.ofEpochMilli(in.getLong());
        Cause cause = (flags & CAUSE) == 0 ? null : decoded("cause", Cause.values(), RecordCodec::code, in.get());
        String reason = (flags & REASON) == 0 ? null : getText(in);
        String principal = (flags & PRINCIPAL) == 0 ? null : getText(in);
        Origin.Request request = (flags & REQUEST) == 0 ? null : new Origin.Request(getText(in), getText(in));
        Resolution resolution = (flags & RESOLUTION) == 0
                ? null
                : new Resolution(getText(in), Instant.ofEpochMilli(in.getLong()), getText(in));
        return new TransactionRecord(
                id,
                state,
                decision,
                principal == null && request == null ? Origin.UNNAMED : new Origin(principal, request),
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                members(in),
                resolution);
    }

    private static List<Member> members(ByteBuffer in) {
        int count = Short.toUnsignedInt(in.getShort());
        List<Member> members = new ArrayList<>(Math.min(count, 128));
        for (int i = 0; i < count; i++) {
            String resourceManager = getText(in);
            UUID instance = getUuid(in);
            State state = decoded("state", State.values(), RecordCodec::code, in.get());
            byte vote = in.get();
            members.add(new Member(
                    resourceManager,
                    instance,
                    state,
                    vote == 0 ? null : decoded("vote", Vote.values(), RecordCodec::code, vote),
                    hasReason(in.get()) ? getText(in) : null));
        }
        return List.copyOf(members);
    }

    private static boolean hasReason(byte flag) {
        if (flag != 0 && flag != 1) {
            throw new IllegalArgumentException("%d where a participant has a reason (1) or none (0)".formatted(flag));
        }
        return flag == 1;
    }

    // Codes

    private static byte code(State state) {
        return switch (state) {
            case ACTIVE -> 1;
            case MARKED_ROLLBACK -> 2;
            case PREPARING -> 3;
            case PREPARED -> 4;
            case COMMITTING -> 5;
            case COMMITTED -> 6;
            case ROLLING_BACK -> 7;
            case ROLLED_BACK -> 8;
            case HEURISTIC -> 9;
        };
    }

    private static byte code(Outcome decision) {
        return switch (decision) {
            case COMMIT -> 1;
            case ROLLBACK -> 2;
            case PENDING -> 3;
        };
    }

    private static byte code(Vote vote) {
        return switch (vote) {
            case COMMIT -> 1;
            case ABORT -> 2;
            case READ_ONLY -> 3;
        };
    }

    private static byte code(Cause cause) {
        return switch (cause) {
            case VOTED -> 1;
            case ONE_PHASE -> 2;
            case EMPTY -> 3;
            case CLIENT -> 4;
            case EXPIRED -> 5;
            case WRITE_FAILED -> 6;
            case VOTE_ABORT -> 7;
            case VOTE_TIMEOUT -> 8;
            case VOTE_ERROR -> 9;
            case VOTE_UNREACHABLE -> 10;
            case INSTANCE_CHANGED -> 11;
            case LOG_REFUSED -> 12;
            case LOST -> 13;
            case CONTRADICTED -> 14;
            case SHUTDOWN -> 15;
            case OPERATOR -> 16;
        };
    }

    private static <E> E decoded(String what, E[] values, ToIntFunction<E> code, byte wanted) {
        for (E value : values) {
            if (code.applyAsInt(value) == wanted) {
                return value;
            }
        }
        throw new IllegalArgumentException("unknown %s %d".formatted(what, wanted));
    }

    // Parts

    private static int bytesAtMost(TransactionRecord t) {
        Origin.Request request = t.origin().request();
        long bytes = BYTES_MIN
                + 64
                + textAtMost(t.reason())
                + textAtMost(t.origin().principal())
                + (request == null ? 0 : textAtMost(request.key()) + textAtMost(request.fingerprint()))
                + (t.resolution() == null
                        ? 0
                        : textAtMost(t.resolution().by())
                                + textAtMost(t.resolution().reason()));
        for (Member member : t.participants()) {
            bytes += 32 + textAtMost(member.resourceManager()) + textAtMost(member.reason());
        }
        if (bytes > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("the record is too long");
        }
        return (int) bytes;
    }

    private static long textAtMost(@Nullable String text) {
        return text == null ? 0 : Short.BYTES + 3L * text.length();
    }

    /** In no more memory than it needs: many of them may wait. */
    private static ByteBuffer exactly(ByteBuffer out) {
        byte[] bytes = new byte[out.flip().remaining()];
        out.get(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static void putUuid(ByteBuffer out, UUID uuid) {
        out.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    }

    private static UUID getUuid(ByteBuffer in) {
        return new UUID(in.getLong(), in.getLong());
    }

    private static String cut(String reason) {
        if (reason.length() <= REASON_CHARS_MAX) {
            return reason;
        }
        boolean splitsPair = Character.isHighSurrogate(reason.charAt(REASON_CHARS_MAX - 1));
        return reason.substring(0, splitsPair ? REASON_CHARS_MAX - 1 : REASON_CHARS_MAX);
    }

    private static void putText(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > TEXT_BYTES_MAX) {
            throw new IllegalArgumentException("a text of %d bytes is too long".formatted(bytes.length));
        }
        out.putShort((short) bytes.length).put(bytes);
    }

    private static String getText(ByteBuffer in) {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

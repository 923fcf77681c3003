package dtc.coordinator;

import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Encodes and decodes registrations. The first byte is the version of the schema. It is followed by fields, as in
 * {@link RecordCodec}, with the same rules for changes:
 *
 * <pre>
 *  1 id, 2 url         texts
 *  3 instance          16 bytes
 *  4 superseded        16 bytes; once for each earlier instance, newest first
 *  5 feature           text; once for each
 *  6 displaced         code 1; absent if it is not displaced
 * 128 registeredAt     milliseconds since 1970 (8 bytes); optional
 * </pre>
 */
public final class RegistrationCodec {

    private static final byte VERSION = 1;

    private static final int ID = 1;
    private static final int URL = 2;
    private static final int INSTANCE = 3;
    private static final int SUPERSEDED = 4;
    private static final int FEATURE = 5;
    private static final int DISPLACED = 6;
    private static final int REGISTERED_AT = RecordCodec.FIRST_ANCILLARY_TAG;

    private static final byte YES = 1;

    private static final int EXPECTED_BYTES = 256;

    private static final long VERSION_8 = 0x8000;
    private static final long VERSION_MASK = 0xF000;
    private static final long VARIANT = 0b10L << 62;
    private static final long VARIANT_MASK = 0b11L << 62;

    private RegistrationCodec() {}

    /**
     * Returns the id of the record in the log: a UUID of version 8, which no transaction has, derived from the id of
     * the resource manager.
     */
    public static TransactionId recordId(String resourceManager) {
        try {
            ByteBuffer hash = ByteBuffer.wrap(
                    MessageDigest.getInstance("SHA-256").digest(resourceManager.getBytes(StandardCharsets.UTF_8)));
            return new TransactionId(
                    new UUID((hash.getLong() & ~VERSION_MASK) | VERSION_8, (hash.getLong() & ~VARIANT_MASK) | VARIANT));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK has SHA-256", e);
        }
    }

    public static ByteBuffer encode(RegistrationRecord r) {
        FieldWriter out = new FieldWriter(VERSION, EXPECTED_BYTES);
        out.writeText(ID, r.id());
        out.writeText(URL, r.url());
        out.writeUuid(INSTANCE, r.instance());
        r.superseded().forEach(instance -> out.writeUuid(SUPERSEDED, instance));
        new TreeSet<>(r.features()).forEach(feature -> out.writeText(FEATURE, feature));
        if (r.displaced()) {
            out.writeCode(DISPLACED, YES);
        }
        out.writeTime(REGISTERED_AT, r.registeredAt());
        return out.toBytes();
    }

    /**
     * Decodes a registration.
     *
     * @throws IllegalArgumentException if the bytes are not a registration of a supported version
     */
    public static RegistrationRecord decode(ByteBuffer bytes) {
        if (!bytes.hasRemaining()) {
            throw new IllegalArgumentException("the record is empty");
        }
        byte version = bytes.get(bytes.position());
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "version " + version + " of registrations is not supported by this program");
        }
        FieldReader in = new FieldReader("registration", bytes.slice(bytes.position() + 1, bytes.remaining() - 1));
        String id = in.readText(ID);
        String url = in.readText(URL);
        UUID instance = in.readUuid(INSTANCE);
        List<UUID> superseded = new ArrayList<>();
        for (UUID earlier = in.readOptionalUuid(SUPERSEDED);
                earlier != null;
                earlier = in.readOptionalUuid(SUPERSEDED)) {
            superseded.add(earlier);
        }
        Set<String> features = new LinkedHashSet<>();
        for (String feature = in.readOptionalText(FEATURE); feature != null; feature = in.readOptionalText(FEATURE)) {
            features.add(feature);
        }
        boolean displaced = in.readOptionalCode(DISPLACED, RegistrationCodec::decodeYes) != null;
        Instant registeredAt = defaultToEpoch(in.readOptionalTime(REGISTERED_AT));
        in.end();
        return new RegistrationRecord(id, url, instance, superseded, features, displaced, registeredAt);
    }

    private static boolean decodeYes(byte code) {
        if (code != YES) {
            throw new IllegalArgumentException("unknown code " + code);
        }
        return true;
    }

    private static Instant defaultToEpoch(@Nullable Instant time) {
        return time == null ? Instant.EPOCH : time;
    }
}

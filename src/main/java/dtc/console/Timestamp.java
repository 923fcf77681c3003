package dtc.console;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A time, absolute and relative.
 *
 * @param iso in ISO 8601, for scripts
 */
public record Timestamp(String iso, String absolute, String relative) {

    static Timestamp of(Instant at, Instant now) {
        return new Timestamp(at.toString(), Format.time(at), Format.ago(at, now));
    }

    static @Nullable Timestamp ofNullable(@Nullable Instant at, Instant now) {
        return at == null ? null : of(at, now);
    }
}

package dtc.console;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A moment, absolute and relative.
 *
 * @param iso for machines
 */
public record When(String iso, String absolute, String relative) {

    static When of(Instant at, Instant now) {
        return new When(at.toString(), Texts.moment(at), Texts.ago(at, now));
    }

    static @Nullable When ofNullable(@Nullable Instant at, Instant now) {
        return at == null ? null : of(at, now);
    }
}

package dtc.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Whom a transaction belongs to, and the request that began it.
 *
 * @param principal who began it; null where callers are not told apart
 * @param request what names the request, so that the same request again begins nothing new; null where unnamed
 */
public record Origin(@Nullable String principal, @Nullable Request request) {

    public static final Origin UNNAMED = new Origin(null, null);

    /**
     * A request that its client may send again.
     *
     * @param key the client's {@code Idempotency-Key}
     * @param fingerprint tells whether the body is the same
     */
    public record Request(String key, String fingerprint) {}
}

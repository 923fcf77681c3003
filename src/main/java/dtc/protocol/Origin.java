package dtc.protocol;

import org.jspecify.annotations.Nullable;

/**
 * The owner of a transaction and the request that began it.
 *
 * @param principal the caller that began it; null if callers are not authenticated
 * @param request identifies the request, so that a retry does not begin another transaction; null without an
 *     idempotency key
 */
public record Origin(@Nullable String principal, @Nullable Request request) {

    public static final Origin ANONYMOUS = new Origin(null, null);

    /**
     * A request with an idempotency key, which the client can retry.
     *
     * @param key the client's {@code Idempotency-Key}
     * @param fingerprint hash of the body, to detect reuse of the key with another body
     */
    public record Request(String key, String fingerprint) {}
}

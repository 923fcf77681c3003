package dtc.tracing;

import org.jspecify.annotations.Nullable;

/** A span that has begun. It ends with one of these methods; further calls have no effect. */
public interface ActiveSpan {

    /** Does nothing. */
    ActiveSpan NONE = new ActiveSpan() {};

    /** Whether it must be ended. Not if it is {@link #NONE}. */
    default boolean isStarted() {
        return false;
    }

    /** The header {@code traceparent} of the request; null if it carries no context. */
    default @Nullable String traceparent() {
        return null;
    }

    /** The header {@code tracestate} of the request; null if there is none. */
    default @Nullable String tracestate() {
        return null;
    }

    /** Ends the span of a request with the status of the response. */
    default void answered(int status) {}

    default void succeeded() {}

    default void failed(Throwable failure) {}
}

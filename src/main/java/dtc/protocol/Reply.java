package dtc.protocol;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The reply to a {@link Message}, or the reason why there is none. The coordinator's reply table interprets it. */
public sealed interface Reply {

    /** Details for a reason or a log line. Must not contain keys or values. */
    String detail();

    /** The message was carried out. */
    record Acknowledged() implements Reply {
        @Override
        public String detail() {
            return "";
        }
    }

    /** A vote, or the ABORT that replaces a missing vote. */
    record Voted(Ballot ballot) implements Reply {
        @Override
        public String detail() {
            return ballot.reason() == null ? "" : ballot.reason();
        }
    }

    /** 404 from the resource manager itself, not from a proxy: it does not know the transaction. */
    record NotFound(String detail) implements Reply {}

    /** 409 from the resource manager itself: it has voted, or ended the transaction with the opposite outcome. */
    record Conflict(String detail) implements Reply {}

    /** 507: the resource manager has no space left. */
    record NoRoom(String detail) implements Reply {}

    /**
     * 503 or 429: the resource manager temporarily accepts no messages.
     *
     * @param retryAfter the delay that it requests before the next message; null if it requests none
     */
    record Unavailable(String detail, @Nullable Duration retryAfter) implements Reply {
        public Unavailable(String detail) {
            this(detail, null);
        }
    }

    /** The message was not received: no connection was established, or it was not sent. */
    record Unreachable(String detail) implements Reply {}

    /** No answer was received. It is unknown whether the message was carried out. */
    record NoAnswer(String detail) implements Reply {}

    /** The response violates the protocol. It is unknown whether the message was carried out. */
    record ProtocolError(String detail) implements Reply {}

    /** Whether the resource manager sent this reply. False if it replaces a missing answer. */
    default boolean isFromResourceManager() {
        return switch (this) {
            case Acknowledged _, NotFound _, Conflict _, NoRoom _, Unavailable _, ProtocolError _ -> true;
            case Unreachable _, NoAnswer _ -> false;
            case Voted voted ->
                switch (voted.ballot().cause()) {
                    case VOTED, ERROR -> true;
                    case TIMEOUT, UNREACHABLE -> false;
                };
        };
    }
}

package dtc.protocol;

/**
 * What came back for a {@link Message}, including nothing at all. How a reply is interpreted is up to the coordinator's
 * reply table.
 */
public sealed interface Reply {

    /** What happened, for a reason or a log line. Never contains a key or a value. */
    String detail();

    /** The message was carried out. */
    record Acknowledged() implements Reply {
        @Override
        public String detail() {
            return "";
        }
    }

    /** A vote, or a vote to abort that was cast because no vote arrived. */
    record Voted(Ballot ballot) implements Reply {
        @Override
        public String detail() {
            return ballot.reason() == null ? "" : ballot.reason();
        }
    }

    /** 404: the resource manager does not know the transaction. */
    record NotFound(String detail) implements Reply {}

    /** 409: the resource manager has voted, or has ended the transaction with the opposite outcome. */
    record Conflict(String detail) implements Reply {}

    /** 507: the resource manager has no room. */
    record NoRoom(String detail) implements Reply {}

    /** 503: the resource manager accepts nothing now. */
    record Unavailable(String detail) implements Reply {}

    /** The message was never received: no connection was established, or it was not sent. */
    record Unreachable(String detail) implements Reply {}

    /** There was no answer, so it is unknown whether the message was carried out. */
    record NoAnswer(String detail) implements Reply {}

    /** There was an answer that the contract does not allow. */
    record ProtocolError(String detail) implements Reply {}

    /** Whether the resource manager sent this, as opposed to a substitute for an answer that did not arrive. */
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

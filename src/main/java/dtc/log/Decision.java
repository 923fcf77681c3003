package dtc.log;

import dtc.protocol.TransactionId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * What is recorded before the first message of phase two.
 *
 * @param participants whom to tell; with one phase the one that decides
 */
public record Decision(TransactionId id, Kind kind, Instant startedAt, List<Member> participants) {

    /** What was decided. A rollback is never recorded: it is presumed where there is no record. */
    public enum Kind {
        COMMIT,
        /** Left to the only participant, which commits in one phase or not at all. */
        DELEGATED
    }

    public record Member(String resourceManager, UUID instance) {}
}

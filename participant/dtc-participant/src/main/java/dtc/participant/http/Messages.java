package dtc.participant.http;

import dtc.participant.protocol.Reply;
import java.sql.SQLException;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the HTTP interface calls. */
public interface Messages {

    String id();

    UUID instance();

    /**
     * Stages a write.
     *
     * @param body the JSON object with the members {@code key} and {@code value}
     */
    Reply write(UUID transaction, @Nullable Integer number, String body);

    Reply prepare(UUID transaction, @Nullable Integer count);

    Reply commit(UUID transaction, @Nullable Integer count);

    Reply rollback(UUID transaction);

    /** Returns transactions that have not ended here. The value is true if they have voted. */
    SortedMap<String, Boolean> open(int limit) throws SQLException;

    /** Whether the service has entries with keys. */
    boolean hasEntries();

    /** Returns the committed value of a key as JSON. */
    Optional<String> entry(String key) throws SQLException;
}

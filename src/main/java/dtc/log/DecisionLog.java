package dtc.log;

import dtc.protocol.TransactionId;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stores the newest record of each transaction and of each registration. The log knows only the id and the kind of a
 * record. It does not interpret the other content.
 *
 * <p>Only {@link #append} waits for the storage. Under presumed abort (Mohan, Lindsay, Obermarck 1986), no other record
 * has to survive a crash: a lost record causes only a repeated delivery or inquiry.
 */
public interface DecisionLog {

    /**
     * Passes the newest record with each id to the consumer, in append order. Must be called before any other method.
     * Includes records whose append was not acknowledged; these stay in the log.
     *
     * @param consumer throws an {@link IllegalArgumentException} if it cannot decode a record; the log then reports the
     *     location of the record
     * @throws java.io.UncheckedIOException if a record cannot be read; the caller must then not presume any outcome
     */
    void replay(Consumer<LogRecord> consumer);

    /**
     * Appends a record that must be durable before the caller continues. Does not block.
     *
     * @return completes with the result. A stage fails only because of a bug in the log; treat it like
     *     {@link AppendResult.Unknown}. The stage may complete on the thread that writes the log, which must not be
     *     blocked.
     */
    CompletionStage<AppendResult> append(LogRecord record);

    /**
     * Appends a record without waiting for the storage. A crash may lose it; then the earlier records of the
     * transaction apply. It is written after all records that were appended before it.
     */
    void appendLazily(LogRecord record);

    /** Deletes the records with an id. Like {@link #appendLazily}, it does not wait for the storage. */
    void forget(TransactionId id);

    /**
     * Whether another process can take over the log while this one runs. Then this process may not know that its
     * transactions were finished elsewhere. So what ends a transaction in another way than by presumed abort is shown
     * only after its record is stored, and no participant is asked to decide in this coordinator's place.
     */
    default boolean isFenced() {
        return false;
    }

    /** Returns why the log refuses decisions, as a text for clients; null if it accepts them. */
    @Nullable
    String refusalReason();

    /** Returns how much space the log has left, as a text for operators; null if it does not use a volume. */
    default @Nullable String freeSpace() {
        return null;
    }

    /**
     * Returns the identity of this log, which determines the ids that it issues; null if it has none, and abort is
     * presumed for every id without a record. Does not change while the log is open.
     */
    @Nullable
    LogIdentity identity();
}

package dtc.log;

import dtc.protocol.TransactionId;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stores the newest record of each transaction. The log knows the transaction's id and whether it is open; everything
 * else in a record is bytes to it.
 *
 * <p>Only {@link #append} waits for the storage. Under presumed abort (Mohan, Lindsay, Obermarck 1986) no other record
 * must survive a crash: what is lost of the rest is delivered or asked again.
 */
public interface DecisionLog {

    /**
     * Passes the newest record of each transaction to {@code each}, in the order in which these records were appended.
     * Call it before any other method. It includes records whose append was not acknowledged, and they stay in the log.
     *
     * @param each throws an {@link IllegalArgumentException} if it cannot read a record; the log reports where that
     *     record is
     * @throws java.io.UncheckedIOException if a record cannot be read; then nothing may be presumed
     */
    void replay(Consumer<LogRecord> each);

    /**
     * Appends a record that must be durable before the caller goes on. Does not block.
     *
     * @return completes with the result. It fails only if the log has a bug, which proves nothing about the record:
     *     treat it like {@link AppendResult.Unknown}. It may complete on the thread that writes the log, which must not
     *     be blocked.
     */
    CompletionStage<AppendResult> append(LogRecord record);

    /**
     * Appends a record without waiting for it. A crash may lose it; then the earlier records of the transaction apply.
     * It is written after all records that were passed to the log before it.
     */
    void appendLazily(LogRecord record);

    /** Deletes the records of a transaction. Lazy like {@link #appendLazily}. */
    void forget(TransactionId id);

    /** Why the log accepts no decisions now, in words for a client; null if it accepts them. */
    @Nullable
    String refusing();
}

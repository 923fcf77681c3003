package dtc.log;

import dtc.protocol.TransactionId;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's memory of its decisions. Only {@link #decide} waits for the disk: under presumed abort (Mohan,
 * Lindsay, Obermarck 1986) nothing else has to survive, and what is lost of the rest is told or asked again.
 */
public interface DecisionLog {

    /**
     * Gives each transaction that is in the log once, as its newest record, in the order in which these were recorded.
     * To be called before anything else. What it gives stays in the log, also where the process that recorded it had
     * not been told so.
     *
     * @throws java.io.UncheckedIOException where the log cannot be read; then nothing may be presumed
     */
    void replay(Consumer<TransactionRecord> each);

    /**
     * Records a decision ({@link TransactionRecord#isOpen}). Does not block.
     *
     * @return completes once the decision is durable; fails where it surely never will be, so that it may be presumed
     *     rolled back. Where nobody can tell, it never completes, and the process ends. It may complete on the thread
     *     that writes the log, which must not be made to wait.
     */
    CompletionStage<Void> decide(TransactionRecord decision);

    /**
     * Notes how a transaction ended, or that its end is resolved. Lazy: may be lost in a crash, and then the decision
     * stands as it was. Comes into the log behind whatever was given to it before.
     */
    void end(TransactionRecord ended);

    /** Forgets a transaction that has ended. Lazy likewise. */
    void forget(TransactionId id);

    /** Why no decision is taken now, in words for a client; null where decisions are taken. */
    @Nullable
    String refusing();
}

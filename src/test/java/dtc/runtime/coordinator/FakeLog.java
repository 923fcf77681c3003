package dtc.runtime.coordinator;

import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.log.memory.MemoryDecisionLog;
import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A log in memory that is kept when the coordinator restarts, and can refuse or fail. */
final class FakeLog implements DecisionLog {

    private final boolean fenced;
    private final @Nullable LogIdentity identity;

    @Nullable
    String refusing;

    /** Replaces each append; null for the normal behavior. */
    @Nullable
    Supplier<CompletionStage<AppendResult>> append;

    /** Called before the records of a transaction are deleted. */
    Consumer<TransactionId> beforeForget = _ -> {};

    /** Called before a record is appended lazily. */
    Runnable beforeLazily = () -> {};

    private final MemoryDecisionLog records = new MemoryDecisionLog();

    FakeLog() {
        this(false, null);
    }

    /** A log that other processes can take over, of one number. */
    FakeLog(int tag, int number) {
        this(true, new LogIdentity(tag, number, number, Set.of(), 0));
    }

    private FakeLog(boolean fenced, @Nullable LogIdentity identity) {
        this.fenced = fenced;
        this.identity = identity;
    }

    void appendsReturn(AppendResult result) {
        append = () -> CompletableFuture.completedFuture(result);
    }

    /** The newest record of each transaction. */
    List<LogRecord> records() {
        List<LogRecord> all = new ArrayList<>();
        records.replay(all::add);
        return all;
    }

    @Override
    public void replay(Consumer<LogRecord> each) {
        records.replay(each);
    }

    @Override
    public CompletionStage<AppendResult> append(LogRecord decision) {
        return append == null ? records.append(decision) : append.get();
    }

    @Override
    public void appendLazily(LogRecord ended) {
        beforeLazily.run();
        records.appendLazily(ended);
    }

    @Override
    public void forget(TransactionId id) {
        beforeForget.accept(id);
        records.forget(id);
    }

    @Override
    public boolean isFenced() {
        return fenced;
    }

    @Override
    public @Nullable String refusalReason() {
        return refusing;
    }

    @Override
    public @Nullable LogIdentity identity() {
        return identity;
    }
}

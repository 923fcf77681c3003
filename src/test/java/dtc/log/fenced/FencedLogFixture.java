package dtc.log.fenced;

import dtc.log.LogRecord;
import dtc.log.fenced.Owner.Formats;
import dtc.runtime.FakeTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/** A log in a store in memory, and the processes that take it over one after the other. */
final class FencedLogFixture {

    static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(1);
    static final int PENDING_MAX = 500;

    final MemoryKeyValueStore memory = new MemoryKeyValueStore();
    final SteppedStore steps = new SteppedStore(memory);
    final FakeTime time = new FakeTime();
    final List<String> notices = new ArrayList<>();
    final List<Integer> fenced = new ArrayList<>();
    final List<String> fatal = new ArrayList<>();
    final List<LogRecord> early = new ArrayList<>();

    private final long cleaningBytesMin;
    FencedStore process;
    Held held;

    FencedLogFixture(long cleaningBytesMin) {
        this.cleaningBytesMin = cleaningBytesMin;
        this.process = newProcess();
        this.held = get(process.create("host:1"));
    }

    FencedStore newProcess() {
        return new FencedStore(steps, "c", RandomGenerator.getDefault(), time::after, fatal::add, Formats.SUPPORTED);
    }

    static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException failure) {
            throw new IllegalStateException(failure);
        }
    }

    FencedDecisionLog open() {
        return get(opening()).orElseThrow();
    }

    CompletionStage<Optional<FencedDecisionLog>> opening() {
        early.clear();
        return FencedDecisionLog.open(
                process,
                held,
                new FencedDecisionLog.Settings(PENDING_MAX, cleaningBytesMin, ANSWER_TIMEOUT, 0.8),
                time::after,
                time::nanos,
                new FencedDecisionLog.Listener() {
                    @Override
                    public void notice(String message) {
                        notices.add(message);
                    }

                    @Override
                    public void fenced(int number) {
                        fenced.add(number);
                    }
                },
                early::add);
    }

    /** Another process seals the number. */
    void seal() {
        FencedStore next = newProcess();
        Held self = get(next.create("host:2"));
        held = ((SealResult.Sealed) get(next.seal(held.number(), held.owner(), self))).held();
        process = next;
    }

    /** Another process seals the number and reads the log. */
    FencedDecisionLog takeOver() {
        seal();
        return open();
    }

    static List<LogRecord> replayed(FencedDecisionLog log) {
        List<LogRecord> records = new ArrayList<>();
        log.replay(records::add);
        return records;
    }

    /** The records that another process finds. */
    List<LogRecord> replayed() {
        return replayed(takeOver());
    }

    int batches() {
        return memory.batches(held.number()).size();
    }

    /** Lets the delay of lazy entries pass. */
    void passLazyDelay() {
        time.advance(FencedDecisionLog.LAZY_DELAY);
    }
}

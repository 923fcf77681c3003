package dtc.log.file;

import dtc.log.AppendResult;
import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A process with a file log on a disk in memory, on one thread, with a clock that only the test advances. */
final class FileLogFixture implements FileDecisionLog.Listener, Executor {

    static final FileDecisionLog.Settings SMALL_SEGMENTS = new FileDecisionLog.Settings(800, 0, 1000, 100);

    /** As in the service, with preallocated zeros for a few records. */
    static final FileDecisionLog.Settings WITH_PREALLOCATION = new FileDecisionLog.Settings(800, 350, 1000, 100);

    final FaultyStorage storage;
    final List<String> notices = new ArrayList<>();

    @Nullable
    Throwable fatal;

    long nanos;

    private final Random random = new Random(1);

    private final FileDecisionLog.Settings settings;
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private boolean busy;
    private @Nullable FileDecisionLog log;

    FileLogFixture(FaultyStorage storage) {
        this(storage, SMALL_SEGMENTS);
    }

    FileLogFixture(FaultyStorage storage, FileDecisionLog.Settings settings) {
        this.storage = storage;
        this.settings = settings;
    }

    FileDecisionLog open() throws IOException {
        FileDecisionLog opened = FileDecisionLog.open(storage, this, settings, () -> nanos, random, this);
        log = opened;
        return opened;
    }

    FileDecisionLog log() {
        if (log == null) {
            throw new IllegalStateException("not open");
        }
        return log;
    }

    /** Appends a record, and runs {@code stored} once it is stored. */
    void append(LogRecord record, Runnable stored) {
        log().append(record).thenAccept(result -> {
            if (result instanceof AppendResult.Stored) {
                stored.run();
            }
        });
    }

    /** Opens the log and returns what it replays. */
    Map<TransactionId, LogRecord> replayed() throws IOException {
        Map<TransactionId, LogRecord> all = new LinkedHashMap<>();
        open().replay(record -> {
            if (all.put(record.id(), record) != null) {
                throw new AssertionError(record.id() + " is replayed twice");
            }
        });
        return all;
    }

    /** Returns the records that the next process replays after this one was killed. */
    static Map<TransactionId, LogRecord> replayed(FaultyStorage storage) throws IOException {
        return new FileLogFixture(storage.afterKill()).replayed();
    }

    /** The segments that contain records. */
    static List<String> segments(FaultyStorage storage) {
        List<String> names = new ArrayList<>();
        storage.content().forEach((name, bytes) -> {
            FileName parsed = FileName.parse(name);
            if (parsed != null && parsed.kind() == FileName.Kind.SEGMENT && bytes.remaining() > Segment.HEADER_BYTES) {
                names.add(name);
            }
        });
        return names;
    }

    // The writer

    /** Stops the writer, so that records queue up. */
    void hold() {
        busy = true;
    }

    void release() {
        busy = false;
        run();
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (!busy) {
            run();
        }
    }

    private void run() {
        busy = true;
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
        busy = false;
    }

    // The listener

    @Override
    public void notice(String what) {
        notices.add(what);
    }

    @Override
    public void fatal(String what, Throwable cause) {
        fatal = cause;
    }
}

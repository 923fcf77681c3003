package dtc.log.file;

import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Periodic checks and preparation of files. Used by the writer only. */
final class Housekeeping {

    private static final long INTERVAL_NANOS = 1_000_000_000;

    private final LogFiles files;
    private final LongSupplier nanos;
    private final Consumer<String> notice;
    private long checkedNanos;
    private long preparedNanos;
    private boolean prepareFailed;

    Housekeeping(LogFiles files, LongSupplier nanos, Consumer<String> notice) {
        this.files = files;
        this.nanos = nanos;
        this.notice = notice;
        this.checkedNanos = nanos.getAsLong();
    }

    /** Checks about once a second that no file was removed or replaced. Each force checks the files that it needs. */
    void check() throws IOException {
        long now = nanos.getAsLong();
        if (now - checkedNanos >= INTERVAL_NANOS) {
            checkedNanos = now;
            files.check();
        }
    }

    /** Creates the files that are needed next. If this fails, the write that needs them tries again. */
    void prepare() throws IOException {
        if (files.isPrepared() || (prepareFailed && nanos.getAsLong() - preparedNanos < INTERVAL_NANOS)) {
            return;
        }
        preparedNanos = nanos.getAsLong();
        prepareFailed = true;
        try {
            files.prepare();
            prepareFailed = false;
        } catch (NotWrittenException failure) {
            notice.accept("the next segment cannot be created in advance: " + failure.getMessage());
        }
    }
}

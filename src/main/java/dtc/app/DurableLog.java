package dtc.app;

import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.log.file.DirectoryStorage;
import dtc.log.file.FileDecisionLog;
import dtc.protocol.PlainText;
import dtc.protocol.TransactionId;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Runs the file log of this process: provides its thread, logs its notices, closes it, and halts the process if it
 * fails.
 */
final class DurableLog implements DecisionLog {

    private static final Logger LOG = Logger.getLogger(DurableLog.class);

    /** Smaller segments would cost more in creating and deleting files than they save. */
    private static final long SEGMENT_BYTES_MIN = 1 << 16;

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final Path directory;
    private final ExecutorService writer;
    private final FileDecisionLog log;
    private final long checkTimer;

    private DurableLog(Vertx vertx, Path directory, ExecutorService writer, FileDecisionLog log) {
        this.vertx = vertx;
        this.directory = directory;
        this.writer = writer;
        this.log = log;
        this.checkTimer = vertx.setPeriodic(CHECK_INTERVAL.toMillis(), _ -> {
            log.check();
            log.refusalReason(); // logs when it changes, also without requests
        });
    }

    /**
     * Opens the log.
     *
     * @throws ConfigurationException if the log cannot be opened as configured
     */
    static DurableLog open(Vertx vertx, DtcConfig.LogConfig config) {
        Path directory = config.directory()
                .orElseThrow(() -> new ConfigurationException(
                        "dtc.log.kind=file needs a directory: set dtc.log.directory (DTC_LOG_DIRECTORY)"));
        if (config.segmentSize().asLongValue() < SEGMENT_BYTES_MIN) {
            throw new ConfigurationException("dtc.log.segment-size must be 64K or more");
        }
        ExecutorService writer = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("decision-log").daemon().factory());
        try {
            FileDecisionLog log = FileDecisionLog.open(
                    new DirectoryStorage(directory),
                    // Records that are appended in the same turn of an event loop share one write and one force.
                    task -> EventLoop.atEndOfTurn(() -> writer.execute(task)),
                    new FileDecisionLog.Settings(
                            config.segmentSize().asLongValue(),
                            FileDecisionLog.PREALLOCATED_BYTES,
                            config.freeSpaceMin().asLongValue(),
                            config.pendingDecisionsMax()),
                    System::nanoTime,
                    new SecureRandom(),
                    new LoggingListener());
            return new DurableLog(vertx, directory, writer, log);
        } catch (IOException failure) {
            writer.shutdown();
            throw unusable(failure);
        }
    }

    /** Creates the exception without a cause, so that Quarkus prints the message without a stack trace. */
    private static ConfigurationException unusable(Exception failure) {
        return new ConfigurationException("the decision log cannot be used: " + failure.getMessage());
    }

    private static final class LoggingListener implements FileDecisionLog.Listener {
        @Override
        public void notice(String what) {
            LOG.warn(what);
        }

        /** Halts without shutdown hooks, because any further message of this process could be wrong. */
        @Override
        public void fatal(String what, Throwable cause) {
            LOG.fatal(what, cause instanceof IOException ? null : cause);
            Runtime.getRuntime().halt(1);
        }
    }

    @Override
    public void replay(Consumer<LogRecord> each) {
        try {
            log.replay(each);
        } catch (UncheckedIOException failure) {
            throw unusable(failure);
        }
    }

    /**
     * Completes on the context of the caller, because dependent actions must not run on the thread that writes the log.
     */
    @Override
    public CompletionStage<AppendResult> append(LogRecord record) {
        Context caller = vertx.getOrCreateContext();
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        log.append(record)
                .whenComplete((appended, failure) -> caller.runOnContext(_ -> complete(result, appended, failure)));
        return result;
    }

    private static void complete(
            CompletableFuture<AppendResult> result, AppendResult appended, @Nullable Throwable failure) {
        if (failure == null) {
            result.complete(appended);
        } else {
            LOG.error("an append to the decision log failed unexpectedly", failure);
            result.completeExceptionally(failure);
        }
    }

    @Override
    public void appendLazily(LogRecord record) {
        log.appendLazily(record);
    }

    @Override
    public void forget(TransactionId id) {
        log.forget(id);
    }

    @Override
    public @Nullable String refusalReason() {
        return log.refusalReason();
    }

    @Override
    public String freeSpace() {
        File volume = directory.toFile();
        return "%s of %s are free"
                .formatted(
                        PlainText.formatBytes(volume.getUsableSpace()), PlainText.formatBytes(volume.getTotalSpace()));
    }

    @Override
    public @Nullable LogIdentity identity() {
        return log.identity();
    }

    /** Blocks until all records are on the disk, so that the next start does not deliver finished outcomes again. */
    void close() throws InterruptedException {
        vertx.cancelTimer(checkTimer);
        try {
            log.close().toCompletableFuture().get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            LOG.debug("the decision log is closed");
        } catch (ExecutionException | TimeoutException _) {
            LOG.warn("the decision log was not closed in time; no decision is lost");
        }
        writer.shutdown();
    }
}

package dtc.app;

import dtc.log.DecisionLog;
import dtc.log.DirectoryStorage;
import dtc.log.FileDecisionLog;
import dtc.log.TransactionRecord;
import dtc.protocol.TransactionId;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
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
 * The file log of this process: its thread, what people are told of it, its end, and the end of the process with it.
 */
final class DurableLog implements DecisionLog {

    private static final Logger LOG = Logger.getLogger(DurableLog.class);

    /** Smaller ones cost more in names than they save. */
    private static final long SEGMENT_BYTES_MIN = 1 << 16;

    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final Vertx vertx;
    private final ExecutorService writer;
    private final FileDecisionLog log;

    private DurableLog(Vertx vertx, ExecutorService writer, FileDecisionLog log) {
        this.vertx = vertx;
        this.writer = writer;
        this.log = log;
    }

    /** @throws ConfigurationException where the log cannot be opened as configured */
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
                    // What one turn of an event loop decides and ends is written and forced together.
                    turn -> EventLoop.atEndOfTurn(() -> writer.execute(turn)),
                    new FileDecisionLog.Settings(
                            config.segmentSize().asLongValue(),
                            FileDecisionLog.ROOM_BYTES,
                            config.freeSpaceMin().asLongValue(),
                            config.decisionsWaitingMax()),
                    System::nanoTime,
                    new Announcer());
            return new DurableLog(vertx, writer, log);
        } catch (IOException failure) {
            writer.shutdown();
            throw unusable(failure);
        }
    }

    /** Without the cause: Quarkus then ends with the message alone, which says it all. */
    private static ConfigurationException unusable(Exception failure) {
        return new ConfigurationException("the decision log cannot be used: "
                + (failure instanceof FileSystemException ? failure.toString() : failure.getMessage()));
    }

    private static final class Announcer implements FileDecisionLog.Watch {
        @Override
        public void notice(String what) {
            LOG.warn(what);
        }

        /** At once, and without any hook: whatever this process still said might not be so. */
        @Override
        public void fatal(String what, Throwable cause) {
            LOG.fatal(what, cause);
            Runtime.getRuntime().halt(1);
        }
    }

    @Override
    public void replay(Consumer<TransactionRecord> each) {
        try {
            log.replay(each);
        } catch (UncheckedIOException failure) {
            throw unusable(failure);
        }
    }

    /** Completes where it was called, since the thread that writes the log must not do the work that follows. */
    @Override
    public CompletionStage<Void> decide(TransactionRecord decision) {
        Context caller = vertx.getOrCreateContext();
        CompletableFuture<Void> told = new CompletableFuture<>();
        log.decide(decision).whenComplete((_, failure) -> caller.runOnContext(_ -> complete(told, failure)));
        return told;
    }

    private static void complete(CompletableFuture<Void> told, @Nullable Throwable failure) {
        if (failure == null) {
            told.complete(null);
        } else {
            told.completeExceptionally(failure);
        }
    }

    @Override
    public void end(TransactionRecord ended) {
        log.end(ended);
    }

    @Override
    public void forget(TransactionId id) {
        log.forget(id);
    }

    @Override
    public @Nullable String refusing() {
        return log.refusing();
    }

    /** Waits until all is on the disk, so that ends are not told again after the next start. */
    void close() throws InterruptedException {
        try {
            log.close().toCompletableFuture().get(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
            LOG.debug("the decision log is closed");
        } catch (ExecutionException | TimeoutException _) {
            LOG.warn("the decision log could not be closed; nothing decided is lost by that");
        }
        writer.shutdown();
    }
}

package dtc.log.fenced;

import dtc.log.fenced.Attempt.Answered;
import dtc.log.fenced.Attempt.NoAnswer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Sends requests to the store until they are answered. Halts if the store has lost data or was replaced. */
final class StoreRequests {

    /** The pause before a request without an answer is sent again. */
    static final Duration RESEND_PAUSE = Duration.ofMillis(100);

    private final Timers timers;
    private final Consumer<String> fatal;
    private final AtomicReference<@Nullable String> storeId = new AtomicReference<>();
    private final AtomicReference<@Nullable StoreChangedException> changed = new AtomicReference<>();
    /** The highest revision in an answer. */
    private final AtomicLong revision = new AtomicLong();

    private volatile String lastFailure = "it has not answered yet";

    StoreRequests(Timers timers, Consumer<String> fatal) {
        this.timers = timers;
        this.fatal = fatal;
    }

    /** Sends a request until it is answered. */
    <R> CompletionStage<R> ask(Supplier<CompletionStage<Attempt<R>>> request) {
        CompletableFuture<R> answer = new CompletableFuture<>();
        send(request, answer);
        return answer;
    }

    private <R> void send(Supplier<CompletionStage<Attempt<R>>> request, CompletableFuture<R> answer) {
        askOnce(request).whenComplete((attempt, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(failure);
                return;
            }
            switch (attempt) {
                case Answered<R> answered -> answer.complete(answered.result());
                case NoAnswer<R> _ -> afterPause(() -> send(request, answer));
            }
        });
    }

    /** Calls {@code action} after the pause before a request is sent again. */
    void afterPause(Runnable action) {
        timers.after(RESEND_PAUSE, action);
    }

    /** Sends a request once. Fails if the store has lost data or was replaced. */
    <R> CompletionStage<Attempt<R>> askOnce(Supplier<CompletionStage<Attempt<R>>> request) {
        long seen = revision.get();
        return request.get().thenCompose(attempt -> {
            StoreChangedException failure = changed.get();
            if (failure != null) {
                return CompletableFuture.failedStage(failure);
            }
            switch (attempt) {
                case Answered<R>(R _, String id, long at) -> {
                    String expected = storeId.compareAndExchange(null, id);
                    if (expected != null && !expected.equals(id)) {
                        return halt("the store has the id %s instead of %s".formatted(id, expected));
                    }
                    // A request that is sent after an answer cannot be executed at an earlier revision.
                    if (at < seen) {
                        return halt("the revision of the store is %s, but it was %s before".formatted(at, seen));
                    }
                    revision.accumulateAndGet(at, Math::max);
                }
                case NoAnswer<R>(String reason) -> lastFailure = reason;
            }
            return CompletableFuture.completedStage(attempt);
        });
    }

    /** Returns the id of the store. Must be called after an answer. */
    String storeId() {
        return Objects.requireNonNull(storeId.get());
    }

    /** Returns why the last request without an answer had none, for operators. */
    String lastFailure() {
        return lastFailure;
    }

    /** Reports that the store has lost data or was replaced. */
    <R> CompletionStage<R> halt(String message) {
        StoreChangedException failure = new StoreChangedException(message);
        if (changed.compareAndSet(null, failure)) {
            fatal.accept(message);
        }
        return CompletableFuture.failedStage(failure);
    }
}

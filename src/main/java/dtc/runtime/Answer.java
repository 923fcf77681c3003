package dtc.runtime;

import dtc.protocol.Refusal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The coordinator's answer to a caller: a value or a refusal. */
public sealed interface Answer<T> {

    record Given<T>(T value) implements Answer<T> {}

    record Refused<T>(Refusal refusal) implements Answer<T> {}

    static <T> Answer<T> of(T value) {
        return new Given<>(value);
    }

    static <T> Answer<T> refused(Refusal refusal) {
        return new Refused<>(refusal);
    }

    static <T> CompletionStage<Answer<T>> refusedStage(Refusal refusal) {
        return CompletableFuture.completedFuture(refused(refusal));
    }
}

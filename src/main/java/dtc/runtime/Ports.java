package dtc.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Calls out of this room. */
final class Ports {

    private Ports() {}

    /** What a port gives. One that throws gives a failed stage like any other: nothing may be left waiting for it. */
    static <T> CompletionStage<T> call(Supplier<CompletionStage<T>> port) {
        try {
            return port.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}

package dtc.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Calls of ports. */
public final class Ports {

    private Ports() {}

    /** Calls a port. If it throws, the stage fails, so that every caller handles one kind of failure. */
    public static <T> CompletionStage<T> call(Supplier<CompletionStage<T>> port) {
        try {
            return port.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}

package dtc.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Calls ports, which are implemented by other packages. */
public final class Ports {

    private Ports() {}

    /** Returns the stage that the port returns, or a failed stage if the port throws. */
    public static <T> CompletionStage<T> call(Supplier<CompletionStage<T>> port) {
        try {
            return port.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}

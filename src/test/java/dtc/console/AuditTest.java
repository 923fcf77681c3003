package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.protocol.Resolution;
import dtc.runtime.FakeTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Actions of operators are recorded with every result. */
class AuditTest {

    private final Audit audit = new Audit(new FakeTime());

    @Test
    void a_failed_action_is_audited_like_any_other() {
        carryOut(() -> CompletableFuture.completedStage(new Audit.Result(true, "It is so.")));
        carryOut(() -> {
            throw new IllegalStateException("it broke");
        });
        carryOut(() -> CompletableFuture.failedStage(new IllegalStateException("it broke later")));
        carryOut(() -> CompletableFuture.<Audit.Result>failedStage(new IllegalStateException("far below"))
                .thenApply(result -> result));
        String failed = "Failed, and may have been partly carried out: java.lang.IllegalStateException: ";
        assertEquals(
                List.of(
                        new Audit.Result(false, failed + "far below."),
                        new Audit.Result(false, failed + "it broke later."),
                        new Audit.Result(false, failed + "it broke."),
                        new Audit.Result(true, "It is so.")),
                audit.entries().stream().map(Audit.Entry::result).toList());
    }

    private void carryOut(Supplier<CompletionStage<Audit.Result>> act) {
        var _ = audit.carryOut(new Resolution("carol", Instant.EPOCH, "because"), Action.ROLL_BACK, "t", "/t", act);
    }
}

package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.TransactionState;
import dtc.protocol.Outcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What happened to a transaction at one moment, kept as it came: whoever looks turns it into words. */
sealed interface Moment {

    /** Elapsed time since the transaction began, or was taken up from the log. */
    long nanos();

    /** An event, where it changed anything. */
    record Applied(long nanos, CoordinatorEvent event, Step step, TransactionState before, TransactionState after)
            implements Moment {}

    /** The outcome was sent to a participant, for the first time ({@code number} 1) or again. */
    record Told(long nanos, String resourceManager, Outcome outcome, int number) implements Moment {}

    /** It will be sent again after the pause; null: once the participant is registered again. */
    record Planned(
            long nanos, String resourceManager, @Nullable Duration pause) implements Moment {}

    /** From here on some were not kept: {@code writes} to it and their answers, or what came before the latest. */
    record LeftOut(long nanos, int number, boolean writes) implements Moment {}
}

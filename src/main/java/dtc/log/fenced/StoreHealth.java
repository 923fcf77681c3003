package dtc.log.fenced;

import dtc.log.AppendResult;
import dtc.log.RefusalNotices;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Checks whether the store answers, how much of its space it uses, and whether this process still holds a number. */
final class StoreHealth {

    static final String EXHAUSTED = "the store of the decision log is almost full";

    private final FencedStore store;
    private final Held held;
    private final FencedDecisionLog.Settings settings;
    private final LongSupplier nanos;
    private final FencedDecisionLog.Listener listener;

    /** When the pending check was sent; null if there is none. */
    private final AtomicReference<@Nullable Long> sentNanos = new AtomicReference<>();

    private volatile boolean exhausted;

    StoreHealth(
            FencedStore store,
            Held held,
            FencedDecisionLog.Settings settings,
            LongSupplier nanos,
            FencedDecisionLog.Listener listener) {
        this.store = store;
        this.held = held;
        this.settings = settings;
        this.nanos = nanos;
        this.listener = listener;
    }

    /** Whether too little space was left at the last check. */
    boolean isExhausted() {
        return exhausted;
    }

    /** Whether the pending check has not been answered within the timeout. */
    boolean isSilent() {
        Long sent = sentNanos.get();
        return sent != null && isOverdue(sent);
    }

    /** Whether a request that was sent at this time has exceeded the timeout. */
    boolean isOverdue(long requestNanos) {
        return nanos.getAsLong() - requestNanos > settings.answerTimeout().toNanos();
    }

    /** Why the store does not answer, for clients and operators. */
    String silence() {
        return "the store of the decision log does not answer: " + store.lastFailure();
    }

    /** @param failed receives the result of all further appends, if another process holds the number or data is lost */
    void check(Consumer<AppendResult> failed) {
        store.usage().thenAccept(this::update);
        if (sentNanos.compareAndSet(null, nanos.getAsLong())) {
            store.confirm(held).whenComplete((holding, failure) -> {
                sentNanos.set(null);
                if (failure != null) {
                    failed.accept(new AppendResult.Unknown());
                } else if (holding == Holding.FENCED) {
                    failed.accept(new AppendResult.Fenced());
                }
            });
        }
    }

    private void update(OptionalDouble usage) {
        if (usage.isEmpty()) {
            return;
        }
        boolean before = exhausted;
        exhausted = usage.getAsDouble() > settings.usageMax();
        if (exhausted && !before) {
            listener.notice(RefusalNotices.refused(EXHAUSTED));
        } else if (!exhausted && before) {
            listener.notice(RefusalNotices.ACCEPTED);
        }
    }
}

package dtc.tracing;

import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.TransactionListener;
import org.jspecify.annotations.Nullable;

/** Creates no spans. */
final class TracingOff implements Tracing {

    @Override
    public boolean isEnabled() {
        return false;
    }

    @Override
    public @Nullable TransactionListener listener() {
        return null;
    }

    @Override
    public ActiveSpan received(ReceivedRequest request) {
        return ActiveSpan.NONE;
    }

    @Override
    public void coordinates(TransactionId transaction) {}

    @Override
    public void carriesOut(String resourceManager, TransactionId transaction) {}

    @Override
    public ActiveSpan sending(SentRequest request) {
        return ActiveSpan.NONE;
    }

    @Override
    public ActiveSpan storing(StoredBatch batch) {
        return ActiveSpan.NONE;
    }

    @Override
    public @Nullable SpanIds spanOf(TransactionId transaction) {
        return null;
    }
}

package dtc.store.postgresql;

import dtc.protocol.JsonText;
import dtc.resource.Change;
import dtc.runtime.participant.ResourceStore;
import dtc.tracing.ActiveSpan;
import dtc.tracing.Tracing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Begins a span for each batch of changes that another store appends. */
public final class TracedStore implements ResourceStore {

    private final ResourceStore store;
    private final Tracing tracing;
    private final String rm;
    private final PostgresSettings settings;

    public TracedStore(ResourceStore store, Tracing tracing, String rm, PostgresSettings settings) {
        this.store = store;
        this.tracing = tracing;
        this.rm = rm;
        this.settings = settings;
    }

    @Override
    public CompletionStage<@Nullable Void> append(long epoch, List<Change> changes) {
        ActiveSpan span = tracing.storing(new Tracing.StoredBatch(
                rm,
                settings.host(),
                settings.port(),
                settings.database(),
                changes.stream().map(Change::id).toList()));
        return store.append(epoch, changes).whenComplete((_, failure) -> {
            if (failure == null) {
                span.succeeded();
            } else {
                span.failed(failure);
            }
        });
    }

    @Override
    public CompletionStage<Loaded> open() {
        return store.open();
    }

    @Override
    public int batchMax() {
        return store.batchMax();
    }

    @Override
    public Duration appendDelay() {
        return store.appendDelay();
    }

    @Override
    public CompletionStage<@Nullable Void> checkEpoch(long epoch) {
        return store.checkEpoch(epoch);
    }

    @Override
    public CompletionStage<Map<String, JsonText>> read(Set<String> keys) {
        return store.read(keys);
    }

    @Override
    public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return store.entries(after, limit);
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        return store.close();
    }
}

package dtc.log.fenced;

import dtc.log.fenced.Attempt.Answered;
import dtc.log.fenced.Attempt.NoAnswer;
import dtc.log.fenced.KeyValueStore.Entry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Reads the log of a number in pages, newest batch first. The page size adapts to the batch size, because the size of
 * an answer is limited. When the last page is read, the claim is confirmed.
 */
final class LogReader {

    /** The intended size of a page. A single batch is at most half as long. */
    private static final int PAGE_BYTES = 2 << 20;

    private static final int PAGE_BATCHES_MAX = 128;

    private final FencedStore store;
    private final StoreRequests requests;
    private final Held held;
    private final Consumer consumer;
    private final CompletableFuture<Holding> result = new CompletableFuture<>();
    /** The sequence number of the newest batch that is not read. */
    private long next;

    private int pageBatches = 2;

    /** Receives the batches of a log. */
    public interface Consumer {
        void accept(long sequence, ByteBuffer batch);
    }

    LogReader(FencedStore store, StoreRequests requests, Held held, Consumer consumer) {
        this.store = store;
        this.requests = requests;
        this.held = held;
        this.consumer = consumer;
        this.next = held.head();
    }

    CompletionStage<Holding> read() {
        readPage();
        return result;
    }

    private void readPage() {
        long first = Math.max(1, next - pageBatches + 1);
        if (next < first) {
            finish(confirm());
            return;
        }
        requests.askOnce(() -> store.readOnce(held.number(), first, next)).whenComplete((attempt, failure) -> {
            if (failure != null) {
                result.completeExceptionally(failure);
                return;
            }
            switch (attempt) {
                case NoAnswer<List<Entry>> _ -> {
                    // The page may have been too large.
                    pageBatches = Math.max(1, pageBatches / 2);
                    requests.afterPause(this::readPage);
                }
                case Answered<List<Entry>> answered -> accept(first, answered.result());
            }
        });
    }

    /** Accepts the batches from {@code first} to {@link #next}. Only the oldest batches of the log may be missing. */
    private void accept(long first, List<Entry> page) {
        long lastMissing = next - page.size();
        int bytes = 0;
        for (int i = page.size() - 1; i >= 0; i--) {
            Entry entry = page.get(i);
            if (!entry.key().equals(store.batchKey(held.number(), next))) {
                finish(failUnlessFenced(next));
                return;
            }
            bytes += entry.value().length();
            try {
                consumer.accept(next, entry.value().bytes());
            } catch (RuntimeException unreadable) {
                result.completeExceptionally(unreadable);
                return;
            }
            next--;
        }
        if (lastMissing < first) {
            pageBatches = Math.clamp((long) PAGE_BYTES * page.size() / Math.max(1, bytes), 1, PAGE_BATCHES_MAX);
            readPage();
        } else if (lastMissing == held.head()) {
            finish(failUnlessFenced(lastMissing)); // the newest batch is never deleted
        } else {
            finish(store.hasBatchBefore(held.number(), lastMissing)
                    .thenCompose(hasMore -> hasMore ? failUnlessFenced(lastMissing) : confirm()));
        }
    }

    /** The pages were read at different times. Together they are complete if this process still holds the number. */
    private CompletionStage<Holding> confirm() {
        return store.confirm(held);
    }

    /** A batch is missing. It may have been deleted by a process that has sealed the number in the meantime. */
    private CompletionStage<Holding> failUnlessFenced(long sequence) {
        return store.confirm(held)
                .thenCompose(holding -> holding == Holding.FENCED
                        ? CompletableFuture.completedStage(holding)
                        : store.haltForMissingBatch(held, sequence));
    }

    private void finish(CompletionStage<Holding> last) {
        last.whenComplete((holding, failure) -> {
            if (failure != null) {
                result.completeExceptionally(failure);
            } else {
                result.complete(holding);
            }
        });
    }
}

package dtc.log.fenced;

import dtc.log.fenced.Attempt.NoAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Executes and answers requests when the test says so, or at once. */
final class SteppedStore implements KeyValueStore {

    private KeyValueStore store;
    private boolean automatic = true;
    private final List<Request<?>> requests = new ArrayList<>();

    /** A request that was sent. */
    static final class Request<R> {
        private final Supplier<CompletionStage<Attempt<R>>> execution;
        private final CompletableFuture<Attempt<R>> result = new CompletableFuture<>();
        private CompletionStage<Attempt<R>> executed = new CompletableFuture<>();

        private Request(Supplier<CompletionStage<Attempt<R>>> execution) {
            this.execution = execution;
        }

        /** Executes it, also repeatedly. The sender gets no answer yet. */
        Request<R> execute() {
            executed = execution.get();
            return this;
        }

        /** Answers with the result of the last execution. */
        void answer() {
            executed.thenAccept(result::complete);
        }

        /** The sender gets no answer. */
        void lose() {
            result.complete(new NoAnswer<>("lost"));
        }
    }

    SteppedStore(KeyValueStore store) {
        this.store = store;
    }

    /** From now on, requests are kept until the test executes them. */
    void stop() {
        automatic = false;
    }

    /** From now on, requests are executed and answered at once. */
    void go() {
        automatic = true;
    }

    /** From now on, another store answers. */
    void replace(KeyValueStore other) {
        store = other;
    }

    /** The requests that were sent while it was stopped, oldest first. */
    List<Request<?>> requests() {
        return requests;
    }

    /** Executes and answers all requests that have no answer. */
    void answerAll() {
        List.copyOf(requests).forEach(request -> request.execute().answer());
    }

    Request<?> last() {
        return requests.getLast();
    }

    private <R> CompletionStage<Attempt<R>> send(Supplier<CompletionStage<Attempt<R>>> execution) {
        if (automatic) {
            return execution.get();
        }
        Request<R> request = new Request<>(execution);
        requests.add(request);
        return request.result;
    }

    @Override
    public CompletionStage<Attempt<Txn.Result>> commit(Txn txn) {
        return send(() -> store.commit(txn));
    }

    @Override
    public CompletionStage<Attempt<List<Entry>>> range(String from, String to, int limit) {
        return send(() -> store.range(from, to, limit));
    }

    @Override
    public CompletionStage<OptionalDouble> usage() {
        return store.usage();
    }
}

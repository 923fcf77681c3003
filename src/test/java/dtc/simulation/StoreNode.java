package dtc.simulation;

import dtc.log.LogRecord;
import dtc.log.fenced.Attempt;
import dtc.log.fenced.Attempt.NoAnswer;
import dtc.log.fenced.KeyValueStore;
import dtc.log.fenced.MemoryKeyValueStore;
import dtc.log.fenced.StoreTraffic;
import dtc.log.fenced.Txn;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * The store that coordinators share: linearizable, and always up. Requests and answers may be lost, late and repeated,
 * as all messages.
 */
final class StoreNode extends Node {

    static final String NAME = "store";

    private static final long DEADLINE_MILLIS = 500;

    private final MemoryKeyValueStore content = new MemoryKeyValueStore();

    StoreNode(World world) {
        super(world, NAME);
    }

    @Override
    void started(Life life) {
        world.network.listen(NAME, this);
    }

    @Override
    void died(int kept) {
        throw new IllegalStateException("the store is replicated itself: it does not die here");
    }

    /** The numbers that are not done. */
    List<Integer> issuedNumbers() {
        return StoreTraffic.issued(content);
    }

    private Attempt<Txn.Result> execute(Txn txn) {
        Attempt<Txn.Result> attempt = content.execute(txn);
        if (attempt instanceof Attempt.Answered<Txn.Result> answered
                && answered.result().succeeded()) {
            StoreTraffic.records(txn).stream()
                    .filter(record -> record.kind() != LogRecord.Kind.REGISTRATION)
                    .forEach(world.ledger::stored);
        }
        return attempt;
    }

    /** The connection of one life of a coordinator. */
    KeyValueStore connect(Life client) {
        return new KeyValueStore() {
            @Override
            public CompletionStage<Attempt<Txn.Result>> commit(Txn txn) {
                return send(client, StoreTraffic.name(txn), store -> store.execute(txn));
            }

            @Override
            public CompletionStage<Attempt<List<Entry>>> range(String from, String to, int limit) {
                return send(client, StoreTraffic.name(from), store -> store.content.read(from, to, limit));
            }

            @Override
            public CompletionStage<OptionalDouble> usage() {
                return CompletableFuture.completedStage(OptionalDouble.of(0));
            }
        };
    }

    private <R> CompletionStage<Attempt<R>> send(Life client, String subject, Function<StoreNode, Attempt<R>> request) {
        return world.network
                .<Attempt<R>>ask(
                        client,
                        NAME,
                        subject,
                        DEADLINE_MILLIS,
                        _ -> CompletableFuture.completedStage(request.apply(this)))
                .thenApply(result -> result instanceof Network.Result.Heard<Attempt<R>>(Attempt<R> answer)
                        ? answer
                        : new NoAnswer<>("no answer"));
    }
}

package dtc.simulation;

import dtc.protocol.JsonText;
import dtc.resource.Change;
import dtc.runtime.Stages;
import dtc.runtime.participant.ResourceStore;
import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoredTables;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one process to the database of a resource manager. By default it answers at once. If it is slow, an
 * append may also be refused, or be stored or not while the process is told neither; it may be stored long after the
 * process gave up on it, unless the store was opened again. Another process may open the store in between.
 */
final class SimulatedStore implements ResourceStore {

    private static final int BATCH_MAX = 8;
    private static final long TIMEOUT_MILLIS = 900;
    private static final int LATE_MILLIS = 4_000;

    private final World world;
    private final ResourceManagerNode node;
    private final Node.Life life;
    private final StoredTables tables;
    private final long delayMax;
    /** This process was told that another one has opened the store. */
    private boolean fenced;
    /** An opening of this process was answered. */
    private boolean opened;

    /**
     * A request was not answered, so this process opens the store again in any case. What it hears until then about its
     * last epoch is no reason to stop: its own opening may have been carried out without an answer.
     */
    private boolean openAgain;

    SimulatedStore(World world, ResourceManagerNode node, Node.Life life, StoredTables tables) {
        this.world = world;
        this.node = node;
        this.life = life;
        this.tables = tables;
        this.delayMax = node.storeDelayMax();
    }

    private long delay() {
        return 1 + world.number("store of " + node.name, delayMax);
    }

    private boolean happens(Setting perMille) {
        return !world.isHealed() && world.number(perMille.text + " at " + node.name, 1_000) < world.setting(perMille);
    }

    private void lose(CompletableFuture<?> answer) {
        openAgain = true;
        answer.completeExceptionally(new StoreException(StoreException.Kind.UNAVAILABLE, "no answer"));
    }

    /** Carries out a question at the database, and brings the answer back. */
    private <T extends @Nullable Object> CompletionStage<T> ask(Supplier<CompletionStage<T>> question) {
        if (delayMax == 0) {
            return question.get();
        }
        CompletableFuture<T> answer = new CompletableFuture<>();
        if (happens(Setting.STORE_LOST)) {
            if (world.number("lost answer at " + node.name, 2) == 0) {
                world.atDatabase(delay(), () -> question.get().thenAccept(_ -> {}));
            }
            world.after(TIMEOUT_MILLIS, life, () -> lose(answer));
            return answer;
        }
        world.atDatabase(
                delay(), () -> question.get().whenComplete((result, failure) -> answer(answer, result, failure)));
        return answer;
    }

    private <T extends @Nullable Object> void answer(
            CompletableFuture<T> answer, T result, @Nullable Throwable failure) {
        world.after(delay(), life, () -> {
            world.moment(life, node.name + " hears from its store", false);
            if (life.isOver()) {
                return;
            }
            if (failure == null) {
                answer.complete(result);
            } else {
                // Otherwise it is about an earlier epoch of this process, or about one that is over.
                fenced |= failure instanceof StoreException known
                        && known.kind() == StoreException.Kind.FENCED
                        && node.isTakenOver()
                        && !openAgain;
                answer.completeExceptionally(failure);
            }
        });
    }

    @Override
    public CompletionStage<Loaded> open() {
        if (fenced) {
            world.fail("fencing", node.name + " opens the store although another process has taken it over");
        }
        return ask(() -> {
                    if (life.isOver()) {
                        return new CompletableFuture<>(); // only a living process commits its opening
                    }
                    if (opened && node.isTakenOver()) {
                        return CompletableFuture.<Loaded>failedFuture(StoredTables.fenced());
                    }
                    Loaded loaded = tables.open();
                    node.opened();
                    return CompletableFuture.completedFuture(loaded);
                })
                .whenComplete((_, failure) -> {
                    if (failure == null) {
                        openAgain = false;
                        opened = true;
                    } else {
                        fenced |= Stages.unwrap(failure) instanceof StoreException known
                                && known.kind() == StoreException.Kind.FENCED;
                    }
                });
    }

    @Override
    public CompletionStage<@Nullable Void> append(long epoch, List<Change> changes) {
        if (delayMax == 0) {
            return store(epoch, changes);
        }
        CompletableFuture<@Nullable Void> answer = new CompletableFuture<>();
        world.moment(life, node.name + " stores", false);
        if (life.isOver()) {
            return answer;
        }
        if (happens(Setting.STORE_TAKEOVER)) {
            world.atDatabase(delay(), () -> {
                tables.open();
                node.takenOver();
            });
        }
        if (happens(Setting.STORE_REFUSED)) {
            StoreException refused = new StoreException(StoreException.Kind.REFUSED, "the disk is full");
            world.after(delay(), life, () -> answer.completeExceptionally(refused));
        } else if (happens(Setting.STORE_LOST)) {
            if (world.number("late append at " + node.name, 3) > 0) {
                long late = world.number("late append at " + node.name, 2) == 0 ? delay() : 1 + delayOfLate();
                world.atDatabase(late, () -> store(epoch, changes));
            }
            world.after(TIMEOUT_MILLIS, life, () -> lose(answer));
        } else {
            world.atDatabase(
                    delay(), () -> store(epoch, changes).whenComplete((_, failure) -> answer(answer, null, failure)));
        }
        return answer;
    }

    private long delayOfLate() {
        return world.number("late append at " + node.name, LATE_MILLIS);
    }

    private CompletionStage<@Nullable Void> store(long epoch, List<Change> changes) {
        if (epoch != tables.epoch()) {
            return CompletableFuture.failedFuture(StoredTables.fenced());
        }
        for (Change change : changes) {
            tables.apply(change);
            world.ledger.stored(node);
        }
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Duration appendDelay() {
        return Duration.ZERO;
    }

    @Override
    public CompletionStage<@Nullable Void> checkEpoch(long epoch) {
        return ask(() -> epoch == tables.epoch()
                ? CompletableFuture.<@Nullable Void>completedFuture(null)
                : CompletableFuture.<@Nullable Void>failedFuture(StoredTables.fenced()));
    }

    @Override
    public CompletionStage<Map<String, JsonText>> read(Set<String> keys) {
        return ask(() -> CompletableFuture.completedFuture(tables.read(keys)));
    }

    @Override
    public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return ask(() -> CompletableFuture.completedFuture(tables.page(after, limit)));
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        return CompletableFuture.completedFuture(null);
    }
}

package dtc.simulation;

import dtc.log.DecisionLog;
import dtc.log.fenced.FencedDecisionLog;
import dtc.log.fenced.FencedStore;
import dtc.log.fenced.Owner.Formats;
import dtc.protocol.TransactionId;
import dtc.runtime.cluster.Location;
import dtc.runtime.cluster.Replica;
import dtc.runtime.coordinator.Coordinator;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What makes one life of a coordinator a member of a cluster: the product's replica, over the simulated store. */
final class ClusterMember {

    private static final FencedDecisionLog.Settings SETTINGS =
            new FencedDecisionLog.Settings(50, 600, Duration.ofSeconds(1), 0.8);
    private static final Duration SWEEP = Duration.ofMillis(700);
    private static final long BACK_AFTER_MILLIS = 200;

    private final World world;
    private final Node.Life life;
    private final LifeTime time;
    private @Nullable Replica replica;

    ClusterMember(World world, Node.Life life) {
        this.world = world;
        this.life = life;
        this.time = new LifeTime(life);
    }

    /** @param ready receives the log of the process, and returns the coordinator that uses it */
    void start(UnaryOperator<DecisionLog> watched, Function<DecisionLog, Coordinator> ready) {
        FencedStore store = new FencedStore(
                world.store().connect(life),
                "c",
                new SplittableRandom(world.number("claims", Long.MAX_VALUE)),
                time::after,
                message -> world.fail("the store is consistent", message),
                Formats.SUPPORTED);
        Replica.start(store, "host:1", SETTINGS, time, watched, new Events()).thenAccept(started -> {
            if (life.isOver()) {
                return;
            }
            replica = started;
            started.serve(ready.apply(started.log()));
            sweep(started);
        });
    }

    private void sweep(Replica started) {
        started.sweep(holders -> CompletableFuture.completedStage(
                holders.keySet().stream().filter(number -> !seemsLive(number)).collect(Collectors.toSet())));
        time.after(SWEEP, () -> sweep(started));
    }

    /** Says the truth, unless it lies. A process that stands still seems dead. */
    private boolean seemsLive(int number) {
        boolean live = world.coordinators().stream()
                .anyMatch(node -> node.isNumber(number) && node.pausedUntil() <= world.millis());
        boolean lies = world.mayDisturb() && world.number("detector", 1_000) < world.setting(Setting.DETECTOR_LIES);
        return live != lies;
    }

    boolean isNumber(int number) {
        return replica != null && replica.number() == number;
    }

    /** The numbers that it holds and has read. */
    Set<Integer> numbers() {
        return replica == null ? Set.of() : replica.numbers();
    }

    CompletionStage<Location> locate(TransactionId id) {
        if (replica == null) {
            throw new IllegalStateException("asked before its start");
        }
        return replica.locate(id);
    }

    private final class Events implements Replica.Listener {
        @Override
        public void notice(String message) {
            world.note(life.node.name + " " + message);
        }

        @Override
        public void tookOver(int number, int open) {
            if (!life.isOver() && life.node instanceof CoordinatorNode node) {
                node.tookOver(number);
            }
        }

        @Override
        public void fenced() {
            world.fatal(life, BACK_AFTER_MILLIS);
        }
    }
}

package dtc.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Carries requests and replies between processes. A request may be lost, delayed, doubled and overtaken; so may its
 * reply, after the request was carried out. A doubled request may arrive long after its sender has crashed.
 */
final class Network {

    private static final long MILLIS = 1;

    private final World world;
    private final Map<String, Node> addresses = new HashMap<>();
    private final Map<Way, Long> cuts = new HashMap<>();
    private final Map<Way, Long> clogs = new HashMap<>();

    private record Way(String from, String to) {}

    /** What the sender of a request learns. */
    sealed interface Result<R> {
        record Heard<R>(R answer) implements Result<R> {}

        /** No process listens at the address: the request was not carried out. */
        record Refused<R>() implements Result<R> {}

        /** The connection broke: unknown whether it was carried out. */
        record Broken<R>() implements Result<R> {}

        /** No reply in time: unknown whether it was carried out. */
        record Silent<R>() implements Result<R> {}
    }

    /** What happens to a request or a reply. Where {@code broken}, it is lost and the sender learns of it. */
    private record Passage(boolean lost, boolean broken, long delay, List<Long> doubles) {}

    Network(World world) {
        this.world = world;
    }

    /** From now on, messages to the address go to the process. */
    void listen(String address, Node node) {
        addresses.put(address, node);
    }

    void close(String address) {
        addresses.remove(address);
    }

    void cut(String from, String to, long until) {
        cuts.merge(new Way(from, to), until, Math::max);
    }

    void clog(String from, String to, long until) {
        clogs.merge(new Way(from, to), until, Math::max);
    }

    /** Sends a request; completes within {@code timeoutMillis}, if the sender lives that long. */
    <R> CompletionStage<Result<R>> ask(
            Node.Life asker,
            String address,
            String subject,
            long timeoutMillis,
            Function<Node, CompletionStage<R>> question) {
        CompletableFuture<Result<R>> heard = new CompletableFuture<>();
        if (asker.isOver()) {
            return heard;
        }
        String from = asker.node.name;
        Node known = addresses.get(address);
        String to = known == null ? address : known.name;
        Passage passage = passage(asker, from, to, from + " sends " + subject + " to " + to);
        if (asker.isOver()) {
            return heard;
        }
        world.after(timeoutMillis, asker, () -> heard.complete(new Result.Silent<>()));
        List<Long> copies = new ArrayList<>(passage.doubles());
        boolean doubled = !copies.isEmpty();
        if (!passage.lost()) {
            copies.addFirst(passage.delay());
        }
        if (passage.broken()) {
            world.after(passage.delay(), asker, () -> heard.complete(new Result.Broken<>()));
        }
        for (long delay : copies) {
            Node target = addresses.get(address);
            Runnable arrival = () -> arrive(asker, address, subject, question, heard, doubled);
            if (target == null) {
                world.after(delay, asker, arrival);
            } else {
                world.arrives(target, delay, arrival);
            }
        }
        return heard;
    }

    private <R> void arrive(
            Node.Life asker,
            String address,
            String subject,
            Function<Node, CompletionStage<R>> question,
            CompletableFuture<Result<R>> heard,
            boolean doubled) {
        String from = asker.node.name;
        Node target = addresses.get(address);
        Node.Life life = target == null ? null : target.life();
        if (target == null || life == null || !target.isListening()) {
            // With a second copy under way, the request may still be carried out.
            world.after(MILLIS, asker, () -> heard.complete(doubled ? new Result.Broken<>() : new Result.Refused<>()));
            return;
        }
        world.moment(life, target.name + " receives " + subject + " from " + from, false);
        if (life.isOver()) {
            world.after(MILLIS, asker, () -> heard.complete(new Result.Broken<>()));
            return;
        }
        question.apply(target).whenComplete((answer, failure) -> {
            if (life.isOver()) {
                return;
            }
            if (failure != null) {
                world.fail("no exception", subject + " failed at " + target.name + ": " + failure);
                return;
            }
            Passage back = passage(life, target.name, from, target.name + " answers " + subject + " to " + from);
            if (life.isOver()) {
                world.after(MILLIS, asker, () -> heard.complete(new Result.Broken<>()));
                return;
            }
            if (!back.lost()) {
                world.after(back.delay(), asker, () -> hear(asker, target, subject, answer, heard));
            }
            if (back.broken()) {
                world.after(back.delay(), asker, () -> heard.complete(new Result.Broken<>()));
            }
        });
    }

    private <R> void hear(Node.Life asker, Node target, String subject, R answer, CompletableFuture<Result<R>> heard) {
        if (heard.isDone()) {
            return; // the time-out came first
        }
        world.moment(asker, asker.node.name + " hears " + subject + " from " + target.name, false);
        if (!asker.isOver()) {
            heard.complete(new Result.Heard<>(answer));
        }
    }

    private Passage passage(Node.Life sender, String from, String to, String moment) {
        boolean lost = false;
        boolean broken = false;
        long delay = MILLIS;
        List<Long> doubles = new ArrayList<>();
        for (ScenarioAction.Fate fate : world.moment(sender, moment, true)) {
            switch (fate) {
                case ScenarioAction.Lose _ -> lost = true;
                case ScenarioAction.Break _ -> {
                    lost = true;
                    broken = true;
                }
                case ScenarioAction.Delay(long millis) -> delay = millis;
                case ScenarioAction.Twice(long afterMillis) -> doubles.add(afterMillis);
            }
        }
        Way way = new Way(from, to);
        if (cuts.getOrDefault(way, 0L) > world.millis()) {
            return new Passage(true, false, delay, List.of());
        }
        long held = Math.max(0, clogs.getOrDefault(way, 0L) - world.millis());
        long first = delay + held;
        return new Passage(lost, broken, first, doubles);
    }
}

package dtc.simulation;

import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A client, or an operator: asks one thing after another, and again where no clear answer came. Never dies. */
final class ClientNode extends Node {

    private static final long BEGINS_AFTER_MILLIS = 100;
    private static final long PATIENCE_MILLIS = 2_500;
    private static final long PAUSE_MILLIS = 300;

    private final List<ScenarioStep.Client> steps;
    private final List<String> heard = new ArrayList<>();
    /** Of which a write or a call got no answer. To commit without it is not what was wanted. */
    private final Set<String> spoiled = new HashSet<>();

    private boolean done;
    /** Which of several coordinators it asks; the next one if the answer is not clear. */
    private int asked;

    /**
     * An answer.
     *
     * @param clear whether there is no need to ask again
     */
    record Heard(String what, @Nullable TransactionId id, boolean clear) {}

    ClientNode(World world, String name, List<ScenarioStep.Client> steps) {
        super(world, name);
        this.steps = steps;
        this.asked = name.hashCode();
    }

    @Override
    void started(Life life) {
        world.after(BEGINS_AFTER_MILLIS, life, () -> go(life, 0, 1));
    }

    @Override
    void died(int kept) {
        throw new IllegalStateException("clients do not die here: they would only say nothing more");
    }

    boolean isDone() {
        return done;
    }

    /** Each question, and what was heard. */
    List<String> heard() {
        return heard;
    }

    @Override
    public String toString() {
        return name + " after " + heard;
    }

    private void go(Life life, int index, int tries) {
        if (index == steps.size()) {
            done = true;
            return;
        }
        ScenarioStep.Client step = steps.get(index);
        Ask ask = step.ask();
        if (ask instanceof Ask.Wait(long millis)) {
            world.after(millis, life, () -> go(life, index + 1, 1));
            return;
        }
        boolean begins = ask instanceof Ask.Begin || ask instanceof Ask.Run;
        TransactionId id = begins || ask.transaction().isEmpty() ? null : world.handle(ask.transaction());
        if (id == null && !begins && !ask.transaction().isEmpty()) {
            heard.add(ask.subject() + ": it never began");
            world.after(1, life, () -> go(life, index + 1, 1));
            return;
        }
        String address = world.coordinator(asked);
        if (ask instanceof Ask.Call call
                && world.node(call.write().resourceManager()) instanceof ResourceManagerNode service) {
            address = service.address();
        }
        if (spoiled.contains(ask.transaction()) && (ask instanceof Ask.Prepare || ask instanceof Ask.Commit)) {
            heard.add(ask.subject() + ": given up");
            world.after(1, life, () -> go(life, index + 1, 1));
            return;
        }
        world.network
                .ask(life, address, ask.subject(), PATIENCE_MILLIS, node -> {
                    if (node instanceof CoordinatorNode coordinator) {
                        return coordinator.ask(name, ask, id);
                    }
                    if (node instanceof ResourceManagerNode service && ask instanceof Ask.Call call && id != null) {
                        return service.call(id, call.write());
                    }
                    throw new IllegalStateException(node.name + " is asked " + ask);
                })
                .thenAccept(result -> {
                    boolean clear = switch (result) {
                        case Network.Result.Heard<Heard>(Heard answer) -> {
                            heard.add(ask.subject() + ": " + answer.what());
                            if (begins && answer.id() != null) {
                                world.handle(ask.transaction(), answer.id());
                            }
                            yield answer.clear();
                        }
                        case Network.Result.Refused<Heard> _ -> noAnswer(ask);
                        case Network.Result.Broken<Heard> _ -> noAnswer(ask);
                        case Network.Result.Silent<Heard> _ -> noAnswer(ask);
                    };
                    if (!clear && (ask instanceof Ask.Put || (ask instanceof Ask.Call call && !call.mayBeMissing()))) {
                        spoiled.add(ask.transaction());
                    }
                    if (!clear) {
                        asked++;
                    }
                    // A call that is made again is another piece of work.
                    if (clear || tries >= step.tries() || ask instanceof Ask.Call) {
                        world.after(1, life, () -> go(life, index + 1, 1));
                    } else {
                        world.after(PAUSE_MILLIS, life, () -> go(life, index, tries + 1));
                    }
                });
    }

    private boolean noAnswer(Ask ask) {
        heard.add(ask.subject() + ": no answer");
        return false;
    }
}

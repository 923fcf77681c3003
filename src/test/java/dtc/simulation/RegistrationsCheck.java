package dtc.simulation;

import dtc.runtime.Registration;
import dtc.runtime.Registry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A registration that was answered is known after a restart of the coordinator, or a later one. */
final class RegistrationsCheck implements Check {

    private final World world;
    /** What the next coordinator may find: the newest registration that was answered, and those received after it. */
    private final Map<String, List<Registered>> possible = new LinkedHashMap<>();

    private final Set<String> answered = new HashSet<>();

    /** A registration that the coordinator received. Equal only to itself: one may be removed and repeated. */
    static final class Registered {

        private final String url;
        private final UUID instance;

        Registered(String url, UUID instance) {
            this.url = url;
            this.instance = instance;
        }

        private boolean isFoundIn(Registration registration) {
            return registration.url().equals(url) && registration.instance().equals(instance);
        }

        @Override
        public String toString() {
            return url + " " + instance;
        }
    }

    RegistrationsCheck(World world) {
        this.world = world;
    }

    @Override
    public void registering(String resourceManager, Registered state) {
        possible.computeIfAbsent(resourceManager, _ -> new ArrayList<>()).add(state);
    }

    @Override
    public void registered(String resourceManager, Registered state) {
        List<Registered> states = possible.getOrDefault(resourceManager, List.of());
        int newest = states.indexOf(state);
        if (newest >= 0) { // otherwise it was removed, or a later registration was answered
            states.subList(0, newest).clear();
            answered.add(resourceManager);
        }
    }

    @Override
    public void removed(String resourceManager) {
        possible.remove(resourceManager);
        answered.remove(resourceManager);
    }

    @Override
    public void recovered(Registry registry) {
        possible.forEach((id, states) -> {
            Registration found = registry.find(id);
            if (answered.contains(id) && !isPossible(states, found)) {
                world.fail(
                        "registrations survive", "%s was registered as %s, and is now %s".formatted(id, states, found));
            }
        });
    }

    private static boolean isPossible(List<Registered> states, @Nullable Registration found) {
        for (Registered state : states) {
            if (found != null && state.isFoundIn(found)) {
                return true;
            }
        }
        return false;
    }
}

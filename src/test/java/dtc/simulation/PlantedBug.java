package dtc.simulation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A change of the product that breaks it.
 *
 * @param withinSeeds how many seeds, from 1 on, may be played to find it
 * @param knownSeed a seed that found it, which is played first
 */
record PlantedBug(String name, TreeEdit edit, int withinSeeds, long knownSeed) {

    private static final Path PRODUCT = Path.of("src/main/java");

    /** A seed that finds the bug, with the promise that it breaks; empty if there is none. */
    Map<Long, String> find() throws IOException, ReflectiveOperationException {
        return find(Hunt.class);
    }

    /**
     * Like {@link #find()}, with another simulation.
     *
     * @param hunter has a static method like {@link Hunt#first}
     */
    @SuppressWarnings("unchecked") // what the method returns
    Map<Long, String> find(Class<?> hunter) throws IOException, ReflectiveOperationException {
        Class<?> hunt = patchedClasses().loadClass(hunter.getName());
        return (Map<Long, String>)
                hunt.getMethod("first", long.class, int.class).invoke(null, knownSeed, withinSeeds);
    }

    private ClassLoader patchedClasses() throws IOException {
        try {
            return PatchedClasses.of(edit.topLevelClass(), edit.applyTo(PRODUCT));
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw new IllegalStateException(
                    "The bug \"%s\" cannot be planted: %s%nCorrect it in PlantedBugsTest, so that it fits the product again."
                            .formatted(name, e.getMessage()),
                    e);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    /** Begins the description of a bug: {@code plant("…").in(…).remove("…").foundWithin(…)}. */
    static Planting plant(String name) {
        return new Planting(name);
    }

    record Planting(String name) {
        Target in(Class<?> type, String method) {
            return in(type.getName(), method);
        }

        /** For a class that is not visible here. */
        Target in(String className, String method) {
            return new Target(name, className, method);
        }
    }

    record Target(String name, String className, String method) {
        Change remove(String statement) {
            return new Change(name, TreeEdit.remove(className, method, statement));
        }

        Change replace(String code, String replacement) {
            return new Change(name, new TreeEdit(className, method, code, replacement));
        }
    }

    record Change(String name, TreeEdit edit) {
        PlantedBug foundWithin(int seeds) {
            return foundWithin(seeds, 1);
        }

        PlantedBug foundWithin(int seeds, long knownSeed) {
            return new PlantedBug(name, edit, seeds, knownSeed);
        }
    }
}

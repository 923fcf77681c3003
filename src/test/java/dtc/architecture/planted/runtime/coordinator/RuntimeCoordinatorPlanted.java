package dtc.architecture.planted.runtime.coordinator;

import dtc.architecture.planted.log.fenced.LogFencedPlanted;

/** Breaks the layering on purpose, to prove that the rules detect it. */
public class RuntimeCoordinatorPlanted {

    /** The shared store. */
    public Class<?> forbidden() {
        return LogFencedPlanted.class;
    }
}

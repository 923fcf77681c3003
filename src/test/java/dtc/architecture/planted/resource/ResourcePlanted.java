package dtc.architecture.planted.resource;

import dtc.architecture.planted.coordinator.CoordinatorPlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class ResourcePlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return CoordinatorPlanted.class;
    }
}

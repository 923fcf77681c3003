package dtc.architecture.planted.protocol;

import dtc.architecture.planted.coordinator.CoordinatorPlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class ProtocolPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return CoordinatorPlanted.class;
    }
}

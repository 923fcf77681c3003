package dtc.architecture.planted.coordinator;

import dtc.architecture.planted.resource.ResourcePlanted;
import java.time.Instant;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class CoordinatorPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return ResourcePlanted.class;
    }

    /** Reads the clock, which a pure room may not. */
    static Instant clock() {
        return Instant.now();
    }
}

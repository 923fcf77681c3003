package dtc.architecture.planted.conformance;

import dtc.architecture.planted.rest.RestPlanted;

/** Violates the layering, to prove that the rule finds it. */
public class ConformancePlanted {

    /** What this package must not depend on. */
    public Class<?> forbidden() {
        return RestPlanted.class;
    }
}

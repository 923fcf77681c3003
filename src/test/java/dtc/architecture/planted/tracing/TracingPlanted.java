package dtc.architecture.planted.tracing;

import dtc.architecture.planted.rest.RestPlanted;

/** Breaks the layering on purpose, to prove that the rule detects it. */
public class TracingPlanted {

    /** A class that this package must not use. */
    public Class<?> forbidden() {
        return RestPlanted.class;
    }
}

package dtc.architecture.planted.store;

import dtc.architecture.planted.rest.RestPlanted;

/** Breaks the layering on purpose, to prove that the rule detects it. */
public class StorePlanted {

    /** A class that this package must not use. */
    public Class<?> forbidden() {
        return RestPlanted.class;
    }
}

package dtc.architecture.planted.runtime.participant;

import dtc.architecture.planted.log.LogPlanted;

/** Breaks the layering on purpose, to prove that the rule detects it. */
public class HostPlanted {

    /** A class that this package must not use. */
    public Class<?> forbidden() {
        return LogPlanted.class;
    }
}

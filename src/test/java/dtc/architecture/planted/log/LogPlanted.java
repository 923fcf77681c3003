package dtc.architecture.planted.log;

import dtc.architecture.planted.runtime.RuntimePlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class LogPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return RuntimePlanted.class;
    }
}

package dtc.architecture.planted.console;

import dtc.architecture.planted.app.AppPlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class ConsolePlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return AppPlanted.class;
    }
}

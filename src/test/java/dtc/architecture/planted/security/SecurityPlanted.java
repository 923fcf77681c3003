package dtc.architecture.planted.security;

import dtc.architecture.planted.app.AppPlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class SecurityPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return AppPlanted.class;
    }
}

package dtc.architecture.planted.metrics;

import dtc.architecture.planted.app.AppPlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class MetricsPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return AppPlanted.class;
    }
}

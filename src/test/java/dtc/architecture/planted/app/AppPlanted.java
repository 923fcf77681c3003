package dtc.architecture.planted.app;

import dtc.architecture.planted.protocol.ProtocolPlanted;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class AppPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return ProtocolPlanted.class;
    }
}

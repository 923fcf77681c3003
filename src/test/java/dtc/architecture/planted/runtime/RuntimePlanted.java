package dtc.architecture.planted.runtime;

import dtc.architecture.planted.app.AppPlanted;
import dtc.architecture.planted.log.file.LogFilePlanted;
import java.util.List;

/** Breaks the layering on purpose, to prove that the rules detect it. */
public class RuntimePlanted {

    /** The package above, and an implementation behind a port. */
    public List<Class<?>> forbidden() {
        return List.of(AppPlanted.class, LogFilePlanted.class);
    }
}

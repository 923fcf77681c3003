package dtc.architecture.planted.log;

import dtc.architecture.planted.log.file.LogFilePlanted;
import dtc.architecture.planted.runtime.RuntimePlanted;
import java.util.List;

/** Breaks the layering on purpose, to prove that the rules detect it. */
public class LogPlanted {

    /** A package above, and an implementation. */
    public List<Class<?>> forbidden() {
        return List.of(RuntimePlanted.class, LogFilePlanted.class);
    }
}

package dtc.architecture.planted.log.memory;

import dtc.architecture.planted.log.file.LogFilePlanted;

/** Breaks the layering on purpose, to prove that the rules detect it. */
public class LogMemoryPlanted {

    /** Another implementation. */
    public Class<?> forbidden() {
        return LogFilePlanted.class;
    }
}

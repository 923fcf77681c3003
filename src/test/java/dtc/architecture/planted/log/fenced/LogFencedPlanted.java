package dtc.architecture.planted.log.fenced;

import dtc.architecture.planted.log.file.LogFilePlanted;

/** Breaks the layering on purpose, to prove that the rules detect it. */
public class LogFencedPlanted {

    /** Another implementation. */
    public Class<?> forbidden() {
        return LogFilePlanted.class;
    }
}

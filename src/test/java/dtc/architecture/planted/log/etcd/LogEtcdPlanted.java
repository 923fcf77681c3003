package dtc.architecture.planted.log.etcd;

import dtc.architecture.planted.log.memory.LogMemoryPlanted;

/** Breaks the layering on purpose, to prove that the rules detect it. */
public class LogEtcdPlanted {

    /** Another implementation. */
    public Class<?> forbidden() {
        return LogMemoryPlanted.class;
    }
}

package dtc.architecture.planted.store.memory;

import dtc.architecture.planted.store.postgresql.StorePostgresqlPlanted;

/** Breaks the layering on purpose, to prove that the rule detects it. */
public class StoreMemoryPlanted {

    /** A class that this package must not use. */
    public Class<?> forbidden() {
        return StorePostgresqlPlanted.class;
    }
}

package dtc.architecture.planted.store.postgresql;

/** For {@code StoreMemoryPlanted}. */
public class StorePostgresqlPlanted {}

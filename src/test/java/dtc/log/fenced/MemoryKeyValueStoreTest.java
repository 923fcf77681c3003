package dtc.log.fenced;

class MemoryKeyValueStoreTest extends KeyValueStoreContract {

    private final MemoryKeyValueStore store = new MemoryKeyValueStore();

    @Override
    protected KeyValueStore store() {
        return store;
    }

    @Override
    protected String root() {
        return "test/";
    }
}

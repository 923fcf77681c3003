package dtc.store.memory;

import dtc.runtime.participant.ResourceStore;
import dtc.store.ResourceStoreContract;
import dtc.testing.NoApplication;
import java.util.UUID;

@NoApplication
class MemoryResourceStoreTest extends ResourceStoreContract {

    private final MemoryResourceStore store = new MemoryResourceStore(UUID.randomUUID());

    @Override
    protected ResourceStore store() {
        return store;
    }
}

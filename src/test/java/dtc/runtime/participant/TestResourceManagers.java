package dtc.runtime.participant;

import dtc.resource.DictionaryLimits;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.store.memory.MemoryResourceStore;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;

/** Resource managers for tests. */
final class TestResourceManagers {

    static final Duration OUTCOME_RETENTION = Duration.ofDays(7);
    static final Duration OPEN_PAUSE = Duration.ofMillis(100);
    static final Duration OPEN_TIMEOUT = Duration.ofSeconds(10);

    static final ResourceManager.Settings SETTINGS = new ResourceManager.Settings(
            HostedParticipantContract.LOCK_WAIT,
            HostedParticipantContract.STAGED_TIMEOUT,
            OUTCOME_RETENTION,
            OPEN_TIMEOUT,
            Runnable::run);

    private TestResourceManagers() {}

    static ResourceManager inMemory(FakeTime time, FakeCoordinatorLink coordinator) {
        ResourceManager started = over(
                time,
                coordinator,
                new DictionaryLimits(10, 1_000, 1_000, 10),
                new MemoryResourceStore(UUID.randomUUID()));
        started.start().toCompletableFuture().join();
        return started;
    }

    /** Not started. */
    static ResourceManager over(
            FakeTime time, FakeCoordinatorLink coordinator, DictionaryLimits limits, ResourceStore store) {
        return new ResourceManager(
                "orders",
                SETTINGS,
                time,
                new Backoff(HostedParticipantContract.INQUIRY, HostedParticipantContract.INQUIRY, new Random(1)),
                new Backoff(OPEN_PAUSE, OPEN_PAUSE, new Random(1)),
                coordinator,
                limits,
                store);
    }
}

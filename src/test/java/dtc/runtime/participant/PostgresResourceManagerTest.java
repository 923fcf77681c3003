package dtc.runtime.participant;

import dtc.resource.DictionaryLimits;
import dtc.store.postgresql.PostgresResourceStore;
import dtc.store.postgresql.PostgresSettings;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import io.vertx.core.Vertx;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** A resource manager over PostgreSQL keeps the same promises as one in memory. */
@NoApplication
class PostgresResourceManagerTest extends HostedParticipantContract {

    private static final Vertx VERTX = Vertx.vertx();

    private @Nullable ResourceManager started;

    @BeforeAll
    static void start() {
        PostgresServer.shared();
    }

    @AfterEach
    void close() throws Exception {
        if (started != null) {
            await(started.close());
        }
    }

    @AfterAll
    static void stop() throws Exception {
        await(VERTX.close().toCompletionStage());
    }

    @Override
    HostedParticipant participant() {
        ResourceManager known = started;
        if (known == null) {
            PostgresServer server = PostgresServer.shared();
            known = TestResourceManagers.over(
                    time,
                    coordinator,
                    new DictionaryLimits(10, CHARS_MAX, DictionaryLimits.UNLIMITED, 100),
                    new PostgresResourceStore(
                            VERTX,
                            UUID.randomUUID().toString(),
                            PostgresSettings.of(
                                    "url",
                                    server.url(),
                                    server.username(),
                                    server.passwordFile(),
                                    "dtc_rm",
                                    "disable",
                                    10),
                            100,
                            null,
                            null));
            known.start().toCompletableFuture().join();
            started = known;
        }
        return known;
    }
}

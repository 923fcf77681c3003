package dtc.quarkus;

import dtc.participant.testing.FakeCoordinator;
import dtc.participant.testing.PostgresServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Starts a database and a fake coordinator before the application. */
public class TestEnvironment implements QuarkusTestResourceLifecycleManager {

    /** For the fields of a test. */
    @java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)
    public @interface Injected {}

    private @Nullable FakeCoordinator coordinator;
    private @Nullable PostgresServer server;
    private String database = "";

    /** What tests use. */
    public record Environment(FakeCoordinator coordinator, PostgresServer server, String database) {}

    @Override
    public Map<String, String> start() {
        FakeCoordinator started = new FakeCoordinator();
        PostgresServer shared = PostgresServer.shared();
        coordinator = started;
        server = shared;
        database = shared.createDatabase();
        shared.execute(database, "CREATE TABLE orders (id text PRIMARY KEY)");
        return Map.of(
                "quarkus.datasource.jdbc.url",
                shared.url(database),
                "quarkus.datasource.username",
                "postgres",
                "dtc.coordinator-url",
                started.url());
    }

    @Override
    public void inject(TestInjector injector) {
        if (coordinator != null && server != null) {
            injector.injectIntoFields(
                    new Environment(coordinator, server, database),
                    new TestInjector.AnnotatedAndMatchesType(Injected.class, Environment.class));
        }
    }

    @Override
    public void stop() {
        if (coordinator != null) {
            coordinator.close();
        }
    }
}

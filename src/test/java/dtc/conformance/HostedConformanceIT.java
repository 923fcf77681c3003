package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.conformance.Row.Profile;
import dtc.conformance.RowResult.Status;
import dtc.packaged.Processes;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The resource managers of the packaged application pass the check, with each kind of store. */
@NoApplication
class HostedConformanceIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /**
     * A kind of store.
     *
     * @param environment its configuration
     */
    record Store(String name, Supplier<Map<String, String>> environment, Set<Profile> profiles) {
        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * The database only in the long run: an RM answers 503 to a message if the database takes long, which happens where
     * other tests run at the same time.
     */
    static Stream<Store> stores() {
        Store memory = new Store("memory", Map::of, Set.of(Profile.CORE, Profile.ONE_PHASE, Profile.BATCH));
        Store postgresql = new Store(
                "postgresql",
                () -> PostgresServer.shared().environment(),
                Set.of(Profile.CORE, Profile.ONE_PHASE, Profile.BATCH, Profile.DURABLE));
        return Boolean.getBoolean("conformance.all") ? Stream.of(memory, postgresql) : Stream.of(memory);
    }

    @ParameterizedTest
    @MethodSource("stores")
    void hosted_resource_managers_pass_the_check(Store store) throws IOException, InterruptedException {
        try (Processes processes = new Processes("conformance")) {
            // Not started: the check listens at its address.
            Application coordinator = processes.coordinator("coordinator");
            Application application = processes
                    .resourceManagers("orders", coordinator)
                    .with(store.environment().get());
            CheckOptions options = new CheckOptions(
                    URI.create(application.url() + "/rm/orders"),
                    SampleWrite.parse("{\"key\":\"k/ü\",\"value\":{\"total\":1.50}}", null)
                            .orElseThrow(),
                    new InetSocketAddress(
                            InetAddress.ofLiteral("127.0.0.1"),
                            URI.create(coordinator.url()).getPort()),
                    null,
                    null,
                    () -> {
                        application.kill();
                        application.start();
                    },
                    store.profiles(),
                    // Others may fail because tests run at the same time.
                    CheckRun.allRows().stream()
                            .filter(row -> store.profiles().contains(row.profile()) && !row.dependsOnTime())
                            .map(Row::name)
                            .collect(Collectors.toSet()),
                    PATIENCE);
            application.start();
            try (CheckRun run = new CheckRun(options)) {
                assertEquals(
                        List.of(),
                        run.run().stream()
                                .filter(result -> result.status() != Status.PASSED)
                                .toList());
            }
        }
    }
}

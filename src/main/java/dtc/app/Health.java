package dtc.app;

import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.participant.HostedResourceManagers;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/**
 * Liveness and readiness checks. The process is live if it responds. It is ready when its resource managers are
 * registered, and, after a restart of the coordinator, those of its transactions, until it shuts down.
 */
final class Health {

    private Health() {}

    @Liveness
    @Singleton
    static final class Alive implements HealthCheck {
        @Override
        public HealthCheckResponse call() {
            return HealthCheckResponse.up("alive");
        }
    }

    @Readiness
    @Singleton
    static final class Ready implements HealthCheck {
        private final Coordinator coordinator;
        private final TransactionIds ids;
        private final HostedResourceManagers hosted;
        private final ExpectedResourceManagers expected;

        Ready(
                Coordinator coordinator,
                TransactionIds ids,
                HostedResourceManagers hosted,
                ExpectedResourceManagers expected) {
            this.coordinator = coordinator;
            this.ids = ids;
            this.hosted = hosted;
            this.expected = expected;
        }

        @Override
        public HealthCheckResponse call() {
            boolean registered =
                    hosted.all().stream().allMatch(rm -> rm.membership().isRegistered());
            boolean registeredAgain = expected.areRegistered();
            return HealthCheckResponse.named("ready")
                    .withData("stopping", coordinator.isStopping())
                    .withData("registered", registered)
                    .withData("registeredAgain", registeredAgain)
                    .withData("idsAheadOfClockMillis", ids.aheadMillis())
                    .status(registered && registeredAgain && !coordinator.isStopping())
                    .build();
        }
    }
}

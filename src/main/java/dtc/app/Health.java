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
 * registered and their storage is available, until it shuts down. The decision log and the registry in it are read
 * before the server listens.
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

        Ready(Coordinator coordinator, TransactionIds ids, HostedResourceManagers hosted) {
            this.coordinator = coordinator;
            this.ids = ids;
            this.hosted = hosted;
        }

        @Override
        public HealthCheckResponse call() {
            boolean registered =
                    hosted.all().stream().allMatch(rm -> rm.membership().isRegistered());
            boolean stored =
                    hosted.all().stream().allMatch(rm -> rm.participant().isAvailable());
            return HealthCheckResponse.named("ready")
                    .withData("stopping", coordinator.isStopping())
                    .withData("registered", registered)
                    .withData("storageAvailable", stored)
                    .withData("idsAheadOfClockMillis", ids.aheadMillis())
                    .status(registered && stored && !coordinator.isStopping())
                    .build();
        }
    }
}

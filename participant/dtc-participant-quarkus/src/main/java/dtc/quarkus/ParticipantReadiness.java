package dtc.quarkus;

import dtc.participant.DtcParticipant;
import dtc.participant.ParticipantStatus;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready if the service is registered and its database is available. */
@ApplicationScoped
@Readiness
public class ParticipantReadiness implements HealthCheck {

    private final DtcBeans beans;

    ParticipantReadiness(DtcBeans beans) {
        this.beans = beans;
    }

    @Override
    public HealthCheckResponse call() {
        DtcParticipant participant = beans.participant();
        if (participant == null) {
            return HealthCheckResponse.up("dtc-participant");
        }
        ParticipantStatus status = participant.status();
        return HealthCheckResponse.named("dtc-participant")
                .status(status.ready())
                .withData("registered", status.registered())
                .withData("databaseAvailable", status.databaseAvailable())
                .withData("inDoubt", status.inDoubt())
                .withData("oldestInDoubtSeconds", status.oldestInDoubt().toSeconds())
                .build();
    }
}

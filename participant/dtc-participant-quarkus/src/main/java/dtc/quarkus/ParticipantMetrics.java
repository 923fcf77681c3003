package dtc.quarkus;

import dtc.participant.DtcParticipant;
import dtc.participant.ParticipantMeter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.inject.Singleton;

/** The metrics of the participant. */
@Singleton
public class ParticipantMetrics implements MeterBinder {

    private final DtcBeans beans;

    ParticipantMetrics(DtcBeans beans) {
        this.beans = beans;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        DtcParticipant participant = beans.participant();
        if (participant == null) {
            return;
        }
        for (ParticipantMeter meter : ParticipantMeter.values()) {
            Tags tags = meter.result().isEmpty() ? Tags.empty() : Tags.of("result", meter.result());
            if (meter.isCounter()) {
                FunctionCounter.builder(meter.meterName(), participant, p -> meter.value(p.status()))
                        .tags(tags)
                        .register(registry);
            } else {
                Gauge.builder(meter.meterName(), participant, p -> meter.value(p.status()))
                        .tags(tags)
                        .register(registry);
            }
        }
    }
}

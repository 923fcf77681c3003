package dtc.metrics;

import dtc.runtime.BuildVersion;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** A metric that names the version of each process. */
@Singleton
final class BuildMetrics {

    void register(@Observes StartupEvent event, MeterRegistry meters) {
        BuildVersion build = BuildVersion.CURRENT;
        Gauge.builder("dtc.build.info", () -> 1)
                .description("The version and the commit of this process, as labels")
                .tag("version", build.version())
                .tag("commit", build.commit())
                .register(meters);
    }
}

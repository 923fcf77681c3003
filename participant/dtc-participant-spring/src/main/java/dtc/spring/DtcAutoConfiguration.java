package dtc.spring;

import dtc.client.DtcClient;
import dtc.participant.DtcParticipant;
import dtc.participant.EntryHandler;
import dtc.participant.ParticipantConfig;
import dtc.participant.ParticipantMeter;
import dtc.participant.ParticipantStatus;
import dtc.participant.WorkHandler;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.client.RestClientCustomizer;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Creates the client and the participant from the configuration, and starts and stops the participant. */
@AutoConfiguration(afterName = "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration")
@ConditionalOnProperty("dtc.coordinator-url")
public class DtcAutoConfiguration {

    @Bean
    static DistributedTransactionPostProcessor distributedTransactionPostProcessor(ObjectProvider<DtcClient> client) {
        return new DistributedTransactionPostProcessor(client);
    }

    @Bean
    DtcClient dtcClient(Environment environment) {
        String tokenFile = environment.getProperty("dtc.coordinator-token-file");
        return DtcClient.of(
                environment.getRequiredProperty("dtc.coordinator-url"), tokenFile == null ? null : Path.of(tokenFile));
    }

    @Bean
    RestClientCustomizer dtcRestClientCustomizer() {
        return builder -> builder.requestInterceptor(new TransactionClientInterceptor());
    }

    @Bean
    TransactionServletFilter dtcTransactionFilter(ObjectProvider<DtcParticipant> participant) {
        return new TransactionServletFilter(participant.getIfAvailable());
    }

    /** The participant, if the process is one. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty("dtc.participant.id")
    static class Participant {

        /** Started before the server accepts requests. */
        @Bean(initMethod = "start", destroyMethod = "close")
        DtcParticipant dtcParticipant(
                Environment environment,
                DataSource dataSource,
                Map<String, WorkHandler> handlers,
                ObjectProvider<EntryHandler> entries) {
            DtcParticipant.Builder builder = DtcParticipant.builder(
                    Objects.requireNonNull(ParticipantConfig.of(environment::getProperty)), dataSource);
            handlers.forEach(builder::work);
            entries.ifAvailable(builder::entries);
            return builder.build();
        }

        @Bean
        ApplicationListener<ApplicationReadyEvent> dtcRegistration(DtcParticipant participant) {
            return event -> participant.register();
        }

        @Bean
        MessageController dtcMessageController(DtcParticipant participant) {
            return new MessageController(participant);
        }
    }

    /** Health, with the actuator. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(HealthIndicator.class)
    @ConditionalOnProperty("dtc.participant.id")
    static class ParticipantHealth {

        @Bean
        HealthIndicator dtcHealthIndicator(DtcParticipant participant) {
            return () -> {
                ParticipantStatus status = participant.status();
                return (status.ready() ? Health.up() : Health.outOfService())
                        .withDetail("registered", status.registered())
                        .withDetail("databaseAvailable", status.databaseAvailable())
                        .withDetail("inDoubt", status.inDoubt())
                        .withDetail(
                                "oldestInDoubtSeconds", status.oldestInDoubt().toSeconds())
                        .build();
            };
        }
    }

    /** Metrics, with Micrometer. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterBinder.class)
    @ConditionalOnProperty("dtc.participant.id")
    static class ParticipantMetrics {

        @Bean
        MeterBinder dtcMetrics(DtcParticipant participant) {
            return registry -> {
                for (ParticipantMeter meter : ParticipantMeter.values()) {
                    bind(registry, participant, meter);
                }
            };
        }

        private static void bind(MeterRegistry registry, DtcParticipant participant, ParticipantMeter meter) {
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

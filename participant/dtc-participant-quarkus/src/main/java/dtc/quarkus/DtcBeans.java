package dtc.quarkus;

import dtc.client.DtcClient;
import dtc.participant.DtcParticipant;
import dtc.participant.EntryHandler;
import dtc.participant.ParticipantConfig;
import dtc.participant.WorkHandler;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServerStart;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Default;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/** Creates the client and the participant from the configuration, and starts and stops the participant. */
@Singleton
public class DtcBeans {

    private final Config config;
    private final @Nullable DtcParticipant participant;

    DtcBeans(
            Config config,
            CurrentTransaction current,
            @Any Instance<DataSource> dataSources,
            @Any Instance<WorkHandler> handlers,
            @Any Instance<EntryHandler> entries) {
        this.config = config;
        ParticipantConfig participantConfig = ParticipantConfig.of(key -> setting(config, key));
        this.participant = participantConfig == null
                ? null
                : build(
                        participantConfig,
                        current,
                        dataSources.select(Default.Literal.INSTANCE).get(),
                        handlers,
                        entries);
    }

    private static DtcParticipant build(
            ParticipantConfig config,
            CurrentTransaction current,
            DataSource dataSource,
            Instance<WorkHandler> handlers,
            Instance<EntryHandler> entries) {
        DtcParticipant.Builder builder =
                DtcParticipant.builder(config, dataSource).currentWork(current::work);
        for (Instance.Handle<WorkHandler> handler : handlers.handles()) {
            String name = Objects.requireNonNull(
                    handler.getBean().getName(),
                    () -> handler.getBean().getBeanClass() + " has no name. Annotate it with @Named");
            builder.work(name, handler.get());
        }
        if (entries.isResolvable()) {
            builder.entries(entries.get());
        }
        return builder.build();
    }

    private static @Nullable String setting(Config config, String key) {
        return config.getOptionalValue(key, String.class).orElse(null);
    }

    /** Returns null if the process is only a client. */
    @Nullable
    DtcParticipant participant() {
        return participant;
    }

    @Produces
    @Singleton
    DtcParticipant required() {
        if (participant == null) {
            throw new IllegalStateException("dtc.participant.id is not set");
        }
        return participant;
    }

    @Produces
    @Singleton
    DtcClient client() {
        String coordinator = setting(config, "dtc.coordinator-url");
        if (coordinator == null) {
            throw new IllegalStateException("dtc.coordinator-url is not set");
        }
        String tokenFile = setting(config, "dtc.coordinator-token-file");
        return DtcClient.of(coordinator, tokenFile == null ? null : Path.of(tokenFile));
    }

    /** The server does not accept requests yet. */
    void start(@Observes StartupEvent event) throws SQLException {
        if (participant != null) {
            participant.start();
        }
    }

    void register(@ObservesAsync HttpServerStart event) {
        if (participant != null) {
            participant.register();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (participant != null) {
            participant.close();
        }
    }
}

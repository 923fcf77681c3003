package dtc.app;

import dtc.resource.DictionaryLimits;
import dtc.runtime.participant.ResourceStore;
import dtc.store.memory.MemoryResourceStore;
import dtc.store.postgresql.PostgresResourceStore;
import dtc.store.postgresql.PostgresSettings;
import dtc.store.postgresql.TracedStore;
import dtc.tracing.Tracing;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Creates the stores of the hosted resource managers. */
@Singleton
final class Stores {

    /** An entry of an index, which contains a key in UTF-8, has at most 2,704 bytes in PostgreSQL. */
    private static final int KEY_CHARS_MAX = 850;

    private static final String URL = "dtc.rm.store.url (DTC_RM_STORE_URL)";

    private final DtcConfig config;
    private final Vertx vertx;
    private final TlsConfigurationRegistry tls;
    private final Tracing tracing;

    Stores(DtcConfig config, Vertx vertx, TlsConfigurationRegistry tls, Tracing tracing) {
        this.config = config;
        this.vertx = vertx;
        this.tls = tls;
        this.tracing = tracing;
    }

    ResourceStore store(String id) {
        DtcConfig.StoreConfig store = config.rm().store();
        return switch (store.kind()) {
            case MEMORY -> {
                if (store.url().isPresent() || !config.rm().stores().isEmpty()) {
                    // Data that the operator expects in the database would be lost silently.
                    throw new ConfigurationException("Not started: dtc.rm.store.kind=memory has no database: unset "
                            + URL + ", or set dtc.rm.store.kind=postgresql (DTC_RM_STORE_KIND)");
                }
                yield new MemoryResourceStore(UUID.randomUUID());
            }
            case POSTGRESQL -> postgresql(id, store);
        };
    }

    private ResourceStore postgresql(String id, DtcConfig.StoreConfig store) {
        TlsConfiguration secured = secured(store);
        try {
            PostgresSettings settings = settings(id, store, secured == null ? "disable" : "verify-full");
            ResourceStore stored = new PostgresResourceStore(
                    vertx,
                    id,
                    settings,
                    config.rm().rememberedOutcomesMax(),
                    secured == null ? null : secured.getTrustStoreOptions(),
                    secured == null ? null : secured.getKeyStoreOptions());
            return tracing.isEnabled() ? new TracedStore(stored, tracing, id, settings) : stored;
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("Not started: " + e.getMessage());
        }
    }

    private PostgresSettings settings(String id, DtcConfig.StoreConfig store, String defaultSslMode) {
        if (config.limits().keyCharsMax() > KEY_CHARS_MAX) {
            throw new IllegalArgumentException("with dtc.rm.store.kind=postgresql (DTC_RM_STORE_KIND),"
                    + " dtc.limits.key-chars-max (DTC_LIMITS_KEY_CHARS_MAX) must be at most " + KEY_CHARS_MAX);
        }
        DtcConfig.OneStoreConfig one = config.rm().stores().get(id);
        Optional<String> own = one == null ? Optional.empty() : one.url();
        PostgresSettings settings = PostgresSettings.of(
                own.isPresent() ? ownKey(id) : URL,
                own.or(store::url)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "dtc.rm.store.kind=postgresql needs a database: set " + URL)),
                store.username().orElse(null),
                store.passwordFile().orElse(null),
                store.schema(),
                defaultSslMode,
                store.batchMax());
        if (settings.sslMode().startsWith("verify") && defaultSslMode.equals("disable")) {
            throw new IllegalArgumentException("sslmode=" + settings.sslMode() + " in " + settings.urlKey()
                    + " needs a trust store: set dtc.rm.store.tls-configuration-name"
                    + " (DTC_RM_STORE_TLS_CONFIGURATION_NAME)");
        }
        return settings;
    }

    /** The key of the URL of one resource manager, and its environment variable. */
    static String ownKey(String id) {
        return String.format(Locale.ROOT, "dtc.rm.stores.\"%s\".url (%s)", id, ownVariable(id));
    }

    static String ownVariable(String id) {
        return "DTC_RM_STORES__" + id.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_") + "__URL";
    }

    private @Nullable TlsConfiguration secured(DtcConfig.StoreConfig store) {
        return store.tlsConfigurationName()
                .map(name -> tls.get(name)
                        .orElseThrow(() -> new ConfigurationException("Not started: there is no TLS configuration "
                                + name + ": set quarkus.tls." + name + ".*, or change"
                                + " dtc.rm.store.tls-configuration-name (DTC_RM_STORE_TLS_CONFIGURATION_NAME)")))
                .orElse(null);
    }

    long storedCharsMax() {
        return switch (config.rm().store().kind()) {
            case MEMORY -> config.rm().storedCharsMax().asLongValue();
            case POSTGRESQL -> DictionaryLimits.UNLIMITED;
        };
    }

    Executor appendExecutor() {
        return switch (config.rm().store().kind()) {
            case MEMORY -> Runnable::run;
            case POSTGRESQL -> EventLoop::atEndOfTurn;
        };
    }
}

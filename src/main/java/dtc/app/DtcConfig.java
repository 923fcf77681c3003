package dtc.app;

import dtc.rest.RequestValidator;
import dtc.security.AuthenticationPolicy;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import io.vertx.core.http.ClientAuth;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.hibernate.validator.constraints.time.DurationMin;

/** The configuration, under the prefix {@code dtc}. */
@ConfigMapping(prefix = "dtc")
public interface DtcConfig {

    CoordinatorConfig coordinator();

    TransactionConfig transaction();

    Limits limits();

    MessagesConfig messages();

    RmConfig rm();

    RegistrationConfig registration();

    SecurityConfig security();

    LogConfig log();

    ConsoleConfig console();

    /** The timeout of a vote. */
    @WithDefault("1s")
    @DurationMin(millis = 1)
    Duration prepareTimeout();

    /**
     * The longest timeout of a commit or rollback. It begins with the timeout of a vote, and doubles with each attempt.
     */
    @WithDefault("30s")
    @DurationMin(millis = 1)
    Duration deliveryTimeoutMax();

    /** How long a process that is shutting down continues to deliver outcomes. */
    @WithDefault("10s")
    @DurationMin(millis = 1)
    Duration drainTimeout();

    interface SecurityConfig {
        /**
         * Whether callers must present tokens: {@code oidc}, or {@code none}. Default: {@code oidc}, unless the server
         * binds to loopback and no issuer is configured.
         */
        Optional<AuthenticationPolicy.Mode> mode();

        /** Additional roles, by the subject of the token. */
        Map<String, Set<String>> roles();

        /**
         * Additional resource managers that a subject may register, by subject. Each subject may register the one with
         * its own name.
         */
        Map<String, Set<String>> rmOwners();

        /**
         * The beginning of subjects that may each register the resource manager named by the rest of the subject. With
         * {@code system:serviceaccount:dtc:}, each service account of the namespace {@code dtc} may register the one
         * with its name.
         */
        Optional<String> rmOwnerPrefix();

        /** The token claim that contains the ids of the resource managers that the caller may register. */
        Optional<String> rmClaim();

        /**
         * Whether clients that connect with TLS must present a certificate that the trust store of the server accepts.
         */
        @WithDefault("none")
        ClientAuth clientCertificates();

        /** The name of the TLS configuration for outgoing calls. Default: that of the HTTP server. */
        @WithDefault("${quarkus.http.tls-configuration-name:}")
        Optional<String> tlsConfigurationName();

        /** A file with the token for requests to the issuer, if it requires one. */
        Optional<Path> issuerTokenFile();

        /** How often token files of this process are reread. */
        @WithName("token-reread-every")
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration tokenReloadInterval();
    }

    interface CoordinatorConfig {
        /** A file with the token of the coordinator for calls to resource managers. */
        Optional<Path> tokenFile();

        /** Whether this process is a coordinator. */
        @WithDefault("true")
        boolean enabled();

        /** How long a call waits for its transaction to end. */
        @WithDefault("1400ms")
        @DurationMin(millis = 1)
        Duration answerTimeout();

        /** The pause before the first retry of a delivery. It doubles with each attempt. */
        @WithName("redelivery-first")
        @WithDefault("100ms")
        @DurationMin(millis = 1)
        Duration retryPauseInitial();

        /** The longest pause between attempts to deliver. */
        @WithName("redelivery-cap")
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration retryPauseMax();

        /**
         * The maximum number of attempts to deliver a rollback. After that, a participant in doubt has to send an
         * inquiry.
         */
        @WithName("rollback-tries-max")
        @WithDefault("10")
        @Min(1)
        int rollbackAttemptsMax();

        /** The maximum number of concurrent retries to one resource manager. */
        @WithName("redeliveries-under-way-max")
        @WithDefault("64")
        @Min(1)
        int retriesInFlightMax();

        /**
         * The maximum number of rollbacks queued for a retry to one resource manager. After that, it has to send an
         * inquiry.
         */
        @WithName("rollbacks-waiting-max")
        @WithDefault("1000")
        @Min(1)
        int queuedRollbacksMax();
    }

    interface TransactionConfig {
        /** How long a transaction may stay active, if the client does not set a timeout. */
        @WithDefault("30s")
        @DurationMin(millis = 1)
        Duration timeoutDefault();

        /** The longest timeout that a client may set. */
        @WithDefault("1h")
        @DurationMin(millis = 1)
        Duration timeoutMax();

        /** How long a finished transaction is kept. */
        @WithDefault("1h")
        @DurationMin(millis = 1)
        Duration retention();

        /** The maximum number of finished transactions that are kept. */
        @WithDefault("100000")
        @Min(1)
        int retainedMax();

        /**
         * The maximum memory of finished transactions that are kept, as estimated. Default: in proportion to the heap.
         */
        @WithName("retained-memory-max")
        Optional<MemorySize> retainedBytesMax();
    }

    interface Limits {
        /** The maximum length of a key, in characters. */
        @WithDefault("512")
        @Min(1)
        int keyCharsMax();

        /** The maximum length of a value, in characters of JSON text. */
        @WithDefault("65536")
        @Min(1)
        int valueCharsMax();

        /** The maximum number of writes in one transaction. */
        @WithDefault("1000")
        @Min(1)
        int writesMax();

        /** The maximum number of participants in one transaction. */
        @WithDefault("100")
        @Min(1)
        int participantsMax();

        /** The maximum number of transactions in flight. Further ones are refused with 503. */
        @WithDefault("20000")
        @Min(1)
        int transactionsInFlightMax();

        /**
         * The maximum number of transactions in flight of one caller. Further ones are refused with 503. Callers
         * without a token count as one caller. Default: half of all transactions in flight if callers must present
         * tokens, otherwise all of them.
         */
        OptionalInt transactionsInFlightPerCallerMax();

        /**
         * The maximum number of participants of all transactions in flight. Transactions with more than 8 can use three
         * quarters of it. Default: in proportion to the heap.
         */
        OptionalInt participantsInFlightMax();

        /**
         * The maximum memory for large request bodies, in bytes received, and the same for large responses that are not
         * sent yet. Default: in proportion to the heap.
         */
        @WithName("request-memory-max")
        Optional<MemorySize> requestBytesMax();

        /**
         * The number of undelivered outcomes for one resource manager above which writes to it are refused. Default: a
         * quarter of the participants in flight, and 5,000 at most.
         */
        OptionalInt undeliveredMax();

        /** The maximum number of registered resource managers. */
        @WithDefault("10000")
        @Min(1)
        int resourceManagersMax();

        /** The maximum number of items in one page of a list. */
        @WithDefault("1000")
        @Min(1)
        int pageMax();

        /**
         * The maximum number of connections to one resource manager. A limit below the number of transactions in flight
         * reduces throughput. Default: the number of participants in flight, and 20,000 at most.
         */
        OptionalInt connectionsMax();
    }

    /** How messages to one resource manager are batched, if it supports batches. */
    interface MessagesConfig {
        /** The number of concurrent requests to one resource manager above which messages are queued for a batch. */
        @WithName("lanes")
        @WithDefault("2")
        @Min(1)
        int requestsInFlightMax();

        /** The maximum number of messages in one request. With 1, each message is sent separately and immediately. */
        @WithDefault("128")
        @Min(1)
        @Max(RequestValidator.BATCH_MAX)
        int batchMax();

        /** The maximum size of one request. Must be below the limit of body sizes. A single message may be longer. */
        @WithDefault("512K")
        MemorySize batchBytesMax();

        /** The maximum number of queued messages for one resource manager. */
        @WithName("waiting-max")
        @WithDefault("50000")
        @Min(1)
        int queuedMessagesMax();

        /** How long an unanswered request delays the messages queued after it. */
        @WithName("patience")
        @WithDefault("20ms")
        @DurationMin(millis = 1)
        Duration slotTimeout();
    }

    interface RmConfig {
        /** A file with the token of the resource managers for calls to the coordinator. */
        Optional<Path> tokenFile();

        /**
         * The subject of the coordinator's token. The coordinator may send messages to the resource managers of this
         * process.
         */
        Optional<String> coordinatorSubject();

        /** A DNS name in the certificate of the coordinator, checked instead of or in addition to the token. */
        Optional<String> coordinatorCertificate();

        /** The ids of the resource managers that this process hosts. Default: none. */
        Optional<List<String>> ids();

        /** The URL of the coordinator where the hosted resource managers register. Default: this process. */
        @WithName("coordinator-url")
        Optional<URI> coordinatorUrl();

        /**
         * The base URL where the coordinator reaches the hosted resource managers. Default: the address of this
         * process.
         */
        @WithName("advertised-url")
        Optional<URI> advertisedUrl();

        /** How long an older transaction waits for its keys. Must be shorter than the timeout of a vote. */
        @WithDefault("800ms")
        @DurationMin(millis = 1)
        Duration lockWait();

        /** How long staged writes are kept without a prepare. */
        @WithDefault("2h")
        @DurationMin(millis = 1)
        Duration stagedTimeout();

        /** The pause before the first inquiry about a transaction in doubt. It doubles with each attempt. */
        @WithName("inquiry-first")
        @WithDefault("2s")
        @DurationMin(millis = 1)
        Duration inquiryPauseInitial();

        /** The longest pause between inquiries. */
        @WithName("inquiry-cap")
        @WithDefault("30s")
        @DurationMin(millis = 1)
        Duration inquiryPauseMax();

        /** The maximum number of transactions with staged writes in one resource manager. */
        @WithDefault("20000")
        @Min(1)
        int stagedTransactionsMax();

        /** The maximum number of characters of keys and values in all staged writes. */
        @WithDefault("64M")
        MemorySize stagedCharsMax();

        StoreConfig store();

        /** Databases that differ from that of {@link #store}, by resource manager. */
        Map<String, OneStoreConfig> stores();

        /** The maximum number of characters of keys and values in all committed entries, if they are in memory. */
        @WithDefault("256M")
        MemorySize storedCharsMax();

        /** How long the outcomes of ended transactions are kept to answer late messages. */
        @WithName("ended-retention")
        @WithDefault("7d")
        @DurationMin(millis = 1)
        Duration rememberedOutcomesRetention();

        /**
         * The maximum number of outcomes of ended transactions that are kept. Further ones evict the oldest, with a
         * warning.
         */
        @WithName("ended-max")
        @WithDefault("200000")
        @Min(1)
        int rememberedOutcomesMax();
    }

    /** Where hosted resource managers keep their data. */
    interface StoreConfig {
        /** The implementation. */
        @WithDefault("memory")
        StoreKind kind();

        /** The database: {@code postgresql://host[:port]/database[?sslmode=verify-full]}. */
        Optional<String> url();

        /** The user of the database. */
        Optional<String> username();

        /** A file with the password. It is read again at each reconnection. */
        Optional<Path> passwordFile();

        /** The schema that contains the tables. They are created if they do not exist. */
        @WithDefault("public")
        String schema();

        /** The maximum number of changes that are stored in one transaction of the database. */
        @WithDefault("256")
        @Min(1)
        int batchMax();

        /**
         * The name of the TLS configuration for connections to the database. If it is set, the default sslmode is
         * verify-full.
         */
        Optional<String> tlsConfigurationName();

        /** The implementation of the store. */
        enum StoreKind {
            /** In memory; lost when the process ends. */
            MEMORY,
            POSTGRESQL
        }
    }

    /** The database of one resource manager. */
    interface OneStoreConfig {
        /** The database of one resource manager, by its id. Default: that of {@code dtc.rm.store.url}. */
        Optional<String> url();
    }

    interface RegistrationConfig {
        /** The host patterns that the URL of a resource manager may match. Default: none. */
        Optional<List<String>> allowedHosts();

        /** How long a registration is valid without a renewal. */
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration lease();
    }

    interface ConsoleConfig {
        /**
         * The maximum number of timelines kept for each of committed transactions, rolled-back transactions and
         * heuristic outcomes.
         */
        @WithDefault("2000")
        @Min(1)
        int timelinesMax();

        /** How long a decision may be undelivered before the console reports that action is required. */
        @WithName("attention-after")
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration actionRequiredAfter();
    }

    interface LogConfig {
        /**
         * Where decisions are stored. With {@code memory} and a directory, the process does not start. Default:
         * {@code file} if there is a directory, otherwise {@code memory}.
         */
        Optional<Kind> kind();

        /** The directory of the log files, for {@code file}. Must not be shared by processes. */
        Optional<Path> directory();

        /** The maximum size of a log file. */
        @WithDefault("16M")
        MemorySize segmentSize();

        /**
         * The free disk space below which no commit is decided. The rest is reserved for transactions that are already
         * decided.
         */
        @WithDefault("64M")
        MemorySize freeSpaceMin();

        /** The maximum number of decisions waiting for the disk. Further decisions are refused. */
        @WithName("decisions-waiting-max")
        @WithDefault("20000")
        @Min(1)
        int pendingDecisionsMax();

        /** The implementation of the decision log. */
        enum Kind {
            /** In memory; lost when the process ends. */
            MEMORY,
            FILE
        }
    }
}

package dtc.app;

import dtc.rest.Input;
import dtc.security.Exposure;
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
import java.util.Set;
import org.hibernate.validator.constraints.time.DurationMin;

/** Everything that can be configured, under {@code dtc}. */
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

    /** How long a vote is awaited. */
    @WithDefault("1s")
    @DurationMin(millis = 1)
    Duration prepareTimeout();

    /** How long a stopping process goes on delivering what is decided. */
    @WithDefault("10s")
    @DurationMin(millis = 1)
    Duration drainTimeout();

    interface SecurityConfig {
        /**
         * Whether callers must show tokens. Where absent they must, unless only this machine can call and no issuer of
         * tokens is configured.
         */
        Optional<Exposure.Mode> mode();

        /** By subject: roles that it has beside those that its token names. */
        Map<String, Set<String>> roles();

        /** By subject: resource managers that it may register beside that of its own name. */
        Map<String, Set<String>> rmOwners();

        /** The claim of a token that holds the ids of the resource managers that it may register. */
        Optional<String> rmClaim();

        /** Whether those that connect by TLS must have a certificate that the server's trust store vouches for. */
        @WithDefault("none")
        ClientAuth clientCertificates();

        /** Of the TLS registry, for calls to others; that of the HTTP server where absent. */
        @WithDefault("${quarkus.http.tls-configuration-name:}")
        Optional<String> tlsConfigurationName();

        /** A token to show to the issuer of tokens, where it asks for one. */
        Optional<Path> issuerTokenFile();

        /** How often files with tokens of ours are read again. */
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration tokenRereadEvery();
    }

    interface CoordinatorConfig {
        /** The coordinator's own token, for calls to resource managers. */
        Optional<Path> tokenFile();

        /** Whether this process coordinates. */
        @WithDefault("true")
        boolean enabled();

        /** How long a client's call waits for its transaction to end. */
        @WithDefault("1400ms")
        @DurationMin(millis = 1)
        Duration answerTimeout();

        /** The first pause before an outcome is told again; it doubles with each try. */
        @WithDefault("100ms")
        @DurationMin(millis = 1)
        Duration redeliveryFirst();

        /** The longest pause. */
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration redeliveryCap();

        /** How often a rollback is told without an answer; a participant in doubt asks by itself. */
        @WithDefault("10")
        @Min(1)
        int rollbackTriesMax();

        /** Messages told again to one resource manager at a time. */
        @WithDefault("64")
        @Min(1)
        int redeliveriesUnderWayMax();

        /** Rollbacks that wait to be told again to one resource manager; beyond, it has to ask. */
        @WithDefault("1000")
        @Min(1)
        int rollbacksWaitingMax();
    }

    interface TransactionConfig {
        /** How long a transaction may stay active, where the client does not say. */
        @WithDefault("30s")
        @DurationMin(millis = 1)
        Duration timeoutDefault();

        /** The longest that a client may ask for. */
        @WithDefault("1h")
        @DurationMin(millis = 1)
        Duration timeoutMax();

        /** How long a finished transaction is kept. */
        @WithDefault("1h")
        @DurationMin(millis = 1)
        Duration retention();

        /** How many finished transactions are kept. */
        @WithDefault("100000")
        @Min(1)
        int retainedMax();
    }

    interface Limits {
        @WithDefault("512")
        @Min(1)
        int keyCharsMax();

        @WithDefault("65536")
        @Min(1)
        int valueCharsMax();

        @WithDefault("1000")
        @Min(1)
        int writesMax();

        @WithDefault("100")
        @Min(1)
        int participantsMax();

        @WithDefault("20000")
        @Min(1)
        int transactionsInFlightMax();

        /** Outcomes undelivered to one resource manager, beyond which it gets no more writes. */
        @WithDefault("5000")
        @Min(1)
        int undeliveredMax();

        @WithDefault("10000")
        @Min(1)
        int resourceManagersMax();

        @WithDefault("1000")
        @Min(1)
        int pageMax();

        /** How far ahead of this clock a transaction's id may lie, at a resource manager. */
        @WithDefault("1h")
        @DurationMin(millis = 1)
        Duration idAheadMax();

        /** Connections to one resource manager; fewer than the transactions in flight cost more than they save. */
        @WithDefault("20000")
        @Min(1)
        int connectionsMax();
    }

    /** How messages to one resource manager travel together, where it takes that. */
    interface MessagesConfig {
        /** Requests under way to one resource manager, beyond which messages gather. */
        @WithDefault("2")
        @Min(1)
        int lanes();

        /** Messages in one request; 1 sends each alone, and at once. */
        @WithDefault("128")
        @Min(1)
        @Max(Input.BATCH_MAX)
        int batchMax();

        /** Of one request, at most, and so below the limit of bodies; a single message may be longer. */
        @WithDefault("512K")
        MemorySize batchBytesMax();

        /** Messages that wait for one resource manager. */
        @WithDefault("50000")
        @Min(1)
        int waitingMax();

        /** After which a request that is not answered no longer holds up those behind it. */
        @WithDefault("20ms")
        @DurationMin(millis = 1)
        Duration patience();
    }

    interface RmConfig {
        /** The resource managers' own token, for calls to the coordinator. */
        Optional<Path> tokenFile();

        /** The subject of the coordinator's token: who may tell the resource managers of this process what to do. */
        Optional<String> coordinatorSubject();

        /** A DNS name that the coordinator's certificate must have, instead of or beside the token. */
        Optional<String> coordinatorCertificate();

        /** The resource managers that this process hosts. */
        Optional<List<String>> ids();

        /** Where they register; this process where absent. */
        @WithName("coordinator-url")
        Optional<URI> coordinatorUrl();

        /** The base under which the coordinator reaches them; this process's own address where absent. */
        @WithName("advertised-url")
        Optional<URI> advertisedUrl();

        /** How long an older transaction waits for its keys; less than the time for a vote. */
        @WithDefault("800ms")
        @DurationMin(millis = 1)
        Duration lockWait();

        /** How long staged writes are kept without a vote. */
        @WithDefault("2h")
        @DurationMin(millis = 1)
        Duration stagedTimeout();

        /** The first pause before one in doubt asks for the outcome; it doubles with each try. */
        @WithDefault("2s")
        @DurationMin(millis = 1)
        Duration inquiryFirst();

        /** The longest pause. */
        @WithDefault("30s")
        @DurationMin(millis = 1)
        Duration inquiryCap();

        @WithDefault("20000")
        @Min(1)
        int stagedTransactionsMax();

        /** Characters of keys and values in all staged writes. */
        @WithDefault("64M")
        MemorySize stagedCharsMax();

        /** Characters of keys and values in all committed entries. */
        @WithDefault("256M")
        MemorySize storedCharsMax();

        /** Outcomes remembered to refuse late messages. */
        @WithDefault("200000")
        @Min(1)
        int endedMax();
    }

    interface RegistrationConfig {
        /** Host patterns that a resource manager's URL may have; none where absent. */
        Optional<List<String>> allowedHosts();

        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration lease();
    }

    interface ConsoleConfig {
        /** Timelines kept of transactions that committed, as many of rollbacks, and of heuristic outcomes. */
        @WithDefault("2000")
        @Min(1)
        int timelinesMax();

        /** Pages that are kept up to date at a time. */
        @WithDefault("200")
        @Min(1)
        int viewersMax();

        /** How long a decision may be undelivered before somebody should look. */
        @WithDefault("10s")
        @DurationMin(millis = 1)
        Duration attentionAfter();
    }

    interface LogConfig {
        @WithDefault("memory")
        Kind kind();

        /** Where the files are, for {@code file}. No two processes share it. */
        Optional<Path> directory();

        /** A file of the log is no longer than this. */
        @WithDefault("16M")
        MemorySize segmentSize();

        /** With less room on the disk no commit is decided; the rest is for what is decided. */
        @WithDefault("64M")
        MemorySize freeSpaceMin();

        /** Decisions that wait for the disk; beyond that they are refused. */
        @WithDefault("20000")
        @Min(1)
        int decisionsWaitingMax();

        /** Of the decision log. */
        enum Kind {
            /** Forgotten with the process. */
            MEMORY,
            FILE
        }
    }
}

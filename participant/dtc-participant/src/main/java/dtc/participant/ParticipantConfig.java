package dtc.participant;

import dtc.participant.coordinator.CoordinatorHttp;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of a participant.
 *
 * @param id the id of the resource manager, the same for all processes of the service
 * @param url where the coordinator reaches the service, the same for all its processes
 * @param coordinators the URLs of the coordinator
 * @param tokenFile a file with the token for calls to the coordinator; null if it requires none
 * @param lockTimeout how long the work waits for a lock
 * @param voteTimeout how long the work of a vote may take. Less than the second that the coordinator waits
 * @param stagedRetention when work is dropped that has not come to a vote
 * @param outcomeRetention how long outcomes are kept, in time for which the service runs
 * @param deregisterOnStop whether the service deregisters when it stops. False if other processes serve the same URL
 */
public record ParticipantConfig(
        String id,
        String url,
        List<URI> coordinators,
        @Nullable Path tokenFile,
        Duration lockTimeout,
        Duration voteTimeout,
        Duration stagedRetention,
        Duration outcomeRetention,
        boolean deregisterOnStop) {

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Duration VOTE_TIMEOUT_MAX = Duration.ofMillis(950);

    public ParticipantConfig {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("the id " + id + " is not 1 to 64 letters, digits, '.', '_' or '-'");
        }
        if (voteTimeout.compareTo(VOTE_TIMEOUT_MAX) > 0 || lockTimeout.compareTo(voteTimeout) > 0) {
            throw new IllegalArgumentException("required: lockTimeout <= voteTimeout <= " + VOTE_TIMEOUT_MAX);
        }
        coordinators = List.copyOf(coordinators);
    }

    /** The defaults. {@code coordinators} are URLs with commas between them. */
    public static ParticipantConfig of(String id, String url, String coordinators) {
        return new ParticipantConfig(
                id,
                url,
                CoordinatorHttp.urls(coordinators),
                null,
                Duration.ofMillis(200),
                Duration.ofMillis(800),
                Duration.ofHours(2),
                Duration.ofDays(7),
                true);
    }

    /**
     * Reads the keys {@code dtc.participant.…} and {@code dtc.coordinator-…} from the configuration of a framework.
     *
     * @return null if {@code dtc.participant.id} is not set: the process then is only a client
     */
    public static @Nullable ParticipantConfig of(Settings settings) {
        String id = settings.get("dtc.participant.id");
        if (id == null) {
            return null;
        }
        ParticipantConfig defaults =
                of(id, required(settings, "dtc.participant.url"), required(settings, "dtc.coordinator-url"));
        String tokenFile = settings.get("dtc.coordinator-token-file");
        return new ParticipantConfig(
                id,
                defaults.url,
                defaults.coordinators,
                tokenFile == null ? null : Path.of(tokenFile),
                millis(settings, "dtc.participant.lock-timeout-millis", defaults.lockTimeout),
                millis(settings, "dtc.participant.vote-timeout-millis", defaults.voteTimeout),
                millis(settings, "dtc.participant.staged-retention-millis", defaults.stagedRetention),
                millis(settings, "dtc.participant.outcome-retention-millis", defaults.outcomeRetention),
                !Objects.equals(lowerCase(settings.get("dtc.participant.deregister-on-stop")), "false"));
    }

    /** Returns the value of a key, or null. */
    @FunctionalInterface
    public interface Settings {
        @Nullable
        String get(String key);
    }

    private static String required(Settings settings, String key) {
        String value = settings.get(key);
        if (value == null) {
            throw new IllegalArgumentException(key + " is not set");
        }
        return value;
    }

    private static Duration millis(Settings settings, String key, Duration otherwise) {
        String value = settings.get(key);
        return value == null ? otherwise : Duration.ofMillis(Long.parseLong(value));
    }

    private static @Nullable String lowerCase(@Nullable String text) {
        return text == null ? null : text.toLowerCase(Locale.ROOT);
    }
}

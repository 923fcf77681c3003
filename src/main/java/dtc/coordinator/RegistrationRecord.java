package dtc.coordinator;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * What is recorded of the registration of a resource manager: all that does not change when it is renewed.
 *
 * @param superseded earlier instances, newest first
 * @param displaced whether another resource manager has registered its URL
 * @param registeredAt for display
 */
public record RegistrationRecord(
        String id,
        String url,
        UUID instance,
        List<UUID> superseded,
        Set<String> features,
        boolean displaced,
        Instant registeredAt) {

    public RegistrationRecord {
        superseded = List.copyOf(superseded);
        features = Set.copyOf(features);
    }

    /** Whether the other record differs at most in what is for display. */
    public boolean isSame(RegistrationRecord other) {
        return equals(new RegistrationRecord(
                other.id, other.url, other.instance, other.superseded, other.features, other.displaced, registeredAt));
    }
}

package dtc.coordinator;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The recorded part of a registration: everything that a renewal does not change.
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

    /** Whether the records are equal, apart from {@code registeredAt}. */
    public boolean isSame(RegistrationRecord other) {
        return equals(new RegistrationRecord(
                other.id, other.url, other.instance, other.superseded, other.features, other.displaced, registeredAt));
    }
}

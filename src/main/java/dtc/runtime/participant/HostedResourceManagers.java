package dtc.runtime.participant;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The resource managers that are hosted in this process. */
public record HostedResourceManagers(List<Hosted> all) {

    public record Hosted(HostedParticipant participant, Membership membership) {}

    public @Nullable HostedParticipant find(String id) {
        for (Hosted hosted : all) {
            if (hosted.participant().id().equals(id)) {
                return hosted.participant();
            }
        }
        return null;
    }
}

package dtc.runtime;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The resource managers of this process, each with its membership. */
public record HostedResourceManagers(List<Hosted> all) {

    public record Hosted(ResourceManager resourceManager, Membership membership) {}

    public @Nullable ResourceManager find(String id) {
        for (Hosted hosted : all) {
            if (hosted.resourceManager().id().equals(id)) {
                return hosted.resourceManager();
            }
        }
        return null;
    }
}

package dtc.participant.coordinator;

import dtc.participant.json.Json;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A response of the coordinator.
 *
 * @param members the members of its JSON object as JSON texts; empty if it is none
 * @param retryAfter null if the coordinator did not say so
 */
public record CoordinatorResponse(
        int status, Map<String, String> members, @Nullable Duration retryAfter) {

    public @Nullable String string(String name) {
        return Json.string(members.get(name));
    }

    public @Nullable Long number(String name) {
        return Json.number(members.get(name));
    }

    /** Returns why the coordinator refused. */
    public String problem() {
        String detail = string("detail");
        return "the coordinator answered " + status + (detail == null ? "" : ": " + detail);
    }
}

package dtc.runtime.coordinator;

import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Update;
import dtc.runtime.Registration;
import org.jspecify.annotations.Nullable;

/** A write requested by a client. */
public record ClientWrite(
        String resourceManager,
        String key,
        Update update,
        @Nullable Condition condition) {

    public ClientWrite(String resourceManager, String key, JsonText value) {
        this(resourceManager, key, new Update.Put(value), null);
    }

    /** Whether only a resource manager that supports {@link Registration#CONDITIONS} can carry it out. */
    boolean needsConditions() {
        return condition != null || !(update instanceof Update.Put);
    }
}

package dtc.app;

import dtc.runtime.LogFields;
import dtc.runtime.participant.Membership;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** Logs registrations of the resource managers of this process, and failures with a new reason. */
@Singleton
final class RegistrationLog implements Membership.Listener {

    private static final Logger LOG = Logger.getLogger(RegistrationLog.class);

    /** The reason of the last failed registration, by resource manager. */
    private final Map<String, String> failures = new ConcurrentHashMap<>();

    @Override
    public void registered(String id) {
        failures.remove(id);
        LogFields.log(null, id, () -> LOG.infof("resource manager %s is registered", id));
    }

    @Override
    public void failed(String id, Throwable cause) {
        String reason = String.valueOf(cause.getMessage());
        if (!reason.equals(failures.put(id, reason))) {
            LogFields.log(
                    null,
                    id,
                    () -> LOG.warnf("the registration of resource manager %s failed and is retried: %s", id, reason));
        }
    }
}

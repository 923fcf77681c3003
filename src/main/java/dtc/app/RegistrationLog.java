package dtc.app;

import dtc.runtime.Membership;
import jakarta.inject.Singleton;
import org.jboss.logging.Logger;

/** Says when a resource manager of this process is registered, and when that fails. */
@Singleton
final class RegistrationLog implements Membership.Listener {

    private static final Logger LOG = Logger.getLogger(RegistrationLog.class);

    @Override
    public void registered(String id) {
        LOG.infof("resource manager %s is registered", id);
    }

    @Override
    public void failed(String id, Throwable why) {
        LOG.warnf("resource manager %s is not registered, and goes on trying: %s", id, why.getMessage());
    }
}

package dtc.bench.peer;

import com.arjuna.ats.arjuna.recovery.RecoveryManager;
import io.narayana.lra.coordinator.api.Coordinator;
import io.narayana.lra.coordinator.api.CoordinatorContainerFilter;
import io.narayana.lra.coordinator.internal.Implementations;
import io.undertow.Undertow;
import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import java.util.Set;
import org.jboss.resteasy.plugins.server.undertow.UndertowJaxrsServer;

/** Narayana's LRA coordinator on 127.0.0.1. Its object store is set by Narayana's own system properties. */
public final class LraServer {

    private LraServer() {}

    /** The resources of the coordinator's own application class, which needs a container that finds them. */
    @ApplicationPath("/")
    public static final class Coordination extends Application {
        @Override
        public Set<Class<?>> getClasses() {
            return Set.of(Coordinator.class, CoordinatorContainerFilter.class);
        }
    }

    /** Arguments: the port, and the number of worker threads. */
    public static void main(String[] arguments) {
        Implementations.install();
        RecoveryManager.manager();
        UndertowJaxrsServer server = new UndertowJaxrsServer();
        server.start(Undertow.builder()
                .addHttpListener(Integer.parseInt(arguments[0]), "127.0.0.1")
                .setWorkerThreads(Integer.parseInt(arguments[1])));
        server.deploy(Coordination.class, "/");
    }
}

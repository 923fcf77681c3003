package dtc.bench.peer;

import io.undertow.Undertow;
import org.jboss.jbossts.star.service.TMApplication;
import org.jboss.resteasy.plugins.server.undertow.UndertowJaxrsServer;

/** Narayana's REST-AT coordinator on 127.0.0.1. Its object store is set by Narayana's own system properties. */
public final class RestAtServer {

    private RestAtServer() {}

    /** Arguments: the port, and the number of worker threads. */
    public static void main(String[] arguments) {
        UndertowJaxrsServer server = new UndertowJaxrsServer();
        server.start(Undertow.builder()
                .addHttpListener(Integer.parseInt(arguments[0]), "127.0.0.1")
                .setWorkerThreads(Integer.parseInt(arguments[1])));
        server.deploy(TMApplication.class, "/");
    }
}

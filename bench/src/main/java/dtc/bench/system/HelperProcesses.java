package dtc.bench.system;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Processes of the helper application. Each is an echo, and hosts light participants of the peers. */
public final class HelperProcesses {

    /** As many as host DTC's resource managers. */
    private static final int HOSTS = 2;

    private final List<Host> hosts;

    private HelperProcesses(List<Host> hosts) {
        this.hosts = hosts;
    }

    record Host(int port, JavaProcess process) {}

    /** Starts the participants of the peers. */
    public static HelperProcesses start(ProcessLauncher launcher, HelperApplication application) {
        return new HelperProcesses(List.of(
                start(launcher, application, "participants-1"), start(launcher, application, "participants-2")));
    }

    static Host start(ProcessLauncher launcher, HelperApplication application, String name) {
        int port = ProcessLauncher.freePort();
        JavaProcess process = launcher.start(name, application.arguments(port));
        launcher.await(
                process,
                ProcessLauncher.post(port, "/echo", "application/json", Dtc.oneCall(2, "key")),
                answer -> answer.statusCode() == 200);
        return new Host(port, process);
    }

    /** The port of a participant. */
    int port(int participant) {
        return hosts.get(participant % HOSTS).port();
    }

    /** A coordinator followed by these processes. */
    SequencedMap<String, JavaProcess> with(JavaProcess coordinator) {
        SequencedMap<String, JavaProcess> all = new LinkedHashMap<>();
        all.put("coordinator", coordinator);
        for (int host = 0; host < HOSTS; host++) {
            all.put("RM process " + (host + 1), hosts.get(host).process());
        }
        return all;
    }
}

package dtc.bench.system;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Processes that run the small application: each is an echo, and hosts light participants of the peers. */
public final class Stack {

    /** Two processes, as DTC's resource managers have. */
    private static final int HOSTS = 2;

    private final List<Host> hosts;

    private Stack(List<Host> hosts) {
        this.hosts = hosts;
    }

    record Host(int port, JavaProcess process) {}

    /** Starts the participants of the peers. */
    public static Stack start(Workshop workshop, StackApplication application) {
        return new Stack(List.of(
                start(workshop, application, "participants-1"), start(workshop, application, "participants-2")));
    }

    static Host start(Workshop workshop, StackApplication application, String name) {
        int port = Workshop.freePort();
        JavaProcess process = workshop.start(name, application.arguments(port));
        workshop.await(
                process,
                Workshop.post(port, "/echo", "application/json", Dtc.oneCall(2, "key")),
                answer -> answer.statusCode() == 200);
        return new Host(port, process);
    }

    /** Where the participant is. */
    int port(int participant) {
        return hosts.get(participant % HOSTS).port();
    }

    /** The coordinator first, then these. */
    SequencedMap<String, JavaProcess> with(JavaProcess coordinator) {
        SequencedMap<String, JavaProcess> all = new LinkedHashMap<>();
        all.put("coordinator", coordinator);
        for (int host = 0; host < HOSTS; host++) {
            all.put("RM process " + (host + 1), hosts.get(host).process());
        }
        return all;
    }
}

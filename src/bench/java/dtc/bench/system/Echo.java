package dtc.bench.system;

import dtc.bench.load.Ending;
import dtc.bench.load.Http;
import dtc.bench.load.Transaction;
import io.vertx.core.http.HttpMethod;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** The floor: one call of one process, with a body like that of a one-call transaction. */
public final class Echo implements Measured {

    private final Stack.Host host;

    private Echo(Stack.Host host) {
        this.host = host;
    }

    public static Echo start(Workshop workshop, StackApplication application) {
        return new Echo(Stack.start(workshop, application, "echo"));
    }

    /** Seconds from the start of a process to its first answer. */
    public static double startUpSeconds(Workshop workshop, StackApplication application) {
        long begin = System.nanoTime();
        try (JavaProcess process =
                Stack.start(workshop, application, "start-up-echo").process()) {
            process.mustLive();
            return (System.nanoTime() - begin) / 1e9;
        }
    }

    @Override
    public SystemName name() {
        return SystemName.ECHO;
    }

    @Override
    public Set<Form> forms() {
        return EnumSet.of(Form.ECHO);
    }

    @Override
    public SequencedMap<String, JavaProcess> processes() {
        return new LinkedHashMap<>(Map.of("coordinator", host.process()));
    }

    @Override
    public Transaction transaction(Form form, int participants, Keys keys) {
        if (form != Form.ECHO) {
            throw new IllegalArgumentException(form.name());
        }
        return (http, number) -> {
            String order = Dtc.oneCall(participants, keys.of(number));
            return http.send(HttpMethod.POST, host.port(), "/echo", Http.JSON, order)
                    .map(answer -> {
                        if (answer.expect(200).body().length() != order.length()) {
                            throw new Http.UnexpectedAnswer("not an echo: " + answer.body());
                        }
                        return Ending.COMMITTED;
                    });
        };
    }
}

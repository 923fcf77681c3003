package dtc.bench.system;

import dtc.bench.load.Http;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.Outcome;
import dtc.bench.load.Transaction;
import io.vertx.core.http.HttpMethod;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** The floor: one call with a body like that of a one-call transaction. */
public final class Echo implements MeasuredSystem {

    private final HelperProcesses.Host host;

    private Echo(HelperProcesses.Host host) {
        this.host = host;
    }

    public static Echo start(ProcessLauncher launcher, HelperApplication application) {
        return new Echo(HelperProcesses.start(launcher, application, "echo"));
    }

    /** Seconds from the start of a process to its first answer. */
    public static double startUpSeconds(ProcessLauncher launcher, HelperApplication application) {
        long begin = System.nanoTime();
        try (JavaProcess process =
                HelperProcesses.start(launcher, application, "start-up-echo").process()) {
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

    /** The same in every scenario. */
    @Override
    public BackgroundLoad startBackground(Background background, LoadGenerator load, boolean quick) {
        return () -> {};
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
                        return Outcome.COMMITTED;
                    });
        };
    }
}

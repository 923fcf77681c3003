package dtc.bench;

import dtc.bench.Results.Memory;
import dtc.bench.Results.StartUp;
import dtc.bench.system.Application;
import dtc.bench.system.ClassFiles;
import dtc.bench.system.Dtc;
import dtc.bench.system.Echo;
import dtc.bench.system.HelperApplication;
import dtc.bench.system.HelperProcesses;
import dtc.bench.system.MeasuredSystem;
import dtc.bench.system.Narayana;
import dtc.bench.system.Peers;
import dtc.bench.system.ProcessLauncher;
import dtc.bench.system.SystemName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Starts the chosen systems, side by side in processes of their own. */
final class Systems implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger("bench");
    static final double MEGABYTE = 1 << 20;

    private final ProcessLauncher launcher;
    private final Application application;
    private final HelperApplication helperApplication;
    private final Peers peers;
    private final List<SystemName> names;
    private @Nullable HelperProcesses participants;

    /** Builds everything that the processes need, and starts none yet. */
    Systems(Options options, Application application) {
        this.application = application;
        names = options.systems();
        launcher = options.launcher();
        ClassFiles classes = new ClassFiles(options.target().resolve("classes"));
        LOG.info("building the helper application");
        helperApplication = HelperApplication.build(classes, launcher.directory("helper"), options.quarkusVersion());
        peers = new Peers(classes, launcher.directory("peers"), options.peers());
    }

    private record Starting(SystemName name, @Nullable Path cache) {}

    /** Starts each system alone, several times in turn. */
    List<StartUp> startUps(int rounds) {
        SequencedMap<Starting, List<Double>> seconds = new LinkedHashMap<>();
        for (SystemName name : names) {
            if (name == SystemName.DTC_UNBATCHED) {
                continue; // same as DTC_MEMORY
            }
            seconds.put(new Starting(name, null), new ArrayList<>());
            if (name == SystemName.DTC_MEMORY) {
                LOG.info("training an AOT cache");
                seconds.put(new Starting(name, Dtc.train(launcher, application, name)), new ArrayList<>());
            }
        }
        for (int round = 0; round < rounds; round++) {
            seconds.forEach((starting, measured) -> {
                double one = startUpSeconds(starting);
                LOG.info(String.format(Locale.ROOT, "start-up of %s: %.2f s", starting, one));
                measured.add(Statistics.rounded(one));
            });
        }
        return seconds.entrySet().stream()
                .map(entry ->
                        new StartUp(entry.getKey().name().id(), entry.getKey().cache() != null, entry.getValue()))
                .toList();
    }

    private double startUpSeconds(Starting starting) {
        SystemName name = starting.name();
        return switch (name) {
            case DTC_MEMORY, DTC_FILE, DTC_UNBATCHED ->
                Dtc.startUpSeconds(launcher, application, name, starting.cache());
            case RESTAT_FILE, RESTAT_VOLATILE, LRA_FILE, LRA_VOLATILE -> Narayana.startUpSeconds(launcher, peers, name);
            case ECHO -> Echo.startUpSeconds(launcher, helperApplication);
        };
    }

    List<MeasuredSystem> start() {
        List<MeasuredSystem> systems = new ArrayList<>();
        for (SystemName name : names) {
            LOG.info("starting " + name.id());
            systems.add(
                    switch (name) {
                        case DTC_MEMORY, DTC_FILE, DTC_UNBATCHED -> Dtc.start(launcher, application, name);
                        case RESTAT_FILE, RESTAT_VOLATILE, LRA_FILE, LRA_VOLATILE ->
                            Narayana.start(launcher, peers, name, participants());
                        case ECHO -> Echo.start(launcher, helperApplication);
                    });
        }
        return systems;
    }

    /** One set of participants serves all peers, since only one has load at a time. */
    private HelperProcesses participants() {
        HelperProcesses running = participants;
        if (running == null) {
            running = HelperProcesses.start(launcher, helperApplication);
            participants = running;
        }
        return running;
    }

    /** The resident memory of all processes, as idle memory. {@link #loaded} adds the memory under load. */
    static List<Memory> idle(List<MeasuredSystem> systems) {
        return systems.stream()
                .flatMap(system -> system.processes().entrySet().stream()
                        .map(process -> new Memory(
                                system.name().id(),
                                process.getKey(),
                                Statistics.rounded(process.getValue().residentBytes() / MEGABYTE),
                                0)))
                .toList();
    }

    static List<Memory> loaded(List<Memory> idle, List<MeasuredSystem> systems) {
        List<Memory> now = idle(systems);
        List<Memory> both = new ArrayList<>();
        for (int process = 0; process < idle.size(); process++) {
            Memory before = idle.get(process);
            both.add(new Memory(
                    before.system(),
                    before.process(),
                    before.idleMegabytes(),
                    now.get(process).idleMegabytes()));
        }
        return both;
    }

    @Override
    public void close() {
        launcher.close();
    }
}

package dtc.bench;

import dtc.bench.Results.Memory;
import dtc.bench.Results.StartUp;
import dtc.bench.system.ClassFiles;
import dtc.bench.system.Dtc;
import dtc.bench.system.Echo;
import dtc.bench.system.Measured;
import dtc.bench.system.Narayana;
import dtc.bench.system.Peers;
import dtc.bench.system.Stack;
import dtc.bench.system.StackApplication;
import dtc.bench.system.SystemName;
import dtc.bench.system.Workshop;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** All systems that take part, side by side in processes of their own. */
final class Fleet implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger("bench");
    static final double MEGABYTE = 1 << 20;

    private final Workshop workshop;
    private final Path jar;
    private final StackApplication stackApplication;
    private final Peers peers;
    private final List<SystemName> names = new ArrayList<>();
    private final List<String> leftOut = new ArrayList<>();
    private @Nullable Stack participants;

    /** Makes what processes are started from; starts none yet. */
    Fleet(Options options) {
        Path target = options.project().resolve("target").toAbsolutePath().normalize();
        ClassFiles classes = new ClassFiles(target.resolve("test-classes"));
        workshop = new Workshop(target.resolve("bench"), options.jvm());
        jar = target.resolve("quarkus-app/quarkus-run.jar");
        LOG.info("packaging the small application");
        stackApplication = StackApplication.build(classes, workshop.directory("stack"), options.quarkusVersion());
        peers = new Peers(classes, workshop.directory("peers"), options.peers());
        for (SystemName name : options.systems()) {
            if (name == SystemName.DTC_FILE && !Dtc.hasFileLog()) {
                leftOut.add(name.id() + ": this DTC has no file log");
            } else {
                names.add(name);
            }
        }
    }

    /** Systems that were asked for and cannot be measured, and why. */
    List<String> leftOut() {
        return leftOut;
    }

    private record Starting(SystemName name, @Nullable Path cache) {}

    /** Starts each system alone, several times in turn, before anything else runs. */
    List<StartUp> startUps(int rounds) {
        SequencedMap<Starting, List<Double>> seconds = new LinkedHashMap<>();
        for (SystemName name : names) {
            if (name == SystemName.DTC_UNBATCHED) {
                continue; // it starts as the other does
            }
            seconds.put(new Starting(name, null), new ArrayList<>());
            if (name == SystemName.DTC_MEMORY) {
                LOG.info("training an AOT cache");
                seconds.put(new Starting(name, Dtc.train(workshop, jar, name)), new ArrayList<>());
            }
        }
        for (int round = 0; round < rounds; round++) {
            seconds.forEach((starting, measured) -> {
                double one = startUpSeconds(starting);
                LOG.info("start-up of %s: %.2f s".formatted(starting, one));
                measured.add(Figures.rounded(one));
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
            case DTC_MEMORY, DTC_FILE, DTC_UNBATCHED -> Dtc.startUpSeconds(workshop, jar, name, starting.cache());
            case RESTAT_FILE, RESTAT_VOLATILE, LRA_FILE, LRA_VOLATILE -> Narayana.startUpSeconds(workshop, peers, name);
            case ECHO -> Echo.startUpSeconds(workshop, stackApplication);
        };
    }

    List<Measured> start() {
        List<Measured> systems = new ArrayList<>();
        for (SystemName name : names) {
            LOG.info("starting " + name.id());
            systems.add(
                    switch (name) {
                        case DTC_MEMORY, DTC_FILE, DTC_UNBATCHED -> Dtc.start(workshop, jar, name);
                        case RESTAT_FILE, RESTAT_VOLATILE, LRA_FILE, LRA_VOLATILE ->
                            Narayana.start(workshop, peers, name, participants());
                        case ECHO -> Echo.start(workshop, stackApplication);
                    });
        }
        return systems;
    }

    /** One set of participants serves all peers, one peer at a time. */
    private Stack participants() {
        Stack there = participants;
        if (there == null) {
            there = Stack.start(workshop, stackApplication);
            participants = there;
        }
        return there;
    }

    /** Resident memory of all processes now, as idle; {@link #loaded} adds what they have later. */
    static List<Memory> idle(List<Measured> systems) {
        return systems.stream()
                .flatMap(system -> system.processes().entrySet().stream()
                        .map(process -> new Memory(
                                system.name().id(),
                                process.getKey(),
                                Figures.rounded(process.getValue().residentBytes() / MEGABYTE),
                                0)))
                .toList();
    }

    static List<Memory> loaded(List<Memory> idle, List<Measured> systems) {
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
        workshop.close();
    }
}

package dtc.app;

import dtc.log.file.DirectoryStorage;
import dtc.log.file.LogMaintenance;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The commands for a decision log in a directory. */
final class LogCommand {

    private static final String USAGE = """
            usage: log dump <directory>                           print the records
                   log verify <directory>                         check all files
                   log adopt [<directory>] <tag> --presume-abort  presume abort for transactions with this tag; the
                                                                  default directory is DTC_LOG_DIRECTORY
                   log retag <directory>                          give a restored copy a new tag
                   log repair <directory> --lose-damaged          remove damaged records""";

    private static final int SOUND = 0;
    private static final int DAMAGED = 1;
    /** The exit code for wrong arguments and unreadable logs. */
    private static final int ERROR = 2;

    private static final Pattern TAG = Pattern.compile("[0-9a-fA-F]{4}");

    private final PrintStream out;
    private final PrintStream err;

    private LogCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Runs a command and returns its exit code. */
    static int run(List<String> args, PrintStream out, PrintStream err) {
        return new LogCommand(out, err).run(args);
    }

    private int run(List<String> args) {
        if (args.equals(List.of("--help"))) {
            out.println(USAGE);
            return SOUND;
        }
        List<String> arguments = new ArrayList<>(args);
        List<String> options =
                args.stream().filter(word -> word.startsWith("--")).toList();
        arguments.removeAll(options);
        String command = arguments.isEmpty() ? "" : arguments.getFirst();
        String configured = System.getenv("DTC_LOG_DIRECTORY");
        if (command.equals("adopt") && arguments.size() == 2 && configured != null) {
            arguments.add(1, configured);
        }
        boolean valid = switch (command) {
            case "dump", "verify", "retag" -> arguments.size() == 2 && options.isEmpty();
            case "adopt" ->
                arguments.size() == 3
                        && TAG.matcher(arguments.get(2)).matches()
                        && options.equals(List.of("--presume-abort"));
            case "repair" -> arguments.size() == 2 && options.equals(List.of("--lose-damaged"));
            default -> false;
        };
        if (!valid) {
            err.println(USAGE);
            return ERROR;
        }
        try (DirectoryStorage storage = new DirectoryStorage(Path.of(arguments.get(1)))) {
            storage.requireDirectory();
            LogMaintenance maintenance = new LogMaintenance(
                    storage, new SecureRandom(), Instant.now().truncatedTo(ChronoUnit.SECONDS), out::println);
            switch (command) {
                case "dump" -> {
                    return LogDump.dump(storage, out::println) ? SOUND : DAMAGED;
                }
                case "verify" -> {
                    return verify(maintenance);
                }
                case "adopt" -> maintenance.adopt(Integer.parseInt(arguments.get(2), 16));
                case "retag" -> maintenance.retag();
                default -> maintenance.repair();
            }
            return SOUND;
        } catch (IOException failure) {
            err.println(failure.getMessage());
            return ERROR;
        }
    }

    private static int verify(LogMaintenance maintenance) throws IOException {
        return switch (maintenance.verify(LogDump::check)) {
            case INTACT -> SOUND;
            case DAMAGED -> DAMAGED;
            case NO_LOG -> ERROR;
        };
    }
}

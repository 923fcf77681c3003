package dtc.app;

import dtc.conformance.CheckCommand;
import dtc.rest.HttpConnections;
import dtc.runtime.BuildVersion;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;

/** Runs the service. If there are arguments, runs a command for operators instead. */
@QuarkusMain
public final class Main {

    private static final String USAGE = """
            usage: (no arguments)  runs the service, which is configured by environment variables
                   log <command>   inspects or repairs a decision log: see log --help
                   rm <command>    checks a resource manager, or acts on it: see rm --help
                   --version       prints the version and the commit""";

    /** The exit code for wrong arguments. */
    private static final int ERROR = 2;

    private Main() {}

    public static void main(String... arguments) {
        // Libraries use the default locale too. In Turkish, for example, they may not find a header with an I in its
        // name.
        Locale.setDefault(Locale.ROOT);
        if (arguments.length == 0 && hasTemporaryDirectory()) {
            HttpConnections.enable();
            Quarkus.run(arguments);
            return;
        }
        try (PrintStream out = printStream(FileDescriptor.out);
                PrintStream err = printStream(FileDescriptor.err)) {
            int status = arguments.length == 0 ? withoutTemporaryDirectory(err) : command(List.of(arguments), out, err);
            out.flush();
            err.flush();
            System.exit(status);
        }
    }

    /** The server unpacks its static files there. */
    private static boolean hasTemporaryDirectory() {
        try {
            Files.delete(Files.createTempFile("dtc", null));
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private static int withoutTemporaryDirectory(PrintStream err) {
        err.printf(
                "Not started: no file can be created in %s (java.io.tmpdir). Mount a writable volume there, or set"
                        + " -Djava.io.tmpdir to a writable directory.%n",
                System.getProperty("java.io.tmpdir"));
        return 1;
    }

    private static int command(List<String> args, PrintStream out, PrintStream err) {
        List<String> rest = args.subList(1, args.size());
        return switch (args.getFirst()) {
            case "log" -> LogCommand.run(rest, out, err);
            case "rm" -> resourceManagerCommand(rest, out, err);
            case "help", "--help", "-h" -> {
                out.println(USAGE);
                yield 0;
            }
            case "--version" -> {
                out.printf("dtc %s%n", BuildVersion.CURRENT);
                yield 0;
            }
            default -> {
                err.println(USAGE);
                yield ERROR;
            }
        };
    }

    private static int resourceManagerCommand(List<String> args, PrintStream out, PrintStream err) {
        return switch (args.isEmpty() ? "" : args.getFirst()) {
            case "check" -> new CheckCommand(System.getenv(), out, err).run(args.subList(1, args.size()));
            case NewInstanceCommand.NAME -> new NewInstanceCommand(System.getenv(), out, err).run(args);
            default -> new ResolveCommand(System.getenv(), out, err).run(args);
        };
    }

    private static PrintStream printStream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }
}

package dtc.app;

import dtc.log.file.DirectoryStorage;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs the service, or with the arguments {@code log dump <directory>} prints the records of a log. */
@QuarkusMain
public final class Main {

    private static final String USAGE = "usage: log dump <directory>";

    /** The usual exit code for wrong arguments. */
    private static final int MISUSED = 2;

    private Main() {}

    /**
     * The exit code of the command is 0 if the log is undamaged, 1 if something in it is damaged, and 2 if it cannot be
     * read.
     */
    public static void main(String... arguments) {
        List<String> words = List.of(arguments);
        if (words.isEmpty() || !words.getFirst().equals("log")) {
            Quarkus.run(arguments);
            return;
        }
        try (PrintStream out = printing(FileDescriptor.out);
                PrintStream problems = printing(FileDescriptor.err)) {
            int status = log(words.subList(1, words.size()), out, problems);
            out.flush();
            problems.flush();
            System.exit(status);
        }
    }

    private static PrintStream printing(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }

    static int log(List<String> words, PrintStream out, PrintStream problems) {
        if (words.size() != 2 || !words.getFirst().equals("dump")) {
            problems.println(USAGE);
            return MISUSED;
        }
        Path directory = Path.of(words.getLast());
        if (!Files.isDirectory(directory)) {
            problems.println("%s is not a directory".formatted(directory));
            return MISUSED;
        }
        try (DirectoryStorage storage = new DirectoryStorage(directory)) {
            return LogDump.dump(storage, out::println) ? 0 : 1;
        } catch (IOException failure) {
            problems.println("the log cannot be read: " + failure);
            return MISUSED;
        }
    }
}

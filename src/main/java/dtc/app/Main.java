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

/** Runs the service. With the arguments {@code log dump <directory>}, prints the records of a log instead. */
@QuarkusMain
public final class Main {

    private static final String USAGE = "usage: log dump <directory>";

    /** The exit code for wrong arguments and unreadable logs. */
    private static final int ERROR = 2;

    private Main() {}

    /**
     * Runs the service or the command. The exit code of the command is 0 if the log is undamaged, 1 if it is damaged,
     * and 2 if it cannot be read.
     */
    public static void main(String... arguments) {
        List<String> words = List.of(arguments);
        if (words.isEmpty() || !words.getFirst().equals("log")) {
            Quarkus.run(arguments);
            return;
        }
        try (PrintStream out = printStream(FileDescriptor.out);
                PrintStream err = printStream(FileDescriptor.err)) {
            int status = log(words.subList(1, words.size()), out, err);
            out.flush();
            err.flush();
            System.exit(status);
        }
    }

    private static PrintStream printStream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }

    static int log(List<String> words, PrintStream out, PrintStream err) {
        if (words.size() != 2 || !words.getFirst().equals("dump")) {
            err.println(USAGE);
            return ERROR;
        }
        Path directory = Path.of(words.getLast());
        if (!Files.isDirectory(directory)) {
            err.println("%s is not a directory".formatted(directory));
            return ERROR;
        }
        try (DirectoryStorage storage = new DirectoryStorage(directory)) {
            return LogDump.dump(storage, out::println) ? 0 : 1;
        } catch (IOException failure) {
            err.println("the log cannot be read: " + failure);
            return ERROR;
        }
    }
}

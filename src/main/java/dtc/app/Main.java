package dtc.app;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs the service. If the first argument is {@code log}, runs a command for a decision log instead. */
@QuarkusMain
public final class Main {

    private Main() {}

    public static void main(String... arguments) {
        List<String> words = List.of(arguments);
        if (words.isEmpty() || !words.getFirst().equals("log")) {
            Quarkus.run(arguments);
            return;
        }
        try (PrintStream out = printStream(FileDescriptor.out);
                PrintStream err = printStream(FileDescriptor.err)) {
            int status = LogCommand.run(words.subList(1, words.size()), out, err);
            out.flush();
            err.flush();
            System.exit(status);
        }
    }

    private static PrintStream printStream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }
}

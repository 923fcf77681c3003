package dtc.app;

import dtc.rest.HttpConnections;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Runs the service. If the first argument is {@code log} or {@code rm}, runs a command for operators instead. */
@QuarkusMain
public final class Main {

    private Main() {}

    public static void main(String... arguments) {
        // Libraries use the default locale too. In Turkish, Vert.x does not find the header Idempotency-Key in HTTP/2.
        Locale.setDefault(Locale.ROOT);
        List<String> words = List.of(arguments);
        String command = words.isEmpty() ? "" : words.getFirst();
        if (!command.equals("log") && !command.equals("rm")) {
            HttpConnections.enable();
            Quarkus.run(arguments);
            return;
        }
        try (PrintStream out = printStream(FileDescriptor.out);
                PrintStream err = printStream(FileDescriptor.err)) {
            List<String> rest = words.subList(1, words.size());
            int status = command.equals("log")
                    ? LogCommand.run(rest, out, err)
                    : new ResolveCommand(System.getenv(), out, err).run(rest);
            out.flush();
            err.flush();
            System.exit(status);
        }
    }

    private static PrintStream printStream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }
}

package dtc.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.file.Path;
import org.junit.jupiter.api.Assertions;

/** Starts resource managers with a fault, each in a process of its own. Thread-safe. */
final class WrongResourceManagers implements AutoCloseable {

    static final Path SCRIPT = Path.of("src/test/resources/dtc/conformance/wrong_rm.py");

    private final Process starter;
    private final Writer requests;
    private final BufferedReader started;

    WrongResourceManagers() throws IOException {
        starter = new ProcessBuilder("python3", SCRIPT.toString())
                .redirectError(Path.of("target", "wrong-rm.log").toFile())
                .start();
        requests = starter.outputWriter(UTF_8);
        started = new BufferedReader(new InputStreamReader(starter.getInputStream(), UTF_8));
    }

    /**
     * Starts a resource manager. Returns once it listens.
     *
     * @param state the file that survives a restart, or {@code "-"}
     */
    synchronized ProcessHandle start(String fault, int coordinatorPort, int port, String state) throws IOException {
        requests.write("%s http://127.0.0.1:%s %s %s\n".formatted(fault, coordinatorPort, port, state));
        requests.flush();
        String line = started.readLine();
        Assertions.assertTrue(line != null && line.contains(" "), "it did not start: see target/wrong-rm.log");
        return ProcessHandle.of(Long.parseLong(line.split(" ", 2)[1])).orElseThrow();
    }

    /** Its processes end when the starter ends. */
    @Override
    public void close() {
        starter.destroyForcibly();
    }
}

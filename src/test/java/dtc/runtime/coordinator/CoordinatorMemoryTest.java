package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Runs the coordinator in a process with a small heap, which ends with an error if the heap is too small. */
@NoApplication
class CoordinatorMemoryTest {

    /** A leak of 20 bytes per transaction exhausts it. */
    private static final String HEAP = "-Xmx24m";

    private static final int TRANSACTIONS = 1_000_000;

    @Test
    void finished_transactions_do_not_fill_the_heap() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        HEAP,
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CoordinatorMemoryTest.class.getName())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
    }

    public static void main(String... arguments) {
        new CoordinatorTest().commitMany(TRANSACTIONS);
    }
}

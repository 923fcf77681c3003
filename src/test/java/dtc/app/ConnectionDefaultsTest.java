package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.testing.NoApplication;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NoApplication
class ConnectionDefaultsTest {

    @ParameterizedTest
    @CsvSource({"256, 16", "432, 16", "700, 150", "1024, 312", "4096, 1848", "65536, 32568", "1048576, 50000"})
    void connections_leave_descriptors_for_everything_else(long filesMax, long connections) {
        assertEquals(connections, ConnectionDefaults.connections(filesMax));
    }

    @ParameterizedTest
    @CsvSource({"256, 193", "256, 256", "300, 240", "64, 200"})
    void a_limit_that_leaves_too_few_descriptors_is_refused(long filesMax, long filesOpen) {
        assertEquals(
                "the limit of open files is " + filesMax + ", and " + filesOpen
                        + " are open already. Set it to 4096 or more (ulimit -n)",
                ConnectionDefaults.tooFewFiles(filesMax, filesOpen));
    }

    @ParameterizedTest
    @CsvSource({"256, 192", "512, 240", "1048576, 300"})
    void a_limit_that_leaves_enough_descriptors_is_accepted(long filesMax, long filesOpen) {
        assertNull(ConnectionDefaults.tooFewFiles(filesMax, filesOpen));
    }
}

package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
}

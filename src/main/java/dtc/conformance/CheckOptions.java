package dtc.conformance;

import dtc.conformance.Row.Profile;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is checked, and how.
 *
 * @param url the URL under which the resource manager registers
 * @param id the id under which it registers; null if the URL identifies it
 * @param token sent with all messages; null if there is none
 * @param restart null if the resource manager cannot be restarted
 * @param rows the names of the rows to run; empty for all rows of the profiles
 * @param patience how long a registration or an inquiry is awaited
 */
record CheckOptions(
        URI url,
        SampleWrite write,
        InetSocketAddress listen,
        @Nullable String id,
        @Nullable String token,
        @Nullable Restarter restart,
        Set<Profile> profiles,
        Set<String> rows,
        Duration patience) {

    /** Kills the resource manager and starts it again. */
    interface Restarter {
        void restart() throws IOException, InterruptedException;
    }

    boolean includes(Row row) {
        return rows.isEmpty() ? profiles.contains(row.profile()) : rows.contains(row.name());
    }
}

package dtc.log.etcd;

import static dtc.log.etcd.EtcdClients.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.log.fenced.Attempt;
import dtc.log.fenced.StoredValue;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Leases and watches. */
@NoApplication
@Execution(ExecutionMode.SAME_THREAD)
class EtcdWatchIT {

    private static EtcdCluster cluster;
    private static EtcdClients clients;
    private static EtcdLeases leases;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        cluster = new EtcdCluster(directory, 3).start();
        clients = new EtcdClients();
        leases = new EtcdLeases(clients.channel(cluster.addressesFrom(cluster.member(1))));
    }

    @AfterAll
    static void stop() {
        if (clients != null) {
            clients.close();
            cluster.close();
        }
    }

    private static final class Changes implements EtcdWatch.Listener {
        private final Queue<String> all = new ConcurrentLinkedQueue<>();

        @Override
        public void started(long revision) {
            all.add("started");
        }

        @Override
        public void changed(String key, @Nullable StoredValue value, long revision) {
            all.add(key + "=" + (value == null ? "" : value.text()));
        }

        @Override
        public void interrupted(String reason) {
            all.add("interrupted");
        }

        private void await(String change) {
            Waiting.await(change).until(() -> all.contains(change));
        }
    }

    private static EtcdWatch watch(String name, Changes changes) {
        return EtcdWatch.start(
                clients.channel(cluster.addressesFrom(cluster.member(0))),
                clients.timers,
                name + "/",
                name + "0",
                changes);
    }

    private static <R> R answer(CompletionStage<Attempt<R>> attempt) throws Exception {
        return switch (get(attempt)) {
            case Attempt.Answered<R> answered -> answered.result();
            case Attempt.NoAnswer<R>(String reason) -> fail(reason);
        };
    }

    private static void put(String key, String value) throws Exception {
        assertTrue(answer(leases.put(key, StoredValue.of(value), 0)));
    }

    @Test
    void a_key_is_deleted_when_its_lease_is_not_renewed() throws Exception {
        Changes changes = new Changes();
        try (EtcdWatch _ = watch("lease", changes)) {
            changes.await("started");
            long lease = answer(leases.grant(Duration.ofSeconds(1)));
            assertTrue(answer(leases.put("lease/1", StoredValue.of("here"), lease)));
            assertTrue(answer(leases.renew(lease)));
            changes.await("lease/1=");
            assertEquals(List.of("started", "lease/1=here", "lease/1="), List.copyOf(changes.all));
            assertEquals(false, answer(leases.renew(lease)));
        }
    }

    @Test
    void a_key_is_deleted_with_its_lease() throws Exception {
        Changes changes = new Changes();
        try (EtcdWatch _ = watch("revoked", changes)) {
            changes.await("started");
            long lease = answer(leases.grant(Duration.ofMinutes(10)));
            assertTrue(answer(leases.put("revoked/1", StoredValue.of("here"), lease)));
            assertTrue(answer(leases.revoke(lease)));
            changes.await("revoked/1=");
        }
    }

    @Test
    void a_watch_changes_to_another_member_if_its_member_does_not_answer() throws Exception {
        Changes changes = new Changes();
        try (EtcdWatch _ = watch("paused", changes)) {
            changes.await("started");
            put("paused/1", "before");
            changes.await("paused/1=before");
            put("other/1", "outside of the range");
            cluster.member(0).pause();
            try {
                changes.await("interrupted");
                Waiting.await("the watch has started again")
                        .until(() ->
                                changes.all.stream().filter("started"::equals).count() == 2);
                // Without member 0, there may be no leader for a short time.
                Waiting.await().untilAsserted(() -> put("paused/2", "during"));
                changes.await("paused/2=during");
            } finally {
                cluster.member(0).resume();
            }
            cluster.awaitHealthy();
            assertTrue(changes.all.stream().noneMatch(change -> change.startsWith("other")));
        }
    }

    @Test
    void a_watch_that_is_closed_reports_nothing() throws Exception {
        Changes changes = new Changes();
        Changes others = new Changes();
        try (EtcdWatch _ = watch("closed", others)) {
            EtcdWatch closed = watch("closed", changes);
            changes.await("started");
            others.await("started");
            closed.close();
            put("closed/1", "after");
            others.await("closed/1=after");
            assertEquals(List.of("started"), List.copyOf(changes.all));
        }
    }
}

package dtc.log.etcd;

import static dtc.log.etcd.EtcdClients.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.LogRecord;
import dtc.log.SampleLogRecords;
import dtc.log.fenced.FencedDecisionLog;
import dtc.log.fenced.FencedStore;
import dtc.log.fenced.FencedStoreContract;
import dtc.log.fenced.Held;
import dtc.log.fenced.KeyValueStore;
import dtc.log.fenced.KeyValueStoreContract;
import dtc.log.fenced.NumberState;
import dtc.log.fenced.SealResult;
import dtc.testing.NoApplication;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store in three processes of etcd. */
@NoApplication
class EtcdIT {

    /** Answers take long on a loaded machine. What happens without an answer is tested by {@link EtcdFaultsIT}. */
    private static final Duration ATTEMPT = Duration.ofSeconds(8);

    private static final AppendResult STORED = new AppendResult.Stored();

    private static EtcdCluster cluster;
    private static EtcdClients clients;
    private static KeyValueStore store;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        cluster = new EtcdCluster(directory, 3).start();
        clients = new EtcdClients(ATTEMPT);
        store = clients.keyValueStore(cluster.addressesFrom(cluster.member(0)));
    }

    @AfterAll
    static void stop() {
        if (clients != null) {
            clients.close();
            cluster.close();
        }
    }

    @Nested
    class KeysAndValues extends KeyValueStoreContract {
        private final String root = "test/" + UUID.randomUUID() + "/";

        @Override
        protected KeyValueStore store() {
            return store;
        }

        @Override
        protected String root() {
            return root;
        }
    }

    @Nested
    class Fencing extends FencedStoreContract {
        @Override
        protected KeyValueStore store() {
            return store;
        }
    }

    @Nested
    class DecisionLog {
        @Test
        void all_acknowledged_records_are_found_by_the_next_process() throws Exception {
            String name = "log-" + UUID.randomUUID();
            FencedStore first = clients.process(store, name);
            FencedDecisionLog log = open(first, get(first.create("first:1")));
            List<LogRecord> records = new ArrayList<>();
            List<CompletionStage<AppendResult>> results = new ArrayList<>();
            for (int i = 0; i < 5_000; i++) {
                records.add(SampleLogRecords.open(i));
                results.add(log.append(records.getLast()));
            }
            for (CompletionStage<AppendResult> result : results) {
                assertEquals(STORED, get(result));
            }
            FencedStore second = clients.process(store, name);
            Held self = get(second.create("second:1"));
            Held held = sealed(second, 1, self);

            assertTrue(held.head() < records.size() / 50, "batches: " + held.head());
            List<LogRecord> replayed = new ArrayList<>();
            open(second, held).replay(replayed::add);
            assertEquals(records, replayed);
            assertEquals(new AppendResult.Fenced(), get(log.append(SampleLogRecords.ended(1))));
        }

        private static FencedDecisionLog open(FencedStore process, Held held) throws Exception {
            return get(FencedDecisionLog.open(
                            process,
                            held,
                            new FencedDecisionLog.Settings(10_000, 8 << 20, Duration.ofSeconds(30), 0.8),
                            clients.timers,
                            System::nanoTime,
                            new FencedDecisionLog.Listener() {
                                @Override
                                public void notice(String message) {}

                                @Override
                                public void fenced(int number) {}
                            },
                            _ -> {}))
                    .orElseThrow();
        }
    }

    private static Held sealed(FencedStore process, int number, Held self) throws Exception {
        NumberState.Issued state = assertInstanceOf(NumberState.Issued.class, get(process.find(number)));
        return assertInstanceOf(SealResult.Sealed.class, get(process.seal(number, state.owner(), self)))
                .held();
    }
}

package dtc.log.etcd;

import static dtc.log.etcd.EtcdClients.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dtc.log.AppendResult;
import dtc.log.etcd.EtcdCluster.Member;
import dtc.log.fenced.FencedStore;
import dtc.log.fenced.Held;
import dtc.log.fenced.KeyValueStore;
import dtc.log.fenced.NumberState;
import dtc.log.fenced.SealResult;
import dtc.testing.NoApplication;
import dtc.testing.TcpProxy;
import dtc.testing.Waiting;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Faults of the network and of members of etcd. */
@NoApplication
@Execution(ExecutionMode.SAME_THREAD)
class EtcdFaultsIT {

    private static final AppendResult STORED = new AppendResult.Stored();

    private static EtcdCluster cluster;

    private final String name = "faults-" + UUID.randomUUID();
    private EtcdClients clients;

    @BeforeAll
    static void startCluster(@TempDir Path directory) throws Exception {
        cluster = new EtcdCluster(directory, 3).start();
    }

    @AfterAll
    static void stopCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void openClients() {
        clients = new EtcdClients();
    }

    @AfterEach
    void closeClients() {
        clients.close();
        assertEquals(List.of(), List.copyOf(clients.fatal));
    }

    private static ByteBuffer batch(int number) {
        return ByteBuffer.wrap(new byte[] {(byte) number});
    }

    /** A process that calls this member first. */
    private FencedStore process(Member first) {
        return clients.process(clients.keyValueStore(cluster.addressesFrom(first)), name);
    }

    /** Another process finds these batches. */
    private void assertHead(long head) throws Exception {
        FencedStore other = process(cluster.leader());
        Held self = get(other.create("other:1"));
        NumberState.Issued state = assertInstanceOf(NumberState.Issued.class, get(other.find(1)));
        SealResult.Sealed sealed = assertInstanceOf(SealResult.Sealed.class, get(other.seal(1, state.owner(), self)));
        assertEquals(head, sealed.held().head());
    }

    @Test
    void appends_are_stored_while_the_leader_is_paused() throws Exception {
        Member leader = cluster.leader();
        FencedStore process = process(leader);
        Held held = get(process.create("host:1"));
        assertEquals(STORED, get(process.append(held, 1, batch(1))));
        leader.pause();
        try {
            assertEquals(STORED, get(process.append(held, 2, batch(2))));
            assertEquals(STORED, get(process.append(held, 3, batch(3))));
        } finally {
            leader.resume();
        }
        cluster.awaitHealthy();
        assertEquals(STORED, get(process.append(held, 4, batch(4))));
        assertHead(4);
    }

    @Test
    void appends_are_stored_after_a_member_is_killed() throws Exception {
        for (Member killed : List.of(cluster.leader(), cluster.member(0))) {
            FencedStore process = process(killed);
            Held held = get(process.create("host:1"));
            assertEquals(STORED, get(process.append(held, 1, batch(1))));
            killed.kill();
            assertEquals(STORED, get(process.append(held, 2, batch(2))));
            killed.start();
            cluster.awaitHealthy();
            assertEquals(STORED, get(process.append(held, 3, batch(3))));
        }
    }

    @Test
    void appends_continue_after_all_members_are_killed() throws Exception {
        FencedStore process = process(cluster.member(0));
        Held held = get(process.create("host:1"));
        assertEquals(STORED, get(process.append(held, 1, batch(1))));
        for (int i = 0; i < 3; i++) {
            cluster.member(i).kill();
        }
        CompletionStage<AppendResult> append = process.append(held, 2, batch(2));
        for (int i = 0; i < 3; i++) {
            cluster.member(i).start();
        }
        assertEquals(STORED, get(append));
        cluster.awaitHealthy();
        assertHead(2);
    }

    @Test
    void an_append_whose_answers_are_lost_is_stored_once() throws Exception {
        try (TcpProxy proxy = new TcpProxy(cluster.member(0).address().port())) {
            KeyValueStore throughProxy = clients.keyValueStore(List.of(EtcdClients.address(proxy)));
            FencedStore process = clients.process(throughProxy, name);
            Held held = get(process.create("host:1"));
            assertEquals(STORED, get(process.append(held, 1, batch(1))));
            proxy.loseAnswers();
            CompletionStage<AppendResult> append = process.append(held, 2, batch(2));
            FencedStore other = process(cluster.member(1));
            Held self = get(other.create("other:1"));
            Waiting.await("the batch is stored").until(() -> head(other, held) == 2);
            assertFalse(append.toCompletableFuture().isDone());
            proxy.restore();
            assertEquals(STORED, get(append));

            // Another process seals the number while an append has no answer.
            proxy.loseAnswers();
            CompletionStage<AppendResult> last = process.append(held, 3, batch(3));
            Waiting.await("the batch is stored").until(() -> head(other, held) == 3);
            assertInstanceOf(SealResult.Sealed.class, get(other.seal(1, held.owner(), self)));
            proxy.restore();
            assertEquals(new AppendResult.Fenced(), get(last));
        }
    }

    private static long head(FencedStore process, Held held) throws Exception {
        return get(process.head(held.number()));
    }

    @Test
    void a_process_that_is_cut_off_is_fenced_when_it_returns() throws Exception {
        try (TcpProxy proxy = new TcpProxy(cluster.member(0).address().port())) {
            FencedStore process = clients.process(clients.keyValueStore(List.of(EtcdClients.address(proxy))), name);
            Held held = get(process.create("host:1"));
            proxy.loseAll();
            CompletionStage<AppendResult> append = process.append(held, 1, batch(1));
            assertHead(0);
            proxy.restore();
            assertEquals(new AppendResult.Fenced(), get(append));
        }
    }
}

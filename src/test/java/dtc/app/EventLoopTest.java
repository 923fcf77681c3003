package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class EventLoopTest {

    private static final Vertx VERTX = Vertx.vertx();

    @AfterAll
    static void close() {
        VERTX.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void the_end_of_a_turn_follows_all_queued_tasks() throws InterruptedException {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch queued = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        Context loop = VERTX.getOrCreateContext();
        loop.runOnContext(_ -> {
            awaitQuietly(queued); // so that both of the next are at hand in one turn
        });
        loop.runOnContext(_ -> {
            order.add("first");
            EventLoop.atEndOfTurn(() -> {
                order.add("end");
                done.countDown();
            });
        });
        loop.runOnContext(_ -> order.add("second"));
        queued.countDown();
        done.await();
        assertEquals(List.of("first", "second", "end"), order);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void outside_an_event_loop_the_task_runs_at_once() {
        List<String> order = new ArrayList<>();
        EventLoop.atEndOfTurn(() -> order.add("now"));
        order.add("after");
        assertEquals(List.of("now", "after"), order);
    }
}

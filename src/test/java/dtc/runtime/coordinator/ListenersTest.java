package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.coordinator.Transaction;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ListenersTest {

    private static final TransactionId ID = new TransactionId(new UUID(0, 1));

    static List<Throwable> faults() {
        return List.of(
                new IllegalStateException("a bug"),
                new NullPointerException(),
                new NoSuchMethodError("another version"),
                new AssertionError("no such case"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void a_listener_that_throws_does_not_affect_the_others(Throwable fault) {
        List<String> called = new ArrayList<>();
        Listeners listeners = new Listeners(List.of(recording(called), throwing(fault), recording(called)));
        listeners.applied(AppliedEvent.initial(Transaction.begin(ID, Origin.ANONYMOUS, Instant.EPOCH, Instant.EPOCH)));
        listeners.delivery(new DeliveryEvent.Sent(ID, "orders", Outcome.COMMIT));
        assertEquals(List.of("applied", "applied", "delivery", "delivery"), called);
    }

    private static TransactionListener recording(List<String> called) {
        return new TransactionListener() {
            @Override
            public void applied(AppliedEvent applied) {
                called.add("applied");
            }

            @Override
            public void delivery(DeliveryEvent event) {
                called.add("delivery");
            }
        };
    }

    private static TransactionListener throwing(Throwable fault) {
        return new TransactionListener() {
            @Override
            public void applied(AppliedEvent applied) {
                fail();
            }

            @Override
            public void delivery(DeliveryEvent event) {
                fail();
            }

            private void fail() {
                if (fault instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) fault;
            }
        };
    }
}

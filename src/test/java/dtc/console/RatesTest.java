package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.FakeTime;
import dtc.runtime.coordinator.DeliveryEvent;
import dtc.testing.NoApplication;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

@NoApplication
class RatesTest {

    private static final TransactionId ID = new TransactionId(new UUID(0x7000, 1));

    private final FakeTime time = new FakeTime();
    private final Rates rates = new Rates(time);

    @Test
    void the_time_from_the_decision_to_the_acknowledgement_of_a_commit_is_in_the_point_of_its_interval() {
        assertEquals(List.of(), rates.points());
        rates.delivery(new DeliveryEvent.Sent(ID, "orders", Outcome.COMMIT));
        rates.delivery(new DeliveryEvent.Acknowledged(ID, "orders", Outcome.COMMIT, Duration.ofMillis(2)));
        rates.delivery(new DeliveryEvent.Acknowledged(ID, "mail", Outcome.ROLLBACK, Duration.ofHours(1)));
        rates.delivery(new DeliveryEvent.Acknowledged(ID, "stock", Outcome.COMMIT, Duration.ofMillis(2)));
        rates.delivery(new DeliveryEvent.Acknowledged(ID, "payments", Outcome.COMMIT, Duration.ofSeconds(3)));
        time.advance(Pages.INTERVAL.multipliedBy(2));

        List<Rates.Point> points = rates.points();
        assertEquals(2, points.size());
        Rates.Percentiles delivery = points.getFirst().delivery();
        assertNotNull(delivery);
        assertEquals(2, delivery.median().toMillis());
        assertEquals(3, delivery.p99().toSeconds());
        assertNull(points.getLast().delivery());
        assertNull(points.getFirst().prepare());
    }
}

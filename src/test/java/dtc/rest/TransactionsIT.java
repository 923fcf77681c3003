package dtc.rest;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/** The packaged application, jar or native binary, keeps the contract. */
@QuarkusIntegrationTest
class TransactionsIT extends TransactionsTest {

    @Test
    @Disabled("takes as long as all else together; that of hot keys has many at once, too")
    @Override
    void three_hundred_at_once_end_with_none_half_done() {}
}

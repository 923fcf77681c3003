package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.console.Browser;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

/** The coordinator goes, and comes back, under a page that stays open. */
@NoApplication
class ConsoleRestartIT {

    private final JsonClient http = new JsonClient();

    @Test
    void a_page_reports_that_the_coordinator_is_unavailable_and_resumes_when_it_is_back() throws Exception {
        try (Processes processes = new Processes("console");
                Browser browser = Browser.open()) {
            Application coordinator = coordinatorOfOrders(processes);
            begin(coordinator);
            browser.get(coordinator.url() + "/");
            browser.awaitText("1 of 1 up");
            browser.awaitText("No action required");
            browser.await(b -> assertTrue(b.text("#connection-text").equals("Live")));
            assertTrue(browser.text("[aria-labelledby=flight]").contains("In flight 1"));

            coordinator.pause(); // it keeps its connections, but sends nothing
            browser.awaitText("The coordinator does not respond.");
            assertEquals("Connection lost", browser.text("#connection-text"));
            coordinator.resume();
            browser.await(b -> assertEquals("Live", b.text("#connection-text")));

            coordinator.kill();
            browser.awaitText("The coordinator does not respond.");
            assertEquals("Connection lost", browser.text("#connection-text"));
            assertFalse(browser.text("main").contains("No action required"), "this is not known");
            browser.assertAccessible();
            browser.picture("connection-lost");

            coordinator.start().awaitReady();
            browser.awaitText("The coordinator was restarted at");
            browser.await(b -> assertTrue(b.text("#connection-text").equals("Live")));
            browser.awaitText("In flight 0");
            browser.awaitText("1 of 1 up");
            assertFalse(browser.text().contains("does not respond"));
        }
    }

    @Test
    void after_a_restart_the_page_of_a_resource_manager_resumes_and_that_of_a_transaction_shows_the_outcome()
            throws Exception {
        try (Processes processes = new Processes("console-pages");
                Browser browser = Browser.open()) {
            Application coordinator = coordinatorOfOrders(processes);
            begin(coordinator);
            browser.get(coordinator.url() + "/console/resource-managers/orders");
            restart(coordinator, browser);
            browser.awaitText("The coordinator was restarted at");
            browser.await(b -> assertEquals("Live", b.text("#connection-text")));
            browser.await(b -> assertTrue(b.text("#live").contains("live"), b.text("#live")));
            browser.await(b -> assertTrue(b.text("#live").contains("Waiting transactions 0"), b.text("#live")));

            // What was not decided is presumed to have been rolled back, and nothing is kept of it.
            String active = begin(coordinator);
            browser.get(coordinator.url() + "/console/transactions/" + active);
            browser.awaitText("expires in");
            restart(coordinator, browser);
            browser.awaitText("The transaction was removed.");
            assertEquals(
                    "ROLLBACK",
                    http.getJson(coordinator.url() + "/transactions/" + active + "/outcome")
                            .path("outcome")
                            .asText());
        }
    }

    @Test
    void open_pages_do_not_delay_a_stop_and_a_process_without_a_coordinator_has_none() throws Exception {
        try (Processes processes = new Processes("console-stop");
                Browser browser = Browser.open()) {
            Application coordinator =
                    processes.coordinator("coordinator").start().awaitReady();
            Application orders =
                    processes.resourceManagers("orders", coordinator).start().awaitReady();
            HttpResponse<String> none = http.get(orders.url() + "/");
            assertEquals(404, none.statusCode());
            assertEquals(
                    "application/problem+json",
                    none.headers().firstValue("Content-Type").orElse(""));
            assertEquals(404, http.get(orders.url() + "/console/transactions").statusCode());
            assertEquals(200, http.get(coordinator.url() + "/console/try").statusCode());
            assertEquals(
                    404,
                    http.send(HttpRequest.newBuilder(
                                            URI.create(coordinator.url() + "/dev/resource-managers/orders/fault"))
                                    .PUT(BodyPublishers.noBody()))
                            .statusCode());

            browser.get(coordinator.url() + "/");
            browser.await(b -> assertTrue(b.text("#connection-text").equals("Live")));
            orders.stop();
            coordinator.stop();
        }
    }

    /** With a resource manager in another process, which goes on. */
    private static Application coordinatorOfOrders(Processes processes) {
        Application coordinator = processes.coordinator("coordinator").start().awaitReady();
        processes.resourceManagers("orders", coordinator).start().awaitReady();
        return coordinator;
    }

    private static void restart(Application coordinator, Browser browser) {
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        coordinator.kill();
        browser.awaitText("The coordinator does not respond.");
        coordinator.start().awaitReady();
    }

    private String begin(Application coordinator) throws IOException {
        return http.read(Waiting.await("a transaction is begun")
                        .until(
                                () -> http.post(
                                        coordinator.url() + "/transactions",
                                        "{\"timeoutMillis\":600000,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":1}]}"),
                                response -> response.statusCode() == 201))
                .path("id")
                .asText();
    }
}

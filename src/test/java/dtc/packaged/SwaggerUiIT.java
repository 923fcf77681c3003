package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.console.Browser;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Swagger UI in a browser calls the API. */
@NoApplication
class SwaggerUiIT {

    @Test
    void its_calls_are_answered() {
        try (Browser browser = Browser.open();
                Processes processes = new Processes("swagger-ui")) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_RM_IDS", "orders,payments")
                    .start()
                    .awaitReady();
            for (String path : List.of("/q/swagger-ui", "/q/swagger-ui/")) {
                browser.get(application.url() + path);

                assertEquals(201, execute(browser, "beginTransaction"), path);
                assertTrue(
                        browser.text(operation("beginTransaction") + " .live-responses-table")
                                .contains("\"state\": \"ACTIVE\""),
                        browser::text);
                assertEquals(200, execute(browser, "listTransactions"), path);
                assertEquals(200, execute(browser, "listResourceManagers"), path);
            }
        }
    }

    /** Presses the buttons of an operation. Returns the status of the response that is shown. */
    private static int execute(Browser browser, String operation) {
        String css = operation(operation);
        press(browser, css + " .opblock-summary-control");
        press(browser, css + " .try-out__btn");
        press(browser, css + " .execute");
        String status = css + " .live-responses-table tbody .response-col_status";
        browser.await(page -> assertTrue(page.text(status).matches(".*\\d{3}.*")));
        return Integer.parseInt(browser.text(status).replaceAll("\\D", ""));
    }

    private static void press(Browser browser, String css) {
        browser.await(page -> assertTrue(page.count(css) > 0, css));
        browser.click(css);
    }

    private static String operation(String id) {
        return String.format(Locale.ROOT, "[id$='-%s']", id);
    }
}

package dtc.console;

import static dtc.rest.ForeignResourceManager.status;
import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static io.restassured.RestAssured.post;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.console.Browser.Screen;
import dtc.rest.ForeignResourceManager;
import dtc.runtime.Answer;
import dtc.runtime.Registry;
import dtc.testing.LogLines;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** The console in a browser, over real transactions, with resource managers that hang, fail and contradict. */
@QuarkusTest
class ConsoleTest {

    private static final String HOSTILE = "<script>document.title='owned'</script>";

    private static Browser browser;

    @Inject
    Registry registry;

    @Inject
    Pages pages;

    @BeforeAll
    static void openBrowser() {
        browser = Browser.open();
    }

    @AfterAll
    static void closeBrowser() {
        if (browser != null) {
            browser.close();
        }
    }

    /** Pages are updated at each poll, so that the tests do not wait for the interval of the updates. */
    @BeforeEach
    void updateAtEachPoll() {
        browser.beforePoll(() -> {
            pages.discardKept();
            browser.refresh();
        });
    }

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
        browser.screen(Screen.DESKTOP, false);
    }

    @AfterEach
    void nothingWasRefusedByTheBrowser() {
        browser.block();
        browser.assertNothingWrongInConsole();
        browser.get("about:blank");
    }

    @Test
    void what_requires_action_is_shown_first_and_updated() {
        try (ForeignResourceManager contrary =
                        new ForeignResourceManager().on("commit", ForeignResourceManager.problem(409));
                ForeignResourceManager silent = new ForeignResourceManager()) {
            silent.on("commit", silent.hang());
            open("/");
            String undelivered = begin("orders", silent.id());
            prepare(undelivered);
            String heuristic = begin("orders", contrary.id());
            prepare(heuristic);

            browser.awaitText("Heuristic outcome at " + contrary.id());
            browser.awaitText("1 outcome is undelivered.");
            browser.awaitText("it answered 409. The decision was to commit. Committed: orders.");
            assertTrue(browser.title().matches("\\(\\d+\\) Overview · DTC"), browser.title());
            // The announcement contains no times, since it is read at each change.
            browser.await(b -> assertTrue(announcement().matches("Live\\. Action required \\d+"), announcement()));
            // The charts have points after an interval was closed.
            browser.await(b -> assertTrue(b.count(".line") > 0));
            browser.await(b -> assertTrue(b.text("figure.chart:nth-of-type(2)").contains("ms")));
            look("overview");
            look("overview-dark", Screen.DESKTOP, true);
            look("overview-phone", Screen.PHONE, false);

            silent.renew(); // the pictures may take longer than its lease
            browser.clickLink(silent.id());
            browser.awaitText("Waiting transactions 1");
            browser.await(b -> assertTrue(b.text(".verdict").matches("(?s).*(not acknowledging|down|lapsed).*")));
            assertTrue(browser.text().contains(undelivered));
            look("resource-manager");

            open("/console/transactions/" + undelivered);
            browser.awaitText("Acknowledgement of the commit.");
            browser.awaitText("Commit sent to %s, attempt 3".formatted(silent.id()));
            browser.awaitText("without an answer");
            look("undelivered");
            look("undelivered-phone", Screen.PHONE, true);
            look("undelivered-dark", Screen.DESKTOP, true);

            silent.on("commit", ForeignResourceManager.json(503, "{\"detail\":\"no space left\"}"));
            browser.await(b -> assertTrue(
                    b.text("[aria-labelledby=participants]").contains("it answered 503: no space left"), b.text()));
            // An attempt may be in progress at this moment: then nothing is to be done, and the action says so.
            browser.await(b -> {
                act("Retry now", "it works again");
                b.awaitText("Actions of operators");
                assertTrue(b.text().contains("Retrying 1 of 1 delivery."), b.text());
            });
            silent.on("commit", status(204));
            browser.awaitText("committed after");
            get("/transactions/" + undelivered).then().body("state", equalTo("COMMITTED"));

            open("/console/transactions/" + heuristic);
            browser.awaitText("refused the commit");
            browser.awaitText("What to do");
            browser.awaitText("Check at %s whether the writes".formatted(contrary.id()));
            browser.awaitText("No change is needed at orders");
            act("Mark as resolved", "booked by hand " + HOSTILE);
            browser.awaitText("heuristic, resolved");
            assertTrue(browser.text().contains("booked by hand " + HOSTILE), browser.text());
            get("/transactions/" + heuristic).then().body("state", equalTo("HEURISTIC"));
            open("/");
            browser.await(b -> assertFalse(b.text().contains("Heuristic outcome at " + contrary.id())));
        }
    }

    @Test
    void a_delivery_that_is_given_up_becomes_heuristic_and_is_resolved() {
        try (ForeignResourceManager gone = new ForeignResourceManager()) {
            gone.on("commit", status(500));
            String id = begin("orders", gone.id());
            prepare(id);
            open("/console/resource-managers/" + gone.id());
            browser.awaitText("Waiting transactions 1");
            open("/console/transactions/" + id);
            browser.await(b -> b.clickLink("Give up " + gone.id() + "…"));
            browser.awaitText("Give up the delivery to " + gone.id() + "?");
            browser.awaitText("The delivery of transaction " + id + " to " + gone.id() + " stops.");
            browser.awaitText("The transaction becomes HEURISTIC");
            look("give-up");
            browser.type("#reason", "its disk is lost");
            browser.click(".confirm button");
            browser.awaitText("For %s.".formatted(gone.id()));
            browser.awaitText("What happened");
            browser.awaitText("(given up: its disk is lost). The decision was to commit.");
            browser.awaitText("Committed: orders.");
            browser.awaitText("discard the commit: DELETE /transactions/" + id);
            look("heuristic");
            assertEquals(1, browser.count(".audit > li"));
            get("/transactions/" + id).then().body("state", equalTo("HEURISTIC"));
            open("/console/resource-managers/" + gone.id());
            browser.awaitText("Waiting transactions 0");
            open("/");
            browser.awaitText("Heuristic outcome at " + gone.id());
            open("/console/transactions/" + id);
            act("Mark as resolved", "repaired");
            browser.awaitText("heuristic, resolved");
            assertFalse(browser.text().contains("What to do"));
        }
    }

    @Test
    void giving_up_a_resource_manager_names_the_transactions() {
        String rm;
        String id;
        try (ForeignResourceManager gone = new ForeignResourceManager()) {
            gone.on("commit", status(500));
            rm = gone.id();
            id = begin("orders", rm);
            prepare(id);
        }
        open("/console/resource-managers/" + rm);
        browser.await(b -> b.clickLink("Give up…"));
        browser.awaitText("Give up all undelivered outcomes for " + rm + "?");
        browser.awaitText("1 transaction waits for it: " + id);
        browser.type("#reason", "it was removed");
        browser.click(".confirm button");
        browser.awaitText("Given up: 1 transaction.");
        browser.awaitText("Waiting transactions 0");
        open("/console/transactions/" + id);
        act("Mark as resolved", "nothing to repair");
        browser.awaitText("heuristic, resolved");
    }

    @Test
    void a_vote_that_does_not_come_is_seen_in_the_timeline() {
        try (ForeignResourceManager hanging = new ForeignResourceManager()) {
            hanging.on("prepare", hanging.hang());
            String id = begin("orders", "payments", hanging.id());
            prepare(id);
            open("/console/transactions/" + id);
            browser.awaitText("rolled back after ");
            assertTrue(browser.text().contains("No vote from %s counts as ABORT".formatted(hanging.id())));
            assertTrue(browser.text().contains("orders voted COMMIT"));
            assertTrue(browser.text().contains("Decision: roll back"));
            assertTrue(browser.text().contains("curl -s %stransactions/%s/outcome".formatted(base(), id)));
            look("timeline");
            look("timeline-phone", Screen.PHONE, false);
            browser.clickLink(hanging.id());
            browser.awaitText("timeout");
            open("/"); // before it leaves
        }
    }

    @Test
    void rolling_back_an_active_transaction_needs_a_reason() {
        String id = begin("orders");
        open("/console/transactions/" + id);
        browser.awaitText("expires in");
        look("active");
        browser.clickLink("Roll back");
        browser.awaitText("If commit is decided first, nothing is rolled back.");
        look("confirm");
        look("confirm-phone", Screen.PHONE, true);
        browser.click(".confirm button");
        assertTrue(browser.url().endsWith("/rollback"), "the browser asks for the reason");
        browser.type("#reason", HOSTILE);
        Object prevented = browser.script("""
                        const form = document.querySelector('.confirm');
                        const isPrevented = () => !form.dispatchEvent(new Event('submit', { cancelable: true }));
                        const back = () => window.dispatchEvent(new Event('pageshow'));
                        const prevented = [isPrevented(), isPrevented(), back() && isPrevented()];
                        back();
                        return prevented;
                        """);
        assertEquals(List.of(false, true, false), prevented, "a second click sends nothing, until one comes back");
        browser.click(".confirm button");
        browser.awaitText("The transaction is rolled back.");
        assertTrue(browser.text().contains(HOSTILE));
        assertTrue(browser.title().startsWith("Transaction"), "the reason is text and no script");
        get("/transactions/" + id).then().body("state", equalTo("ROLLED_BACK")).body("reason", equalTo(HOSTILE));
        post("/transactions/" + id + "/commit").then().statusCode(409).body("detail", containsString(HOSTILE));

        open("/console/actions");
        browser.awaitText("Roll back");
        assertTrue(browser.text().contains(HOSTILE));
        assertTrue(browser.text().contains("anonymous"));
        look("actions");

        open("/console/transactions/" + id + "/rollback");
        browser.awaitText("Not possible");
        browser.assertAccessible();
        browser.assertNothingWrongInConsole("409");
    }

    @Test
    void transactions_are_found_by_their_properties() {
        for (int i = 0; i < TransactionList.PAGE_MAX + 1; i++) {
            given().contentType(ContentType.JSON).body("{\"autoCommit\":true}").post("/transactions");
        }
        try (ForeignResourceManager refusing = new ForeignResourceManager()) {
            refusing.on("prepare", ForeignResourceManager.json(200, "{\"vote\":\"ABORT\",\"reason\":\"no room\"}"));
            String aborted = begin("orders", refusing.id());
            prepare(aborted);

            open("/console/transactions");
            look("transactions");
            look("transactions-phone", Screen.PHONE, false);
            assertEquals(TransactionList.PAGE_MAX, browser.count("tbody tr"));
            browser.click("button[name=after]");
            browser.await(b -> assertTrue(b.url().contains("after=")));
            assertFalse(browser.text().contains(aborted));
            browser.click(".pages button:not([name])");
            browser.awaitText(aborted);

            browser.select("#state", "ROLLED_BACK");
            browser.select("#cause", "VOTE_ABORT");
            browser.type("#rm", refusing.id());
            browser.type("#id", aborted.substring(20));
            browser.click(".filter button");
            browser.await(b -> assertTrue(b.url().contains("state=ROLLED_BACK"), b.url()));
            browser.await(b -> assertEquals(1, b.count("tbody tr")));
            assertTrue(browser.text().contains("no room"));
            String link = browser.url();
            open("/");
            browser.get(link);
            browser.await(b -> assertEquals(1, b.count("tbody tr")));

            open("/console/transactions?age=1h&state=" + "%3Cscript%3E");
            browser.awaitText("Unknown state “<script>”. It is ignored.");
            browser.awaitText("No match.");
            look("none-found");
        }
    }

    @Test
    void a_resource_manager_that_lapsed_is_removed_and_no_name_is_more_than_text() {
        String hostile = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
        assertInstanceOf(
                Answer.Given.class, registry.register(hostile, "http://127.0.0.1:9/x", UUID.randomUUID(), Set.of()));
        open("/console/resource-managers");
        browser.awaitText(hostile);
        look("resource-managers");
        look("resource-managers-phone", Screen.PHONE, true);
        browser.clickLink(hostile);
        browser.awaitText("No vote has been requested yet.");
        browser.awaitText("lapsed");
        act("Remove", "it was never there");
        browser.awaitText("The resource manager is no longer registered.");
        assertFalse(browser.title().equals("owned"));
        assertEquals(null, registry.find(hostile));
        open("/console/resource-managers");
        browser.await(b -> assertFalse(b.text().contains(hostile)));
    }

    @Test
    void a_new_user_runs_a_transaction_and_makes_one_hang() {
        open("/console/try");
        browser.awaitText("Inject a fault");
        browser.type("#key-0", HOSTILE);
        browser.click("#trial button[type=submit]");
        browser.awaitText("The transaction is committed.");
        assertTrue(browser.text().contains("200 ·"));
        assertTrue(browser.text().contains("curl -s -X POST %stransactions".formatted(base())));
        assertTrue(browser.text().contains("\"key\":\"<script>document.title="));
        assertEquals("Try it · DTC", browser.title());
        look("try-it");
        look("try-it-phone", Screen.PHONE, true);

        browser.select("#fault-payments", "hang");
        browser.awaitText("Fault of payments: hangs at prepare.");
        browser.click("#trial button[type=submit]");
        browser.awaitText("The transaction is rolled back.");
        browser.awaitText("it did not answer in time");
        browser.select("#fault-payments", "");
        browser.awaitText("Fault of payments: no fault.");
        browser.type("#value-0", "not JSON");
        assertEquals(true, browser.script("return !document.getElementById('trial').checkValidity()"));
        browser.clickLink("Show the timeline");
        browser.awaitText("No vote from payments counts as ABORT");
    }

    @Test
    void the_state_of_an_open_transaction_is_shown() {
        try (ForeignResourceManager refusing = new ForeignResourceManager().on("writes", status(503))) {
            open("/console/try");
            browser.select("#end", "");
            browser.click("#trial button[type=submit]");
            browser.awaitText("The transaction is active.");
            browser.script("document.getElementById('rm-0').value = '%s'".formatted(refusing.id()));
            browser.click("#trial button[type=submit]");
            browser.awaitText("The transaction is marked rollback.");
            browser.assertNothingWrongInConsole("/writes");
        }
    }

    @Test
    void pages_can_be_paused() {
        open("/");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        browser.click("#pause");
        assertTrue(browser.text("#connection-text").startsWith("Paused at"));
        assertEquals("Resume", browser.text("#pause"));
        browser.click("#pause");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
    }

    @Test
    void the_keyboard_alone_is_enough() {
        String id = begin("orders");
        open("/console/transactions/" + id);
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        assertEquals("Skip to the content", browser.press(Keys.TAB));
        browser.press(Keys.ENTER);
        assertTrue(browser.url().endsWith("#main"));
        browser.tabTo("Roll back…");
        // The page is brought up to date under the focus, which stays.
        browser.script("document.getElementById('live').dataset.old = 'true'");
        browser.await(b -> assertEquals(0, b.count("#live[data-old]")));
        assertEquals("Roll back…", browser.focused());
        browser.press(Keys.ENTER);
        browser.awaitText("Consequences");
        browser.tabTo("reason");
        browser.press("by keyboard");
        assertEquals("Roll back", browser.press(Keys.TAB));
        browser.press(Keys.ENTER);
        browser.awaitText("by keyboard");
        get("/transactions/" + id).then().body("state", equalTo("ROLLED_BACK"));
    }

    @Test
    void reduced_motion_is_respected() {
        browser.lessMotion();
        open("/");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        assertEquals(
                "none",
                browser.script("return getComputedStyle(document.querySelector('.connection .dot')).animationName"));
    }

    @Test
    void a_page_that_cannot_be_updated_says_so_and_keeps_its_content() {
        String id = begin("orders");
        open("/console/transactions/" + id);
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));

        // As if it had been asked for of a coordinator that refuses it.
        askFor("/transactions?limit=none");
        browser.awaitText("This page cannot be updated: the coordinator responded 400.");
        assertEquals("Not live", browser.text("#connection-text"));
        browser.assertAccessible();
        askFor("/console/transactions/" + id);
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));

        // As if a proxy had led to the page where one signs in.
        askFor("/console/try");
        browser.awaitText("This page cannot be updated: the response is another page.");
        assertEquals("Not live", browser.text("#connection-text"));
        assertTrue(browser.text("#live").contains("Timeline"), browser.text());
        askFor("/console/transactions/" + id);
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));

        // As if the page where one signs in were another site's, whose answer no script may see.
        browser.block("*/console/transactions/" + id);
        browser.awaitText(
                "The coordinator does not respond. Check that it is running. If it is, reload the page: you may have to sign"
                        + " in again.");
        assertEquals("Connection lost", browser.text("#connection-text"));
        browser.block();
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        assertFalse(browser.text().contains("does not respond"));
        assertFalse(browser.text("#live").contains("as of"), browser.text());

        // As if a proxy, or a coordinator that starts, knew no such path.
        askFor("/console/nowhere");
        browser.awaitText("This page cannot be updated: the response is 404.");
        assertEquals("Not live", browser.text("#connection-text"));
        askFor("/console/transactions/" + id);
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));

        // As if the coordinator had forgotten it.
        askFor("/console/transactions/" + UUID.randomUUID());
        browser.awaitText("The transaction was removed.");
        assertEquals("Not live", browser.text("#connection-text"));
        assertTrue(browser.text("#live").contains("Timeline"), browser.text());

        // As if the coordinator had been restarted, and the resource manager were to register again.
        open("/console/resource-managers/orders");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        askFor("/console/resource-managers/nobody");
        browser.awaitText("the resource manager is not registered. Retrying.");
        assertEquals("Not live", browser.text("#connection-text"));
        askFor("/console/resource-managers/orders");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        browser.assertNothingWrongInConsole("400", "404", "ERR_BLOCKED", "htmx:");
        post("/transactions/" + id + "/rollback").then().statusCode(200);
    }

    @Test
    void a_page_without_its_scripts_is_not_called_live() {
        browser.block("*/htmx.min.js");
        open("/");
        browser.awaitText("A script did not load, so this page is not updated.");
        assertEquals("Not live", browser.text("#connection-text"));
        browser.assertAccessible();
        browser.block();
        open("/");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        browser.assertNothingWrongInConsole("ERR_BLOCKED");
    }

    @Test
    void a_status_on_a_page_without_a_coordinator_has_the_time_of_its_data() {
        open("/");
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        browser.block("*");
        browser.awaitText("The coordinator does not respond.");
        assertEquals(List.of(), browser.script("""
                        return [...document.querySelectorAll('#live .chip, #live h2 .count, #live .axis span:last-child')]
                          .map(status => status.textContent).filter(text => !/ ?as of [0-9:]{8} UTC$/.test(text))
                        """));
        browser.block();
        browser.await(b -> assertEquals("Live", b.text("#connection-text")));
        assertFalse(browser.text("#live").contains("as of"), browser.text());
        browser.assertNothingWrongInConsole("ERR_BLOCKED", "htmx:");
    }

    @Test
    void screen_reader_announcements_change_only_with_the_state_or_the_count() {
        open("/console/actions");
        browser.block("*/console/actions");
        browser.awaitText("The coordinator does not respond.");
        browser.await(b ->
                assertTrue(b.text("#banner").matches(".* Data as of [0-9:]+ UTC, \\d+ s ago\\."), b.text("#banner")));
        assertEquals("Connection lost", browser.text("#connection-text"));
        // The page checks the connection each second.
        browser.script("""
                window.announced = [];
                new MutationObserver(() => announced.push(document.getElementById('announcement').textContent))
                  .observe(document.getElementById('announcement'), { childList: true, characterData: true, subtree: true });
                window.seconds = 0;
                setInterval(() => seconds++, 1000);
                """);
        browser.await(b -> assertEquals(true, b.script("return seconds > 2")));
        assertEquals(
                0L, browser.script("return announced.length"), () -> "announced " + browser.script("return announced"));
        browser.block();
        browser.await(b -> assertTrue(announcement().startsWith("Live."), announcement()));
        browser.assertNothingWrongInConsole("ERR_BLOCKED", "htmx:");
    }

    @Test
    void times_are_readable_without_a_mouse_both_absolute_and_relative() {
        String id = begin("orders");
        String both = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} UTC .*(ago|just now)";
        for (Screen screen : Screen.values()) {
            browser.screen(screen, false);
            open("/console/transactions?id=" + id);
            browser.await(b -> assertTrue(b.text("tbody time").matches(both), b.text("tbody time")));
            open("/console/transactions/" + id);
            browser.await(b -> assertTrue(b.text(".facts time").matches(both), b.text(".facts time")));
            browser.await(b -> assertTrue(b.text(".timeline .at").matches("\\d{4}-.* UTC"), b.text(".timeline .at")));
            browser.assertAccessible();
        }
        open("/console/transactions/" + id + "/rollback");
        browser.type("#reason", "for its row in the list of actions");
        browser.click(".confirm button");
        open("/console/actions");
        browser.await(b -> assertTrue(b.text(".audit time").matches(both), b.text(".audit time")));
    }

    @Test
    void without_resource_managers_there_is_no_form() {
        Pages.Frame frame =
                new Pages.Frame("/", "console/try", "http://localhost", Instant.EPOCH, Instant.EPOCH, true, "curl -s");
        String none =
                Pages.Templates.tryIt(frame, List.of(), List.of(), true, true).render();
        assertTrue(none.contains("No resource manager is up."), none);
        assertFalse(none.contains("<form"), none);
        assertFalse(none.contains("try.js"), none);
        String one = Pages.Templates.tryIt(frame, List.of("orders"), List.of(), true, true)
                .render();
        assertTrue(one.contains("id=\"trial\""), one);
        assertFalse(one.contains("No resource manager is up"), one);
    }

    /**
     * Makes the page load its content from another path. Waits for a request in flight, which would undo that. Requests
     * none itself meanwhile: there would always be one in flight.
     */
    private static void askFor(String path) {
        Waiting.await().until(() -> Objects.equals(browser.script("""
                const live = document.getElementById('live');
                if (live.classList.contains('htmx-request')) {
                  return false;
                }
                live.setAttribute('hx-get', '%s');
                htmx.process(live);
                return true;
                """.formatted(path)), true));
    }

    private static String announcement() {
        return String.valueOf(browser.script("return document.getElementById('announcement').textContent"));
    }

    @Test
    void pages_are_complete_without_scripts_and_allow_no_foreign_ones() {
        String id = begin("orders");
        for (String path : List.of(
                "/",
                "/console/transactions",
                "/console/transactions/" + id,
                "/console/resource-managers",
                "/console/resource-managers/orders",
                "/console/actions",
                "/console/try",
                "/console/transactions/" + id + "/rollback")) {
            get(path)
                    .then()
                    .statusCode(200)
                    .contentType("text/html;charset=utf-8")
                    .header("Content-Security-Policy", containsString("script-src 'self'"))
                    .header("Content-Security-Policy", not(containsString("unsafe")))
                    .header("Cache-Control", equalTo("no-store"))
                    .body(containsString("<h1"))
                    .body(matchesPattern("(?s).*As of \\d{4}-[^<]+ UTC<.*"))
                    .body(not(containsString(" style=")))
                    .body(not(containsString(" onclick=")))
                    .body(containsString("<meta name=\"description\" content="))
                    .body(not(matchesPattern("(?s).*<input(?![^>]* type=).*")));
        }
        get("/console/transactions/" + id).then().body(containsString("A client began the transaction"));
        get("/").then().body(containsString("orders"));
        get("/console/transactions/" + UUID.randomUUID()).then().statusCode(404).contentType("text/html;charset=utf-8");
        get("/console/transactions/nonsense").then().statusCode(404).contentType("text/html;charset=utf-8");
        get("/console/resource-managers/nobody").then().statusCode(404).contentType("text/html;charset=utf-8");
        get("/console/nowhere").then().statusCode(404).contentType("application/problem+json");
        get("/console/transactions/" + id + "/explode").then().statusCode(409);
        get("/q/openapi").then().body(not(containsString("/console/")));
        post("/transactions/" + id + "/rollback").then().statusCode(200);
    }

    @Test
    void without_scripts_everything_is_readable_and_an_operator_can_act() {
        try (ForeignResourceManager refusing = new ForeignResourceManager()) {
            refusing.on(
                    "prepare",
                    ForeignResourceManager.json(200, "{\"vote\":\"ABORT\",\"reason\":\"%s\"}".formatted(HOSTILE)));
            String aborted = begin("orders", refusing.id());
            prepare(aborted);
            String active = begin("orders");
            browser.scripts(false);
            open("/");
            assertTrue(browser.text().contains("In flight"), browser.text());
            assertTrue(browser.text("#connection-text").startsWith("As of "), browser.text("#connection-text"));
            assertEquals(3, browser.count("figure.chart svg"));
            browser.clickLink("Transactions");
            browser.select("#state", "ROLLED_BACK");
            browser.type("#rm", refusing.id());
            browser.click(".filter button");
            browser.await(b -> assertEquals(1, b.count("tbody tr")));
            browser.clickLink(aborted);
            browser.awaitText("%s voted ABORT".formatted(refusing.id()));
            browser.awaitText(HOSTILE);
            browser.awaitText("curl -s %stransactions/%s/outcome".formatted(base(), aborted));
            browser.scripts(true); // those of the check, for this page is loaded
            browser.assertAccessible();
            browser.scripts(false);

            open("/console/transactions/" + active);
            act("Roll back", "by hand");
            browser.awaitText("The transaction is rolled back.");
            get("/transactions/" + active).then().body("reason", equalTo("by hand"));
            open("/console/actions");
            browser.awaitText("by hand");
            open("/console/try");
            browser.awaitText("JavaScript");
        } finally {
            browser.scripts(true);
        }
    }

    @Test
    void pages_fit_every_width() {
        int[] widths = {320, 340, 360, 390, 480, 600, 735, 740, 768, 850, 960, 1000, 1020, 1024, 1040, 1100, 1280};
        String name = "resource-manager-with-a-long-name-of-sixty-three-characters-abc";
        registry.register(name, "http://127.0.0.1:9/" + "path".repeat(20), UUID.randomUUID(), Set.of());
        String id = begin("orders", "payments");
        try {
            for (String path : List.of(
                    "/",
                    "/console/transactions",
                    "/console/transactions/" + id,
                    "/console/transactions/" + id + "/rollback",
                    "/console/resource-managers",
                    "/console/resource-managers/" + name,
                    "/console/actions",
                    "/console/try")) {
                open(path);
                for (int width : widths) {
                    browser.width(width).assertFits(width);
                }
            }
        } finally {
            registry.deregister(name, null);
            post("/transactions/" + id + "/rollback").then().statusCode(200);
        }
    }

    @Test
    void closing_a_page_logs_nothing() throws Exception {
        try (LogLines log = LogLines.ofApplication("")) {
            open("/");
            browser.await(b -> assertEquals("Live", b.text("#connection-text")));
            browser.get("about:blank");
            try (Socket socket = new Socket("localhost", RestAssured.port)) {
                socket.getOutputStream()
                        .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                socket.setSoLinger(true, 0); // closes with a reset
            }
            get("/").then().statusCode(200);
            assertEquals(
                    List.of(),
                    log.lines().stream()
                            .filter(line -> line.startsWith("ERROR") || line.contains("Exception"))
                            .toList());
        }
    }

    @Test
    void console_leads_to_the_overview_and_unknown_paths_to_an_error_page() {
        for (String path : List.of("/console", "/console/")) {
            given().redirects().follow(false).get(path).then().statusCode(302).header("Location", endsWith("/"));
            given().accept("text/html").get(path).then().statusCode(200).body(containsString("In flight"));
            given().redirects()
                    .follow(false)
                    .header("X-Forwarded-Prefix", "/dtc")
                    .get(path)
                    .then()
                    .header("Location", endsWith("/dtc/"));
        }
        for (String path : List.of("/console/nothing", "/console/a/b/c")) {
            given().accept("text/html,*/*;q=0.8")
                    .get(path)
                    .then()
                    .statusCode(404)
                    .contentType("text/html;charset=utf-8")
                    .body(containsString("<h1>404"));
        }
    }

    @Test
    void a_browser_shows_an_error_page_for_an_unknown_path() {
        open("/console/nothing");
        browser.awaitText("404 Not Found");
        browser.assertAccessible();
        browser.clickLink("Overview");
        browser.awaitText("In flight");
        browser.assertNothingWrongInConsole("404");
    }

    @Test
    void pages_work_behind_a_proxy_that_removes_a_prefix() throws IOException {
        String id = begin("orders");
        try (PrefixProxy proxy = new PrefixProxy("/apps/dtc", base())) {
            browser.get(proxy.url());
            browser.awaitText("In flight");
            browser.await(b -> assertEquals("Live", b.text("#connection-text")));
            browser.clickLink("Transactions");
            browser.clickLink(id);
            browser.await(b -> assertEquals("Live", b.text("#connection-text")));
            act("Roll back", "behind a proxy");
            browser.awaitText("The transaction is rolled back.");
            assertTrue(browser.url().startsWith(proxy.url()), browser.url());
            browser.get(proxy.url() + "console/nothing");
            browser.clickLink("Overview");
            browser.awaitText("In flight");
            browser.assertNothingWrongInConsole("404");
            browser.get("about:blank");
        }
    }

    @Test
    void a_page_with_many_viewers_is_rendered_once_per_interval() {
        String id = begin("orders");
        for (String path : List.of(
                "/", "/console/transactions", "/console/transactions/" + id, "/console/resource-managers/orders")) {
            // Each rendering says of which millisecond it is.
            Waiting.await().untilAsserted(() -> {
                List<String> seen = Stream.generate(() -> refreshed(path))
                        .limit(4)
                        .map(response ->
                                response.then().statusCode(200).extract().asString())
                        .toList();
                assertEquals(1, Set.copyOf(seen).size(), path); // unless there was an update in between
            });
        }
        // What was forgotten meanwhile is told to all as well.
        refreshed("/console/transactions/" + UUID.randomUUID())
                .then()
                .statusCode(404)
                .body(containsString("No such transaction"));
        refreshed("/console/resource-managers/nobody")
                .then()
                .statusCode(404)
                .body(containsString("No such resource manager"));
        post("/transactions/" + id + "/rollback").then().statusCode(200);
    }

    private static Response refreshed(String path) {
        return given().header("HX-Request", "true").get(path);
    }

    @Test
    void a_form_of_a_foreign_page_changes_nothing() {
        String id = begin("orders");
        String path = "/console/transactions/" + id + "/rollback";
        Map<String, String> form = Map.of("reason", "because");
        String own = RestAssured.baseURI + ":" + RestAssured.port;
        Stream<Response> refused = Stream.of(
                given().formParams(form).post(path),
                given().formParams(form).header("Origin", "http://evil.example").post(path),
                given().formParams(form)
                        .header("Sec-Fetch-Site", "cross-site")
                        .header("Origin", own)
                        .post(path),
                given().formParams(form).header("Sec-Fetch-Site", "none").post(path));
        refused.forEach(response -> response.then().statusCode(403));
        given().formParams(Map.of("reason", " "))
                .header("Origin", own)
                .post(path)
                .then()
                .statusCode(400)
                .body(containsString("A reason with 1 to 300 characters is required."));
        given().formParams(Map.of("reason", "x".repeat(301)))
                .header("Origin", own)
                .post(path)
                .then()
                .statusCode(400);
        get("/transactions/" + id).then().body("state", equalTo("ACTIVE"));
        try (LogLines audit = LogLines.ofApplication("dtc.audit")) {
            given().formParams(Map.of("reason", "because\nwho=\"root\""))
                    .header("Sec-Fetch-Site", "same-origin")
                    .redirects()
                    .follow(false)
                    .post(path)
                    .then()
                    .statusCode(303);
            assertEquals(
                    List.of(
                            "INFO who=\"anonymous\" action=ROLL_BACK subject=%s requested reason=\"because who='root'\""
                                    .formatted(id),
                            "INFO who=\"anonymous\" action=ROLL_BACK subject=%s done=true ".formatted(id)
                                    + "result=\"The transaction is rolled back.\" reason=\"because who='root'\""),
                    audit.lines());
            // Sent again, as by a second click, it does nothing more, and leads to what came of the first.
            given().formParams(form)
                    .header("Origin", own)
                    .redirects()
                    .follow(false)
                    .post(path)
                    .then()
                    .statusCode(303)
                    .header("Location", endsWith("/console/transactions/%s#audit".formatted(id)));
            given().formParams(form)
                    .header("Origin", own)
                    .post("/console/transactions/%s/rollback".formatted(UUID.randomUUID()))
                    .then()
                    .statusCode(409);
            assertEquals(2, audit.lines().size());
        }
        get("/transactions/" + id)
                .then()
                .body("state", equalTo("ROLLED_BACK"))
                .body("reason", equalTo("because who=\"root\""));
    }

    // Helpers

    private static URI base() {
        return URI.create(String.format(Locale.ROOT, "http://localhost:%d/", RestAssured.port));
    }

    private void open(String path) {
        browser.get(base().resolve(path).toString());
    }

    /** At each width, in the light or in the dark, with the picture of the desktop kept. */
    private void look(String name) {
        browser.screen(Screen.PHONE, true).assertAccessible();
        browser.screen(Screen.TABLET, true).assertAccessible();
        browser.screen(Screen.DESKTOP, false).assertAccessible();
        look(name, Screen.DESKTOP, false);
    }

    private void look(String name, Screen screen, boolean dark) {
        browser.screen(screen, dark).picture(name);
        browser.screen(Screen.DESKTOP, false);
    }

    private void act(String action, String reason) {
        browser.await(b -> b.clickLink(action + "…"));
        browser.await(b -> b.type("#reason", reason));
        browser.click(".confirm button");
    }

    private static String begin(String... resourceManagers) {
        String id = post("/transactions").jsonPath().getString("id");
        for (String resourceManager : resourceManagers) {
            given().contentType(ContentType.JSON)
                    .body(Map.of("resourceManager", resourceManager, "key", HOSTILE + UUID.randomUUID(), "value", 1))
                    .post("/transactions/" + id + "/writes")
                    .then()
                    .statusCode(204);
        }
        return id;
    }

    private static void prepare(String id) {
        post("/transactions/" + id + "/prepare").then().statusCode(200);
    }
}

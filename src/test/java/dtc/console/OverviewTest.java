package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.JsonText;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Reply;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import dtc.runtime.Answer;
import dtc.runtime.ClockJumps;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.ClientWrite;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.FakeCoordinator;
import dtc.runtime.coordinator.ResourceManagerHealth;
import dtc.runtime.coordinator.TransactionLimits;
import dtc.runtime.coordinator.UnregisteredResourceManagers;
import dtc.runtime.coordinator.WaitCondition;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the pages show of a coordinator: what requires action, since when, and the steps to take. */
@QuarkusTest // the templates are rendered
class OverviewTest {

    private static final int IN_FLIGHT_MAX = 100;
    private static final UUID INSTANCE = FakeCoordinator.INSTANCE;
    private static final Pattern ITEM = Pattern.compile("(?s)<li class=\"\\w+\"><a href=\"([^\"]*)\">(.*?)</a></li>");
    private static final Pattern TAG = Pattern.compile("(?s)<[^>]*>");

    private final FakeCoordinator fake = new FakeCoordinator();
    private final FakeTime time = fake.time;
    private final Registry registry = fake.registry;
    private final Map<String, Reply> replies = fake.replies;
    private final List<LogRecord> logged = fake.logged;
    private final ConsoleSettings settings = new ConsoleSettings(100, 1_000_000, Duration.ofMinutes(1));
    private final VoteStatistics votes = new VoteStatistics(registry);
    private final Timelines timelines = new Timelines(time, votes, settings);
    private final ResourceManagerHealth health = new ResourceManagerHealth(registry, time);
    private final UnregisteredResourceManagers unregistered = new UnregisteredResourceManagers(registry, time);
    private final Coordinator coordinator = fake.create(
            new TransactionLimits(IN_FLIGHT_MAX, Duration.ofHours(1), TransactionList.EXAMINED_MAX + 100),
            timelines,
            health,
            unregistered);
    private final ResourceManagers resourceManagers =
            new ResourceManagers(registry, health, unregistered, votes, timelines, settings, time);
    private final ClockJumps clockJumps = new ClockJumps(time);
    private final Overview overview = new Overview(
            coordinator, timelines, resourceManagers, unregistered, new Rates(time), clockJumps, settings, time);

    @BeforeEach
    void resourceManagersSupportOnePhase() {
        fake.features = Set.of(Registration.ONE_PHASE);
    }

    /** An entry of the list of what requires action. */
    private record Item(String link, String text) {}

    private String overviewPage() {
        return overviewPage(overview);
    }

    private String overviewPage(Overview shown) {
        return Pages.Templates.overview(frame(), shown.model()).render();
    }

    private List<Item> actionItems() {
        return actionItems(overview);
    }

    private List<Item> actionItems(Overview shown) {
        String page = overviewPage(shown);
        String list = page.substring(page.indexOf("actions-required"), page.indexOf("id=\"coordinator\""));
        return ITEM.matcher(list)
                .results()
                .map(item -> new Item(item.group(1), text(item.group(2))))
                .toList();
    }

    private List<String> items() {
        return items(overview);
    }

    private List<String> items(Overview shown) {
        return actionItems(shown).stream()
                .map(item -> item.text().replaceFirst(" (Last error|\\d{4}-).*", ""))
                .toList();
    }

    /** The text that is seen. */
    private static String text(String html) {
        return TAG.matcher(html).replaceAll("").replaceAll("\\s+", " ").strip();
    }

    private String transactionPage(TransactionId id) {
        return Pages.Templates.transaction(frame(), view(id)).render();
    }

    /** The entries of the list of steps. */
    private List<String> steps(TransactionId id) {
        return steps(transactionPage(id));
    }

    private List<String> resourceManagerSteps(String id) {
        return steps(Pages.Templates.resourceManager(frame(), resourceManagers.model(id, new Audit(time)))
                .render());
    }

    private static List<String> steps(String page) {
        int start = page.indexOf("id=\"steps\"");
        if (start < 0) {
            return List.of();
        }
        String list = page.substring(start, page.indexOf("</ol>", start));
        return Stream.of(list.split("<li>", -1))
                .skip(1)
                .map(step -> text(step.replaceFirst("(?s)</li>.*", "")))
                .toList();
    }

    private Pages.Frame frame() {
        return new Pages.Frame("/", ".", "http://localhost", time.now(), time.now(), true, "curl -s");
    }

    @Test
    void a_decision_that_the_log_does_not_make_durable_requires_action() {
        fake.diskAnswers = false;
        Transaction t = begin("a", "b");
        time.advance(Duration.ofMinutes(10)); // no action is required while it is active
        assertEquals(List.of(), items());
        var _ = coordinator.prepare(t.id(), WaitCondition.ENDED);
        time.advance(Duration.ofSeconds(59));
        assertEquals(List.of(), items());
        time.advance(Duration.ofSeconds(2));
        Item item = actionItems().getFirst();
        assertTrue(item.text().startsWith("1 decision waits for the decision log"), item.text());
        assertEquals("console/transactions?state=RECORDING", item.link());
        assertEquals(List.of(t.id().toString()), found("RECORDING", "", false));
        assertEquals(List.of(), found("IN_DOUBT", "", false));
        assertTrue(item.text().endsWith(" 1 min 1 s ago"), item.text());
        assertEquals(Duration.ofSeconds(61), coordinator.oldestInDoubt());
    }

    @Test
    void a_limit_that_refuses_requests_requires_action_until_it_refuses_none() {
        for (int i = 0; i < IN_FLIGHT_MAX; i++) {
            begin();
        }
        assertEquals(List.of(), items());
        assertInstanceOf(
                Answer.Refused.class,
                coordinator
                        .begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED)
                        .toCompletableFuture()
                        .join());
        Item item = actionItems().getFirst();
        assertTrue(
                item.text()
                        .startsWith("New transactions are refused The limit of 100 transactions in flight is reached"
                                + " (dtc.limits.transactions-in-flight-max). The response is 503. Most transactions in"
                                + " flight are active: their clients have not ended them."),
                item.text());
        assertEquals("console/transactions?state=ACTIVE", item.link());
        assertTrue(overviewPage().contains("<span class=\"chip bad\">at a limit</span>"));
        time.advance(Duration.ofSeconds(61));
        assertEquals(List.of(), items());
    }

    @Test
    void a_limit_of_one_caller_names_the_caller_and_says_that_others_are_not_affected() {
        Overview limited = limited(new TransactionLimits(100, 1, 1, Duration.ofHours(1), 100, Long.MAX_VALUE));
        for (String caller : List.of("alice <b>", "alice <b>")) {
            var _ = limited.coordinator().begin(new Origin(caller, null), null, List.of(), false, WaitCondition.ENDED);
        }
        for (int i = 0; i < 2; i++) {
            var _ = limited.coordinator().begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED);
        }
        String reached = " are refused The limit of 1 transactions in flight of one caller is reached"
                + " (dtc.limits.transactions-in-flight-per-caller-max). The response is 503. Other callers are not"
                + " affected. Most transactions in flight are active: their clients have not ended them.";
        assertEquals(
                List.of(
                        "New transactions of alice &lt;b&gt;" + reached,
                        "New transactions of callers without a name" + reached),
                items(limited));
    }

    @Test
    void a_limit_of_participants_names_what_they_wait_for() {
        Overview limited = limited(new TransactionLimits(100, 100, 2, Duration.ofHours(1), 100, Long.MAX_VALUE));
        replies.put("a", new Reply.Acknowledged());
        Transaction t = fake.begin(limited.coordinator(), "a", "b");
        var _ = limited.coordinator().commit(t.id(), WaitCondition.DECIDED);
        var _ = limited.coordinator().begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED);
        assertEquals(
                List.of("New transactions and participants are refused The limit of 2 participants in flight is reached"
                        + " (dtc.limits.participants-in-flight-max). The response is 503. Most transactions in flight are"
                        + " committing: resource managers have not acknowledged the outcome."),
                items(limited));
    }

    private Overview limited(TransactionLimits limits) {
        Coordinator created = fake.create(limits, timelines, health, unregistered);
        return new Overview(
                created, timelines, resourceManagers, unregistered, new Rates(time), clockJumps, settings, time);
    }

    @Test
    void the_free_space_of_the_decision_log_and_the_time_to_deliver_commits_are_shown() {
        String page = text(overviewPage());
        assertTrue(page.contains("decision log: 30 GiB of 100 GiB are free"), page);
        assertTrue(page.contains("Time to deliver a commit"), page);
    }

    @Test
    void a_jump_of_the_clock_is_shown_for_an_hour_and_requires_no_action() {
        clockJumps.start();
        assertFalse(overviewPage().contains("clock"));
        time.jump(Duration.ofHours(-2));
        time.advance(Duration.ofMinutes(3));
        String page = text(overviewPage());
        assertTrue(
                page.contains(
                        "The clock of the coordinator was set back by 2 h (2 min 59 s ago). Times from before a jump"
                                + " cannot be compared with times from after it. Transaction ids contain the time and are"
                                + " always increasing: after the clock was set back, they stay ahead of it until it has"
                                + " caught up. No decision depends on the clock."),
                page);
        time.jump(Duration.ofHours(3));
        time.advance(Duration.ofMinutes(1));
        page = text(overviewPage());
        assertTrue(
                page.contains(
                        "was set back by 2 h (3 min 59 s ago), and then jumped forward, or its machine was suspended,"
                                + " by 3 h (59 s ago). In total: 1 h forward. Times"),
                page);
        assertTrue(page.contains("No action required"), page);
        time.advance(Duration.ofHours(1));
        assertFalse(overviewPage().contains("clock"));
    }

    @Test
    void a_missing_resource_manager_requires_action_while_it_is_needed_or_refused() {
        Transaction t = begin();
        var _ = coordinator.write(t.id(), new ClientWrite("absent", "k", new JsonText("1")));
        assertEquals(
                List.of(
                        "absent is not registered Transactions that write to it roll back. Start it, or correct the id that"
                                + " the clients use."),
                items());
        unregistered.refused("absent", "the caller billing does not own this id");
        assertEquals(
                List.of("absent is not registered Its registration is refused: the caller billing does not own this id."
                        + " Transactions that write to it roll back."),
                items());
        begin("a");
        assertTrue(text(overviewPage()).contains("Resource managers 1 of 2 up"), text(overviewPage()));
        assertEquals("absent", overview.model().resourceManagers().getFirst().id());
        assertEquals(
                List.of(
                        "Its registration is refused. Correct its token, its id or its URL. The registration is retried."),
                resourceManagerSteps("absent"));
        time.advance(Duration.ofMinutes(2));
        assertEquals(List.of(), items());
    }

    @Test
    void a_transaction_delegated_to_an_unresponsive_participant_is_in_doubt_since_then() {
        Transaction t = begin("a");
        time.advance(Duration.ofMinutes(10));
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(List.of(), items());
        time.advance(Duration.ofSeconds(61));
        Item item = actionItems().getFirst();
        assertTrue(item.text().startsWith("a does not acknowledge outcomes"), item.text());
        assertEquals(List.of(t.id().toString()), found("IN_DOUBT", "", false));
        assertEquals(List.of(), found("RECORDING", "", false));
        assertTrue(item.text().endsWith(" 1 min 1 s ago"), item.text());
        assertEquals(Duration.ofSeconds(61), coordinator.oldestInDoubt());
    }

    @Test
    void a_heuristic_outcome_shows_who_diverged_and_what_the_others_did() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.Acknowledged());
        Transaction t = begin("a", "b", "c");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(
                List.of("Heuristic outcome at b it answered 409. The decision was to commit. Committed: a, c."),
                items());
    }

    @Test
    void unknown_outcomes_of_other_participants_are_not_claimed() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.NoAnswer("it did not answer in time"));
        Transaction t = begin("b", "c");
        var _ = coordinator.rollback(t.id());
        assertEquals(
                List.of("Heuristic outcome at b it answered 409. The decision was to roll back."
                        + " Rollback not acknowledged: c."),
                items().stream().filter(item -> !item.startsWith("c ")).toList());
    }

    @Test
    void no_decision_is_claimed_for_a_single_participant() {
        replies.put("a", new Reply.Conflict("it answered 409"));
        Transaction t = begin("a");
        var _ = coordinator.rollback(t.id());
        assertEquals(List.of("Heuristic outcome at a it answered 409."), items());
    }

    @Test
    void a_diverged_outcome_requires_action_before_the_transaction_ends() {
        replies.put("b", new Reply.NotFound("it lost its memory"));
        Transaction t = begin("a", "b");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(
                List.of(
                        "Outcome diverged at b it lost its memory. The decision was to commit. Commit not acknowledged: a."),
                items());
        for (int i = 0; i < 5; i++) {
            var _ = coordinator.commit(begin("a", "b").id(), WaitCondition.ENDED);
        }
        Item group = actionItems().getLast();
        assertTrue(group.text().startsWith("6 outcomes diverged at b Cause: lost."), group.text());
        assertEquals("console/transactions?state=DIVERGED&amp;rm=b&amp;cause=LOST", group.link());
        assertEquals(6, found("DIVERGED", "b", false).size());
        assertEquals(List.of(), found("DIVERGED", "c", false));
    }

    @Test
    void heuristic_outcomes_are_grouped_and_all_are_counted() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.NotFound("it answered 404"));
        for (int i = 0; i < 30; i++) {
            var _ = coordinator.commit(begin("a", i < 28 ? "b" : "c").id(), WaitCondition.ENDED);
        }
        assertTrue(overviewPage().contains("heuristic <strong>0/s</strong>"));
        List<Item> items = actionItems();
        assertEquals(2, items.size());
        assertTrue(
                items.getFirst().text().startsWith("28 heuristic outcomes at b Cause: contradicted."), items::toString);
        assertTrue(items.getLast().text().startsWith("2 heuristic outcomes at c Cause: lost."), items::toString);
        assertEquals(2, overview.model().actionsRequired());
        assertEquals(
                "console/transactions?state=UNRESOLVED&amp;rm=b&amp;cause=CONTRADICTED",
                items.getFirst().link());
        assertEquals(28, found("UNRESOLVED", "b", false).size());
    }

    @Test
    void a_transaction_in_which_two_diverged_counts_at_both_and_not_at_the_others() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.Conflict("it answered 409"));
        Transaction t = fake.begin(coordinator, "a", "b", "c");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(2, overview.model().groups().size());
        assertEquals(List.of(t.id().toString()), found("UNRESOLVED", "b", false));
        assertEquals(List.of(t.id().toString()), found("UNRESOLVED", "c", false));
        assertEquals(List.of(), found("UNRESOLVED", "a", false));
    }

    @Test
    void one_failure_requires_action_until_the_next_success() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Acknowledged());
        fake.votes.put("b", new Reply.NoAnswer("it did not answer in time"));
        var _ = coordinator.commit(begin("a", "b").id(), WaitCondition.ENDED);
        assertEquals(
                List.of("b is failing http://localhost:1/b: the last vote request failed: it did not answer in time."),
                items());
        assertEquals(new Chip("failing", Tone.WARN), resourceManagers.get("b").chip());
        fake.votes.clear();
        var _ = coordinator.commit(begin("a", "b").id(), WaitCondition.ENDED);
        assertEquals(List.of(), items());
    }

    @Test
    void a_resource_manager_that_is_down_is_shown_first() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        Transaction heuristic = begin("b");
        var _ = coordinator.rollback(heuristic.id());
        begin("c");
        votes(false, "a");
        assertEquals(
                List.of(
                        "a is down http://localhost:1/a: the last 3 vote requests failed: it did not answer in time;"
                                + " transactions that write to it roll back.",
                        "Heuristic outcome at b it answered 409."),
                items());
        assertEquals("a", overview.model().resourceManagers().getFirst().id());
        assertEquals(new Chip("down", Tone.BAD), resourceManagers.get("a").chip());
        assertEquals(new Chip("live", Tone.GOOD), resourceManagers.get("c").chip());
        votes(true, "a");
        assertEquals(List.of("Heuristic outcome at b it answered 409."), items());

        time.advance(Duration.ofDays(2));
        assertEquals(new Chip("lapsed", Tone.BAD), resourceManagers.get("c").chip());
        assertEquals(
                4, items().stream().filter(item -> item.contains(" is down ")).count());
    }

    /** Three transactions to which the resource manager votes, or does not answer. */
    private void votes(boolean answers, String resourceManager) {
        for (int i = 0; i < 3; i++) {
            fake.votes.put(
                    resourceManager,
                    answers ? new Reply.Voted(Ballot.COMMIT) : new Reply.NoAnswer("it did not answer in time"));
            replies.put(resourceManager, new Reply.Acknowledged());
            replies.put("other", new Reply.Acknowledged());
            var _ = coordinator.commit(begin(resourceManager, "other").id(), WaitCondition.ENDED);
        }
    }

    @Test
    void a_resource_manager_that_is_down_shows_what_to_do() {
        begin("a");
        assertEquals(List.of(), resourceManagerSteps("a"));
        votes(false, "a");
        String hangs = "a does not answer in time. Take a thread dump of its process, and check its CPU, heap, garbage"
                + " collection and storage. If it hangs, restart it.";
        assertEquals(List.of(hangs), resourceManagerSteps("a"));
        assertTrue(
                actionItems()
                        .getFirst()
                        .text()
                        .contains(" Last error at %s UTC: it did not answer in time. %s "
                                .formatted(Format.clock(time.now()), hangs)),
                actionItems()::toString);
        votes(true, "a");
        replies.remove("a");
        var _ = coordinator.commit(begin("a", "b").id(), WaitCondition.ENDED);
        time.advance(Duration.ofSeconds(61));
        assertEquals(
                "1 transaction waits for a. Outcomes are sent until it acknowledges them. The pauses between retries grow"
                        + " to 10 s. “Retry now” retries at once.",
                resourceManagerSteps("a").getLast());
        time.advance(Duration.ofDays(2));
        assertEquals(
                List.of(
                        "Start a if it is not running. If it is running, its log contains the reason why it does not renew"
                                + " its lease.",
                        "2 transactions wait for a. When it has registered, these transactions end.",
                        "If it was removed on purpose, choose “Remove”: this deletes the registration only, and undelivered"
                                + " outcomes are kept.",
                        "If its data is lost, or it will never be started again, choose “Give up”: this stops the"
                                + " deliveries, and its transactions become heuristic outcomes that you must repair."),
                resourceManagerSteps("a"));
        registry.deregister("a", INSTANCE);
        assertTrue(resourceManagerSteps("a").getFirst().contains("why it does not register."));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            its certificate has expired|Renew the certificate of a.
            its certificate is not trusted, or is for another host|Check the certificate of a,
            it could not be reached|a cannot be reached at http://localhost:1/a. Start it if it is not running.
            the connection was lost|a cannot be reached at http://localhost:1/a. Start it if it is not running.
            it did not answer in time|a does not answer in time. Take a thread dump
            it answered 500|a answers with an error. Its log contains the cause.
            """)
    void the_first_step_fits_the_last_error(String error, String step) {
        replies.put("b", new Reply.Acknowledged());
        replies.put("a", new Reply.Acknowledged());
        fake.votes.put("a", new Reply.NoAnswer(error));
        for (int i = 0; i < 3; i++) {
            var _ = coordinator.commit(begin("a", "b").id(), WaitCondition.ENDED);
        }
        assertTrue(resourceManagerSteps("a").getFirst().startsWith(step), resourceManagerSteps("a")::toString);
        time.advance(Duration.ofDays(2));
        assertTrue(resourceManagerSteps("a").getFirst().startsWith(step), resourceManagerSteps("a")::toString);
        assertEquals(new Chip("lapsed", Tone.BAD), resourceManagers.get("a").chip());
    }

    @Test
    void a_resource_manager_that_does_not_acknowledge_is_not_shown_as_healthy() {
        replies.put("b", new Reply.Acknowledged());
        replies.put("a", new Reply.ProtocolError("it answered 500: no space left"));
        Transaction t = begin("a", "b");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(new Chip("failing", Tone.WARN), resourceManagers.get("a").chip());
        replies.remove("a"); // the retry hangs
        time.advance(Duration.ofSeconds(61));
        assertEquals(
                new Chip("not acknowledging", Tone.WARN),
                resourceManagers.get("a").chip());
        assertEquals(
                List.of("a does not acknowledge outcomes http://localhost:1/a: the last delivery of an outcome failed:"
                        + " it answered 500: no space left. 1 outcome is undelivered."),
                items());
        assertEquals(
                "it answered 500: no space left",
                view(t.id()).t().participants().getFirst().reason());
        assertTrue(transactionPage(t.id()).contains("Last error: it answered 500: no space left"));
    }

    @Test
    void recovered_outcomes_are_overdue_only_if_they_are_not_delivered_again() {
        for (int i = 0; i < 9; i++) {
            TransactionId id = new TransactionId(new UUID(0x7000, 0x8000000000000000L + i));
            logged.add(new LogRecord(id, RecordCodec.encode(committing(id, "a"), 0), LogRecord.Kind.OPEN));
        }
        time.advance(Duration.ofHours(3));
        assertEquals(9, coordinator.recover());
        assertEquals(List.of(), items());
        time.advance(Duration.ofSeconds(61));
        assertEquals(
                List.of(
                        "a is not registered 9 outcomes are undelivered."
                                + " 9 are from before the restart of the coordinator and may already have been delivered. Start a"
                                + " if it is not running. If it is running, its log contains the reason why it does not register."),
                items());
        replies.put("a", new Reply.Acknowledged());
        registry.register("a", "http://localhost:1/a", INSTANCE, Set.of());
        assertEquals(List.of(), items());
        assertEquals(0, resourceManagers.get("a").waiting().total());
    }

    @Test
    void the_steps_of_a_heuristic_outcome_name_the_participants_and_the_decision() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.NotFound("it answered 404"));
        Transaction lost = begin("a", "b");
        var _ = coordinator.commit(lost.id(), WaitCondition.ENDED);
        assertEquals(
                List.of(
                        "Check at b whether the writes of this transaction were applied. The decision was to commit. If they are missing, write them again in a new transaction."
                                + " DTC does not keep the values: only the client knows them.",
                        "Look for the cause in the log of b.",
                        "No change is needed at a: the decision was carried out there.",
                        "Choose “Mark as resolved”, and note what you did."),
                steps(lost.id()));
        assertTrue(transactionPage(lost.id()).contains("<dt>Decision</dt><dd>commit</dd>"));
        assertTrue(transactionPage(lost.id()).contains("<dt>Outcome</dt><dd>heuristic, cause: lost</dd>"));
        registry.deregister("b", INSTANCE);
        registry.register("b", "http://localhost:2/b", new UUID(7, 7), Set.of());
        assertEquals(
                "b has since registered as another instance, at http://localhost:2/b. It was restarted: look for the cause in"
                        + " the log of the process before the restart.",
                steps(lost.id()).get(1));
        registry.deregister("b", new UUID(7, 7));
        assertInstanceOf(
                Answer.Given.class,
                coordinator
                        .resolve(lost.id(), new Resolution("carol", time.now(), "repaired"))
                        .toCompletableFuture()
                        .join());
        assertEquals(List.of(), steps(lost.id()));
        replies.put("b", new Reply.Conflict("it answered 409"));
        Transaction rolledBack = begin("a", "b");
        var _ = coordinator.rollback(rolledBack.id());
        assertTrue(
                steps(rolledBack.id()).getFirst().contains("The decision was to roll back."),
                () -> steps(rolledBack.id()).toString());
    }

    @Test
    void a_missing_vote_is_not_shown_as_a_vote() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Acknowledged());
        fake.votes.put("b", new Reply.NoAnswer("it did not answer in time"));
        Transaction t = begin("a", "b");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertTrue(transactionPage(t.id()).contains("<td data-label=\"Vote\">none (timeout)</td>"));
    }

    @Test
    void delegated_transactions_are_listed_with_their_resource_manager_and_can_be_resolved_while_it_is_registered() {
        Transaction t = begin("a");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        ResourceManagers.Row row = resourceManagers.get("a");
        assertEquals(0, row.waiting().undelivered());
        assertEquals(1, row.waiting().delegated());
        assertEquals(List.of(Action.RETRY), row.actions());
        assertEquals(
                List.of(t.id()),
                resourceManagers.waitingFor("a", 10).stream()
                        .map(Transaction::id)
                        .toList());
        registry.deregister("a", INSTANCE);
        assertEquals(List.of(Action.GIVE_UP), resourceManagers.get("a").actions());
    }

    @Test
    void the_age_of_a_condition_counts_from_when_it_began() {
        fake.diskAnswers = false;
        Transaction t = begin("a", "b");
        time.advance(Duration.ofMinutes(10));
        var _ = coordinator.prepare(t.id(), WaitCondition.ENDED);
        time.advance(Duration.ofSeconds(61));
        assertTrue(transactionPage(t.id()).contains("for 1 min 1 s"));
    }

    @Test
    void the_number_of_writes_before_a_restart_is_unknown() {
        TransactionId id = new TransactionId(new UUID(0x7000, 0x8000000000000000L));
        logged.add(new LogRecord(id, RecordCodec.encode(committing(id, "a"), 0), LogRecord.Kind.OPEN));
        assertEquals(1, coordinator.recover());
        String writes = "<td data-label=\"Writes\" class=\"figure\">";
        assertTrue(transactionPage(id).contains(writes + "<span class=\"dim\">unknown</span>"));
        assertTrue(transactionPage(begin("a").id()).contains(writes + "1</td>"));
    }

    @Test
    void many_rollbacks_do_not_evict_the_timeline_of_a_heuristic_outcome() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        Transaction atOnce = begin("b");
        var _ = coordinator.rollback(atOnce.id());
        replies.put("c", new Reply.NoAnswer("it did not answer in time"));
        Transaction later = begin("c");
        var _ = coordinator.rollback(later.id());
        Transaction first = begin();
        var _ = coordinator.rollback(first.id());
        replies.put("c", new Reply.Conflict("it answered 409"));
        var _ = coordinator.retryNow(later.id());
        assertEquals(2, coordinator.unresolved(10).size());
        for (int i = 0; i < settings.timelinesMax(); i++) {
            var _ = coordinator.rollback(begin().id());
        }
        assertEquals(
                List.of(true, true, false),
                Stream.of(atOnce, later, first)
                        .map(t -> timelines.find(t.id()) != null)
                        .toList());
    }

    @Test
    void unresolved_transactions_are_found_however_many_ended_later() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.Acknowledged());
        Transaction heuristic = begin("b", "c");
        var _ = coordinator.commit(heuristic.id(), WaitCondition.ENDED);
        Transaction active = begin("b");
        for (int i = 0; i < TransactionList.PAGE_MAX + 1; i++) {
            begin("d");
        }
        for (int i = 0; i < TransactionList.EXAMINED_MAX; i++) {
            var _ = coordinator.commit(begin().id(), WaitCondition.ENDED);
        }
        assertEquals(List.of(active.id().toString()), found("ACTIVE", "b", false));
        assertEquals(List.of(heuristic.id().toString()), found("UNRESOLVED", "", false));
        assertEquals(List.of(active.id().toString(), heuristic.id().toString()), found("", "b", true));
        assertEquals(List.of(heuristic.id().toString()), found("HEURISTIC", "", true));
        assertEquals(
                List.of(false, true),
                Stream.of("b", "d").map(name -> list("", name).cut()).toList());
        assertEquals(TransactionList.PAGE_MAX, list("", "d").rows().size());

        assertInstanceOf(
                Answer.Given.class,
                coordinator
                        .resolve(heuristic.id(), new Resolution("carol", time.now(), "seen"))
                        .toCompletableFuture()
                        .join());
        assertEquals(List.of(), found("UNRESOLVED", "", false));
    }

    private List<String> found(String state, String resourceManager, boolean partly) {
        TransactionList.Model model = list(state, resourceManager);
        assertEquals(partly, model.partly());
        assertEquals(partly, model.next() != null);
        return model.rows().stream().map(t -> t.id().toString()).toList();
    }

    private TransactionList.Model list(String state, String resourceManager) {
        return new TransactionList(coordinator, timelines)
                .model(new TransactionList.Query(state, resourceManager, "", "", "", ""), time.now());
    }

    @Test
    void unresolved_transactions_are_listed_in_pages() {
        for (int i = 0; i < TransactionList.PAGE_MAX + 1; i++) {
            begin();
        }
        TransactionList list = new TransactionList(coordinator, timelines);
        TransactionList.Model first = list.model(new TransactionList.Query("ACTIVE", "", "", "", "", ""), time.now());
        assertEquals(TransactionList.PAGE_MAX, first.rows().size());
        String last = first.rows().getLast().id().toString();
        assertEquals(first.rows().getLast().id(), first.next());
        TransactionList.Model second =
                list.model(new TransactionList.Query("ACTIVE", "", "", "", "", last), time.now());
        assertEquals(1, second.rows().size());
        assertNull(second.next());
    }

    @Test
    void a_commit_in_one_phase_counts_as_a_vote_and_votes_of_one_that_left_are_kept() {
        replies.put("a", new Reply.Acknowledged());
        Transaction t = begin("a");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        registry.deregister("a", INSTANCE);
        assertEquals(1, resourceManagers.get("a").votes().of("COMMIT"));
        assertTrue(resourceManagers.get("a").isKnown(), "its page goes on");
    }

    @Test
    void vote_durations_count_only_votes_that_arrived() {
        Ballot silent = Ballot.abortFor(VoteCause.TIMEOUT, "no answer");
        votes.counted("a", silent, Duration.ofSeconds(1));
        assertNull(votes.of("a").median());
        votes.counted("a", Ballot.COMMIT, Duration.ofMillis(3));
        votes.counted("a", silent, Duration.ofSeconds(1));
        assertEquals(Duration.ofMillis(3), votes.of("a").slowest());
        assertEquals(1, votes.of("a").latest());
        assertEquals(2, votes.of("a").of("TIMEOUT"));
    }

    @Test
    void the_number_of_resource_managers_with_vote_counts_is_limited() {
        for (int i = 0; i <= VoteStatistics.RESOURCE_MANAGERS_MAX; i++) {
            votes.counted("rm-" + i, Ballot.COMMIT, Duration.ZERO);
        }
        String beyond = "rm-" + VoteStatistics.RESOURCE_MANAGERS_MAX;
        assertEquals(VoteStatistics.Counts.NONE, votes.of(beyond));
        registry.register("rm-0", "http://localhost:1/rm-0", INSTANCE, Set.of());
        registry.register("rm-1", "http://localhost:1/rm-1", INSTANCE, Set.of());
        registry.deregister("rm-1", INSTANCE);
        registry.register("another", "http://localhost:1/another", INSTANCE, Set.of());
        votes.counted(beyond, Ballot.COMMIT, Duration.ZERO);
        assertEquals(
                List.of(1L, 0L, 1L),
                Stream.of("rm-0", "rm-1", beyond)
                        .map(id -> votes.of(id).of("COMMIT"))
                        .toList());
    }

    private TransactionView.Model view(TransactionId id) {
        TransactionView view = new TransactionView(coordinator, timelines, registry, new Audit(time), time);
        return Objects.requireNonNull(view.model(id));
    }

    private TransactionRecord committing(TransactionId id, String resourceManager) {
        return new TransactionRecord(
                id,
                State.COMMITTING,
                Outcome.COMMIT,
                Origin.ANONYMOUS,
                time.now(),
                time.now(),
                time.now(),
                null,
                Cause.VOTED,
                null,
                List.of(new TransactionRecord.ParticipantRecord(
                        resourceManager, INSTANCE, State.COMMITTING, Vote.COMMIT, null, null)),
                null);
    }

    private Transaction begin(String... names) {
        return fake.begin(coordinator, names);
    }
}

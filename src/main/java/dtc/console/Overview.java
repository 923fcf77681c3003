package dtc.console;

import dtc.console.TransactionList.Choice;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The first page: what requires action, the resource managers, transactions in flight, and the last minutes. */
@Singleton
class Overview {

    /** Resource managers with an item of their own, for each kind of item. The others share one. */
    private static final int ITEMS_MAX = 20;

    private static final int RESOURCE_MANAGERS_MAX = 20;

    private final Coordinator coordinator;
    private final Timelines timelines;
    private final ResourceManagers resourceManagers;
    private final Rates rates;
    private final ConsoleSettings settings;
    private final Time time;

    /**
     * Something that requires action by an operator.
     *
     * @param count the number of problems; 1, unless the item stands for several resource managers
     */
    public record ActionItem(
            Tone tone,
            String title,
            String detail,
            String link,
            @Nullable Timestamp since,
            int count) {}

    /** A transaction that has not ended. */
    private record Open(Transaction transaction, Instant inStateSince) {}

    /** Transactions in one state. */
    public record InFlight(String state, String link, long number, Tone tone) {

        public String count() {
            return Format.count(number);
        }
    }

    /**
     * The page.
     *
     * @param resourceManagers the first of {@code resourceManagersTotal}
     */
    public record Model(
            List<ActionItem> actionItems,
            List<InFlight> inFlight,
            long inFlightTotal,
            Chart outcomes,
            Chart latency,
            List<ResourceManagers.Row> resourceManagers,
            int resourceManagersTotal,
            long live) {

        /** The number of problems that require action. */
        public int actionsRequired() {
            return actionItems.stream().mapToInt(ActionItem::count).sum();
        }
    }

    Overview(
            Coordinator coordinator,
            Timelines timelines,
            ResourceManagers resourceManagers,
            Rates rates,
            ConsoleSettings settings,
            Time time) {
        this.coordinator = coordinator;
        this.timelines = timelines;
        this.resourceManagers = resourceManagers;
        this.rates = rates;
        this.settings = settings;
        this.time = time;
    }

    Model model() {
        Instant now = time.now();
        List<Open> open = timelines.open().stream()
                .map(timeline -> new Open(timeline.transaction(), timeline.inStateSince(now, time.nanos())))
                .toList();
        List<ResourceManagers.Row> rows = resourceManagers.all();
        List<InFlight> inFlight = inFlight(open);
        List<Rates.Point> points = rates.points();
        return new Model(
                actionItems(open, rows, now),
                inFlight,
                inFlight.stream().mapToLong(InFlight::number).sum(),
                outcomes(points),
                latency(points),
                rows.stream().limit(RESOURCE_MANAGERS_MAX).toList(),
                rows.size(),
                rows.stream().filter(ResourceManagers.Row::isUp).count());
    }

    private static List<InFlight> inFlight(List<Open> open) {
        Map<State, Long> counts = new EnumMap<>(State.class);
        for (TransactionState state : TransactionState.values()) {
            if (!state.isFinal()) {
                counts.put(state.externalState(), 0L);
            }
        }
        for (Open one : open) {
            TransactionState state = one.transaction().state();
            if (!state.isFinal()) {
                counts.merge(state.externalState(), 1L, Long::sum);
            }
        }
        return counts.entrySet().stream()
                .map(e -> new InFlight(
                        Format.constant(e.getKey().name()),
                        Links.transactions(e.getKey()),
                        e.getValue(),
                        Tone.of(e.getKey())))
                .toList();
    }

    // What requires action, in the order of urgency

    private List<ActionItem> actionItems(List<Open> open, List<ResourceManagers.Row> rows, Instant now) {
        List<ActionItem> all = new ArrayList<>();
        logItems(open, now, all);
        List<ResourceManagers.Row> failing =
                rows.stream().filter(ResourceManagers.Row::needsAction).toList();
        failing.stream().limit(ITEMS_MAX).map(Overview::item).forEach(all::add);
        if (failing.size() > ITEMS_MAX) {
            int more = failing.size() - ITEMS_MAX;
            all.add(new ActionItem(
                    Tone.BAD,
                    Format.count(more, "more resource manager", "more resource managers"),
                    "They are down, or do not acknowledge outcomes.",
                    "console/resource-managers",
                    null,
                    more));
        }
        divergedItems(
                coordinator.unresolved(Integer.MAX_VALUE),
                Choice.UNRESOLVED,
                "Heuristic outcome at %s",
                "%s heuristic outcomes at %s",
                now,
                all);
        divergedItems(
                open.stream()
                        .map(Open::transaction)
                        .filter(Choice.DIVERGED::holds)
                        .sorted(Comparator.comparing(Transaction::id))
                        .toList(),
                Choice.DIVERGED,
                "Outcome diverged at %s",
                "%s outcomes diverged at %s",
                now,
                all);
        return List.copyOf(all);
    }

    private void logItems(List<Open> open, Instant now, List<ActionItem> all) {
        String refusalReason = coordinator.refusalReason();
        if (refusalReason != null) {
            all.add(new ActionItem(
                    Tone.BAD, "The decision log refuses decisions", refusalReason, "console/transactions", null, 1));
        }
        List<Instant> recording = open.stream()
                .filter(one -> Choice.RECORDING.holds(one.transaction()))
                .map(Open::inStateSince)
                .filter(since -> settings.isOverdue(since, now))
                .sorted()
                .toList();
        if (!recording.isEmpty()) {
            all.add(new ActionItem(
                    Tone.BAD,
                    "%s for the decision log"
                            .formatted(Format.count(recording.size(), "decision waits", "decisions wait")),
                    "The log has not confirmed that they are durable. Check its disk.",
                    Links.transactions(Choice.RECORDING, ""),
                    Timestamp.of(recording.getFirst(), now),
                    1));
        }
    }

    private static ActionItem item(ResourceManagers.Row row) {
        List<String> detail = new ArrayList<>();
        if (row.down() != null) {
            detail.add("%s: %s.".formatted(row.url(), row.down()));
        }
        if (row.undelivered() > 0) {
            detail.add(Format.count(row.undelivered(), "outcome is undelivered.", "outcomes are undelivered."));
        }
        if (row.recovered() > 0) {
            detail.add("%s from before the restart of the coordinator and may already have been delivered."
                    .formatted(Format.count(row.recovered(), "is", "are")));
        }
        if (row.delegated() > 0) {
            detail.add("%s in doubt: only this resource manager knows the outcome."
                    .formatted(Format.count(row.delegated(), "transaction is", "transactions are")));
        }
        if (row.waiting() > 0 && row.lastError() != null) {
            detail.add("Last error: %s.".formatted(row.lastError()));
        }
        String title = row.down() != null
                ? "%s is down"
                : row.registered() ? "%s does not acknowledge outcomes" : "%s is not registered";
        return new ActionItem(
                row.chip().tone(),
                title.formatted(row.id()),
                String.join(" ", detail),
                row.link(),
                row.overdue() ? row.oldest() : null,
                1);
    }

    /** One item for each resource manager whose participants diverged, with the oldest transaction as an example. */
    private static void divergedItems(
            List<Transaction> oldestFirst, Choice choice, String one, String many, Instant now, List<ActionItem> all) {
        Map<String, List<Transaction>> byResourceManager = oldestFirst.stream()
                .collect(Collectors.groupingBy(
                        t -> diverged(t).getFirst().resourceManager(), LinkedHashMap::new, Collectors.toList()));
        byResourceManager.entrySet().stream().limit(ITEMS_MAX).forEach(group -> {
            String name = group.getKey();
            List<Transaction> items = group.getValue();
            Transaction oldest = items.getFirst();
            boolean single = items.size() == 1;
            all.add(new ActionItem(
                    Tone.BAD,
                    single ? one.formatted(name) : many.formatted(Format.count(items.size()), name),
                    (single ? "" : "The oldest: ") + divergence(oldest),
                    single ? Links.transaction(oldest.id()) : Links.transactions(choice, name),
                    Timestamp.of(oldest.finishedAt() == null ? oldest.startedAt() : oldest.finishedAt(), now),
                    1));
        });
        int more = byResourceManager.size() - ITEMS_MAX;
        if (more > 0) {
            all.add(new ActionItem(
                    Tone.BAD,
                    "Diverged outcomes at %s"
                            .formatted(Format.count(more, "more resource manager", "more resource managers")),
                    "Repair the data of each, and mark the transactions as resolved.",
                    Links.transactions(choice, ""),
                    null,
                    more));
        }
    }

    private static List<Participant> diverged(Transaction t) {
        return t.participants().stream().filter(TransactionList::diverged).toList();
    }

    /** Describes which participants did not carry out the decision, and the known results of the others. */
    private static String divergence(Transaction t) {
        if (t.participants().size() == 1) {
            return t.reason() + "."; // a single participant decides, so there is no other decision
        }
        boolean commit = t.decision() == Outcome.COMMIT;
        State expected = commit ? State.COMMITTED : State.ROLLED_BACK;
        List<Participant> diverged = diverged(t);
        List<Participant> others = t.participants().stream()
                .filter(p -> !TransactionList.diverged(p))
                .toList();
        List<Participant> missing =
                others.stream().filter(p -> p.state() != expected).toList();
        String more = diverged.size() == 1
                ? ""
                : "; %s diverged too".formatted(Format.count(diverged.size() - 1, "other", "others"));
        String text = "%s: %s%s. The decision was to %s."
                .formatted(
                        diverged.getFirst().resourceManager(),
                        diverged.getFirst().reason(),
                        more,
                        commit ? "commit" : "roll back");
        if (missing.isEmpty()) {
            return others.isEmpty()
                    ? text
                    : "%s %s: %s.".formatted(text, commit ? "Committed" : "Rolled back", names(others));
        }
        return t.state().isFinal() ? text : "%s Not acknowledged yet: %s.".formatted(text, names(missing));
    }

    private static String names(List<Participant> participants) {
        String first = participants.getFirst().resourceManager();
        return participants.size() == 1
                ? first
                : "%s and %s".formatted(first, Format.count(participants.size() - 1, "other", "others"));
    }

    // The last minutes

    private static Chart outcomes(List<Rates.Point> points) {
        double seconds = LiveUpdates.INTERVAL.toMillis() / 1000.0;
        return Chart.linear(
                "Outcomes per second",
                points,
                List.of(
                        new Chart.Series("committed", "good", p -> p.committed() / seconds),
                        new Chart.Series("rolled back", "back", p -> p.rolledBack() / seconds),
                        new Chart.Series(
                                "heuristic", "bad", p -> p.heuristic() == 0 ? Double.NaN : p.heuristic() / seconds)),
                v -> Format.rate(v) + "/s");
    }

    private static Chart latency(List<Rates.Point> points) {
        return Chart.logarithmic(
                "Time to prepare",
                points,
                List.of(
                        new Chart.Series("median (p50)", "busy", p -> millis(p.prepareMedian())),
                        new Chart.Series("99th percentile (p99)", "warn", p -> millis(p.prepareP99()))),
                v -> Format.duration(Duration.ofNanos(Math.round(v * 1e6))));
    }

    private static double millis(@Nullable Duration duration) {
        return duration == null ? Double.NaN : Math.max(0.01, duration.toNanos() / 1e6);
    }
}

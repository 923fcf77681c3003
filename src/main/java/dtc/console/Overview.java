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
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What stands at the top: what needs a person, what is under way, and how the last minutes went. */
@Singleton
class Overview {

    /** Items of one kind that are listed; the rest is counted. */
    private static final int LISTED_MAX = 5;

    private static final int RESOURCE_MANAGERS_MAX = 20;

    /** More heuristic outcomes than that are as many. */
    private static final int UNRESOLVED_MAX = 1000;

    private final Coordinator coordinator;
    private final Timelines timelines;
    private final ResourceManagers resourceManagers;
    private final Rates rates;
    private final ConsoleSettings settings;
    private final Time time;

    /** Something that a person should look at. */
    public record Attention(
            Tone tone,
            String title,
            String detail,
            String link,
            @Nullable When since) {}

    /** One that has not ended. */
    private record Open(Transaction transaction, Instant inStateSince) {}

    /** Transactions in one state. */
    public record InFlight(String state, String link, long number, Tone tone) {

        public String count() {
            return Texts.count(number);
        }
    }

    /**
     * The page.
     *
     * @param resourceManagers those that matter most, of {@code resourceManagersTotal}
     */
    public record Model(
            List<Attention> attention,
            List<InFlight> inFlight,
            long inFlightTotal,
            Chart outcomes,
            Chart latency,
            List<ResourceManagers.Row> resourceManagers,
            int resourceManagersTotal,
            long live) {}

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
                attention(open, rows, now),
                inFlight,
                inFlight.stream().mapToLong(InFlight::number).sum(),
                outcomes(points),
                latency(points),
                rows.stream().limit(RESOURCE_MANAGERS_MAX).toList(),
                rows.size(),
                rows.stream().filter(ResourceManagers.Row::live).count());
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
                        Chip.words(e.getKey().name()),
                        Links.transactions(e.getKey()),
                        e.getValue(),
                        Tone.of(e.getKey())))
                .toList();
    }

    // What needs a person

    private List<Attention> attention(List<Open> open, List<ResourceManagers.Row> rows, Instant now) {
        List<Attention> all = new ArrayList<>();
        String refusalReason = coordinator.refusalReason();
        if (refusalReason != null) {
            all.add(new Attention(
                    Tone.BAD, "The decision log takes no decisions", refusalReason, "console/transactions", null));
        }
        List<Open> deciding =
                oldestFirst(open, one -> Choice.RECORDING.holds(one.transaction()) && isLong(one.inStateSince(), now));
        if (!deciding.isEmpty()) {
            all.add(new Attention(
                    Tone.BAD,
                    "%s for the decision log"
                            .formatted(Texts.count(deciding.size(), "decision waits", "decisions wait")),
                    "It has not said that they are durable. See whether its disk answers.",
                    Links.transactions(Choice.RECORDING),
                    When.of(deciding.getFirst().inStateSince(), now)));
        }
        List<Transaction> heuristic = coordinator.unresolved(UNRESOLVED_MAX);
        all.addAll(listed(
                heuristic,
                t -> new Attention(
                        Tone.BAD,
                        "Heuristic outcome",
                        differing(t),
                        Links.transaction(t.id()),
                        When.ofNullable(t.finishedAt(), now)),
                more -> new Attention(
                        Tone.BAD,
                        "%s%s more heuristic outcomes"
                                .formatted(heuristic.size() < UNRESOLVED_MAX ? "" : "At least ", Texts.count(more)),
                        "Each needs somebody to look at it.",
                        Links.transactions(Choice.UNRESOLVED),
                        null)));
        all.addAll(listed(
                oldestFirst(open, one -> Choice.DIFFERING.holds(one.transaction())),
                one -> new Attention(
                        Tone.BAD,
                        "Differs already",
                        differing(one.transaction()),
                        Links.transaction(one.transaction().id()),
                        When.of(one.inStateSince(), now)),
                more -> new Attention(
                        Tone.BAD,
                        "%s more differ already".formatted(Texts.count(more)),
                        "Each will end as a heuristic outcome.",
                        Links.transactions(Choice.DIFFERING),
                        null)));
        all.addAll(listed(
                rows.stream()
                        .filter(row -> row.oldest() != null && isLong(row.oldest(), now))
                        .toList(),
                row -> new Attention(
                        row.live() ? Tone.WARN : Tone.BAD,
                        "%s for %s".formatted(Texts.count(row.waiting(), "decision waits", "decisions wait"), row.id()),
                        row.live()
                                ? "It is registered, and does not acknowledge what it is told."
                                : "It is %s. It will be told once it is back."
                                        .formatted(row.chip().text()),
                        row.link(),
                        row.waitingSince()),
                more -> new Attention(
                        Tone.WARN,
                        "Decisions wait for %s"
                                .formatted(Texts.count(more, "more resource manager", "more resource managers")),
                        "They do not acknowledge, or are not there to be told.",
                        "console/resource-managers",
                        null)));
        all.addAll(listed(
                oldestFirst(open, one -> Choice.IN_DOUBT.holds(one.transaction()) && isLong(one.inStateSince(), now)),
                one -> new Attention(
                        Tone.WARN,
                        "In doubt",
                        "Only %s knows the outcome, and it does not answer."
                                .formatted(one.transaction()
                                        .participants()
                                        .getFirst()
                                        .resourceManager()),
                        Links.transaction(one.transaction().id()),
                        When.of(one.inStateSince(), now)),
                more -> new Attention(
                        Tone.WARN,
                        "%s more in doubt".formatted(Texts.count(more)),
                        "Their only participants do not answer.",
                        Links.transactions(Choice.IN_DOUBT),
                        null)));
        return List.copyOf(all);
    }

    private static List<Open> oldestFirst(List<Open> open, Predicate<Open> which) {
        return open.stream()
                .filter(which)
                .sorted(Comparator.comparing(Open::inStateSince))
                .toList();
    }

    /** An item for each of the first, and one that counts the rest. */
    private static <T> List<Attention> listed(List<T> them, Function<T, Attention> each, LongFunction<Attention> more) {
        Stream<Attention> first = them.stream().limit(LISTED_MAX).map(each);
        return (them.size() > LISTED_MAX
                        ? Stream.concat(first, Stream.of(more.apply(them.size() - LISTED_MAX)))
                        : first)
                .toList();
    }

    private boolean isLong(Instant since, Instant now) {
        return Duration.between(since, now).compareTo(settings.actionRequiredAfter()) > 0;
    }

    /** Who did not do what was decided, and what the others did, as far as that is known. */
    private static String differing(Transaction t) {
        if (t.participants().size() == 1) {
            return t.reason() + "."; // where it was to decide, the decision is no more than what was presumed
        }
        boolean commit = t.decision() == Outcome.COMMIT;
        State done = commit ? State.COMMITTED : State.ROLLED_BACK;
        List<Participant> differing =
                t.participants().stream().filter(TransactionList::differs).toList();
        List<Participant> others = t.participants().stream()
                .filter(p -> !TransactionList.differs(p))
                .toList();
        List<Participant> missing =
                others.stream().filter(p -> p.state() != done).toList();
        String decided = "%s: %s%s. The decision was to %s"
                .formatted(
                        differing.getFirst().resourceManager(),
                        differing.getFirst().reason(),
                        differing.size() == 1
                                ? ""
                                : "; %s"
                                        .formatted(Texts.count(
                                                differing.size() - 1, "other differs too", "others differ too")),
                        commit ? "commit" : "roll back");
        if (missing.isEmpty()) {
            return others.isEmpty() ? decided + "." : "%s, and %s did.".formatted(decided, names(others));
        }
        return t.state().isFinal()
                ? decided + "."
                : "%s; %s not acknowledged yet."
                        .formatted(decided, names(missing) + (missing.size() == 1 ? " has" : " have"));
    }

    private static String names(List<Participant> participants) {
        String first = participants.getFirst().resourceManager();
        return participants.size() == 1
                ? first
                : "%s and %s".formatted(first, Texts.count(participants.size() - 1, "other", "others"));
    }

    // How the last minutes went

    private static Chart outcomes(List<Rates.Point> points) {
        double seconds = Pulse.INTERVAL.toMillis() / 1000.0;
        return Chart.linear(
                "Outcomes a second",
                points,
                List.of(
                        new Chart.Series("committed", "good", p -> p.committed() / seconds),
                        new Chart.Series("rolled back", "back", p -> p.rolledBack() / seconds),
                        new Chart.Series(
                                "heuristic", "bad", p -> p.heuristic() == 0 ? Double.NaN : p.heuristic() / seconds)),
                v -> Texts.rate(v) + "/s");
    }

    private static Chart latency(List<Rates.Point> points) {
        return Chart.logarithmic(
                "Time to prepare",
                points,
                List.of(
                        new Chart.Series("median (p50)", "busy", p -> millis(p.prepareMedian())),
                        new Chart.Series("99th percentile (p99)", "warn", p -> millis(p.prepareP99()))),
                v -> Texts.duration(Duration.ofNanos(Math.round(v * 1e6))));
    }

    private static double millis(@Nullable Duration duration) {
        return duration == null ? Double.NaN : Math.max(0.01, duration.toNanos() / 1e6);
    }
}

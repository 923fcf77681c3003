package dtc.console;

import dtc.console.Rates.Percentiles;
import dtc.console.TransactionList.Choice;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Cause;
import dtc.protocol.State;
import dtc.runtime.ClockJumps;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.InFlight;
import dtc.runtime.coordinator.UnregisteredResourceManagers;
import dtc.runtime.coordinator.UnregisteredResourceManagers.Unregistered;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The first page: what requires action, the coordinator, the resource managers, and the last minutes. */
@Singleton
record Overview(
        Coordinator coordinator,
        Timelines timelines,
        ResourceManagers resourceManagers,
        UnregisteredResourceManagers unregistered,
        Rates rates,
        ClockJumps clockJumps,
        ConsoleSettings settings,
        Time time) {

    private static final int RESOURCE_MANAGERS_MAX = 20;

    /** The transactions in which a resource manager diverged, with the same cause. */
    public record Group(
            Choice choice, String resourceManager, @Nullable Cause cause) {}

    /**
     * The page.
     *
     * @param recording since when overdue decisions have waited for the decision log, oldest first
     * @param limits the limits at which requests are refused
     * @param clockJumps the jumps of the wall clock in the last hour, oldest first
     * @param resourceManagers the first of {@code resourceManagersTotal}
     */
    public record Model(
            Coordinator coordinator,
            @Nullable String refusalReason,
            List<Instant> recording,
            List<InFlight.Report> limits,
            List<ClockJumps.Jump> clockJumps,
            List<ResourceManagers.Row> failing,
            List<Unregistered> unregistered,
            Map<Group, List<Transaction>> groups,
            Map<State, Long> inFlight,
            List<Chart> charts,
            List<ResourceManagers.Row> resourceManagers,
            int resourceManagersTotal,
            long up) {

        /** The number of problems that require action. */
        public int actionsRequired() {
            return (refusalReason == null ? 0 : 1)
                    + (recording.isEmpty() ? 0 : 1)
                    + limits.size()
                    + failing.size()
                    + unregistered.size()
                    + groups.size();
        }

        /** How far the jumps moved the clock together. */
        public Duration clockNet() {
            return clockJumps.stream().map(ClockJumps.Jump::amount).reduce(Duration.ZERO, Duration::plus);
        }

        public long inFlightTotal() {
            return inFlight.values().stream().mapToLong(Long::longValue).sum();
        }

        /** The state of most transactions in flight. */
        public State busiest() {
            return Collections.max(inFlight.entrySet(), Map.Entry.comparingByValue())
                    .getKey();
        }
    }

    Model model() {
        List<Transaction> open =
                timelines.open().stream().map(Timeline::transaction).toList();
        List<ResourceManagers.Row> rows = resourceManagers.all();
        List<Transaction> diverged = open.stream()
                .filter(Choice.DIVERGED::holds)
                .sorted(Comparator.comparing(Transaction::id))
                .toList();
        Map<Group, List<Transaction>> groups = new LinkedHashMap<>();
        addGroups(groups, Choice.UNRESOLVED, coordinator.unresolved(Integer.MAX_VALUE));
        addGroups(groups, Choice.DIVERGED, diverged);
        List<Rates.Point> points = rates.points();
        return new Model(
                coordinator,
                coordinator.refusalReason(),
                recording(),
                coordinator.inFlight().reports(),
                clockJumps.recent(),
                rows.stream().filter(ResourceManagers.Row::needsAction).toList(),
                unregistered.all(),
                groups,
                inFlight(open),
                List.of(
                        outcomes(points),
                        latency("Time to prepare", points, Rates.Point::prepare),
                        latency("Time to deliver a commit", points, Rates.Point::delivery)),
                rows.stream().limit(RESOURCE_MANAGERS_MAX).toList(),
                rows.size(),
                rows.stream().filter(ResourceManagers.Row::isUp).count());
    }

    private List<Instant> recording() {
        Instant now = time.now();
        return timelines.open().stream()
                .filter(timeline -> Choice.RECORDING.holds(timeline.transaction()))
                .map(timeline -> timeline.inStateSince(now, time.nanos()))
                .filter(since -> settings.isOverdue(since, now))
                .sorted()
                .toList();
    }

    /** A transaction in which several resource managers diverged is in the group of each. */
    private static void addGroups(Map<Group, List<Transaction>> groups, Choice choice, List<Transaction> oldestFirst) {
        for (Transaction t : oldestFirst) {
            t.participants().stream()
                    .filter(Format::diverged)
                    .map(p -> new Group(choice, p.resourceManager(), t.cause()))
                    .forEach(group -> groups.computeIfAbsent(group, _ -> new ArrayList<>())
                            .add(t));
        }
    }

    private static Map<State, Long> inFlight(List<Transaction> open) {
        Map<State, Long> counts = new EnumMap<>(State.class);
        for (TransactionState state : TransactionState.values()) {
            if (!state.isFinal()) {
                counts.put(state.externalState(), 0L);
            }
        }
        open.forEach(t -> counts.computeIfPresent(t.state().externalState(), (_, count) -> count + 1));
        return counts;
    }

    private static Chart outcomes(List<Rates.Point> points) {
        double seconds = Pages.INTERVAL.toMillis() / 1000.0;
        List<Chart.Series> series = List.of(
                new Chart.Series("committed", "good", p -> p.committed() / seconds),
                new Chart.Series("rolled back", "back", p -> p.rolledBack() / seconds),
                new Chart.Series("heuristic", "bad", p -> p.heuristic() == 0 ? Double.NaN : p.heuristic() / seconds));
        return Chart.of("Outcomes per second", points, series, v -> Format.rate(v) + "/s", false);
    }

    private static Chart latency(
            String title, List<Rates.Point> points, Function<Rates.Point, @Nullable Percentiles> percentiles) {
        List<Chart.Series> series = List.of(
                new Chart.Series("median (p50)", "busy", p -> millis(percentiles.apply(p), Percentiles::median)),
                new Chart.Series("99th percentile (p99)", "warn", p -> millis(percentiles.apply(p), Percentiles::p99)));
        DoubleFunction<String> unit = millis -> Format.duration(Duration.ofNanos(Math.round(millis * 1e6)));
        return Chart.of(title, points, series, unit, true);
    }

    private static double millis(@Nullable Percentiles percentiles, Function<Percentiles, Duration> one) {
        return percentiles == null
                ? Double.NaN
                : Math.max(0.01, one.apply(percentiles).toNanos() / 1e6);
    }
}

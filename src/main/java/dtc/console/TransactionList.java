package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Cause;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.SearchResult;
import jakarta.inject.Singleton;
import jakarta.ws.rs.DefaultValue;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

/** Lists transactions, filtered, newest first, in pages. */
@Singleton
record TransactionList(Coordinator coordinator, Timelines timelines) {

    static final int PAGE_MAX = 50;

    /** Limit of transactions that are examined for one page, which limits the cost of a filter with few matches. */
    static final int EXAMINED_MAX = 20_000;

    /** Filters in addition to the states: conditions that require action. */
    public enum Choice {
        RECORDING,
        IN_DOUBT,
        DIVERGED,
        UNRESOLVED;

        boolean holds(Transaction t) {
            return switch (this) {
                case RECORDING -> t.state() == TransactionState.DECIDING || t.state() == TransactionState.DELEGATING;
                case IN_DOUBT -> t.state().isDelegated();
                case DIVERGED ->
                    !t.state().isFinal() && t.participants().stream().anyMatch(Format::diverged);
                case UNRESOLVED -> t.isUnresolved();
            };
        }

        /** Whether only the resource managers that diverged are relevant. */
        private boolean isOfDiverged() {
            return this == DIVERGED || this == UNRESOLVED;
        }
    }

    /** The parameters of the request. An empty text does not filter. */
    public record Query(
            @RestQuery @DefaultValue("") String state,
            @RestQuery @DefaultValue("") String rm,
            @RestQuery @DefaultValue("") String cause,
            @RestQuery @DefaultValue("") String age,
            @RestQuery @DefaultValue("") String id,
            @RestQuery @DefaultValue("") String after) {

        public boolean isFiltered() {
            return !(state + rm + cause + age + id).isEmpty();
        }
    }

    /**
     * The page.
     *
     * @param partly whether older ended transactions were not examined
     * @param cut whether there are more open or unresolved transactions than are shown
     * @param next where the next page starts, exclusive; null if this is the last page
     */
    public record Model(
            List<Transaction> rows,
            Query query,
            List<String> notices,
            boolean partly,
            boolean cut,
            @Nullable TransactionId next) {

        public List<State> states() {
            return Stream.of(State.values())
                    .filter(state -> state != State.PREPARED)
                    .toList();
        }

        public List<Cause> causes() {
            return List.of(Cause.values());
        }

        public int examinedMax() {
            return EXAMINED_MAX;
        }
    }

    Model model(Query query, Instant now) {
        List<String> notices = new ArrayList<>();
        Predicate<Transaction> wanted = wanted(query, now, notices);
        TransactionId after = known(
                "transaction id",
                query.after(),
                text -> TransactionId.parse(text).orElse(null),
                notices);
        // Open and unresolved transactions are all examined, since operators search for them most often.
        if (isUnsettled(query.state())) {
            List<Transaction> all = unsettled(wanted, after);
            List<Transaction> page = all.stream().limit(PAGE_MAX).toList();
            TransactionId next = all.size() > PAGE_MAX ? page.getLast().id() : null;
            return new Model(page, query, notices, false, false, next);
        }
        SearchResult newest = coordinator.search(wanted, after, PAGE_MAX, EXAMINED_MAX);
        if (newest.next() == null || newest.items().size() == PAGE_MAX) {
            return new Model(newest.items(), query, notices, false, false, newest.next());
        }
        List<Transaction> all = Stream.concat(newest.items().stream(), unsettled(wanted, newest.next()).stream())
                .toList();
        List<Transaction> page = all.stream().limit(PAGE_MAX).toList();
        return new Model(page, query, notices, true, all.size() > PAGE_MAX, newest.next());
    }

    /** Returns open transactions and unresolved heuristic outcomes: a page, and one more if there are more. */
    private List<Transaction> unsettled(Predicate<Transaction> wanted, @Nullable TransactionId after) {
        NavigableMap<TransactionId, Transaction> newestFirst = new TreeMap<>(Comparator.reverseOrder());
        Stream.concat(
                        timelines.open().stream().map(Timeline::transaction),
                        coordinator.unresolved(Integer.MAX_VALUE).stream())
                .filter(t -> (after == null || t.id().isOlderThan(after)) && wanted.test(t))
                .forEach(t -> {
                    newestFirst.put(t.id(), t);
                    if (newestFirst.size() > PAGE_MAX + 1) {
                        newestFirst.pollLastEntry();
                    }
                });
        return List.copyOf(newestFirst.values());
    }

    /** Whether all transactions with this filter are open or unresolved. */
    private static boolean isUnsettled(String state) {
        return constant(Choice.values(), state) != null
                || Stream.of(TransactionState.values())
                        .anyMatch(one ->
                                !one.isFinal() && one.externalState().name().equals(state));
    }

    private static Predicate<Transaction> wanted(Query query, Instant now, List<String> notices) {
        Choice choice = constant(Choice.values(), query.state());
        String stateName = choice == null ? query.state() : "";
        State state = known("state", stateName, text -> constant(State.values(), text), notices);
        Cause cause = known("cause", query.cause(), text -> constant(Cause.values(), text), notices);
        Duration age = known("age", query.age(), TransactionList::age, notices);
        Predicate<Transaction> wanted = t -> (choice == null || choice.holds(t))
                && (state == null || t.state().externalState() == state)
                && (cause == null || t.cause() == cause)
                && (age == null || t.startedAt().isBefore(now.minus(age)));
        if (!query.rm().isEmpty()) {
            boolean onlyDiverged = choice != null && choice.isOfDiverged();
            wanted = wanted.and(t -> isOf(query.rm().strip(), t, onlyDiverged));
        }
        if (!query.id().isEmpty()) {
            String part = query.id().strip().toLowerCase(Locale.ROOT);
            wanted = wanted.and(t -> t.id().toString().contains(part));
        }
        return wanted;
    }

    private static boolean isOf(String resourceManager, Transaction t, boolean onlyDiverged) {
        Participant participant = t.participant(resourceManager);
        return participant != null && (!onlyDiverged || Format.diverged(participant));
    }

    /** Returns the value of a parameter; null if there is none. An invalid value is noted and ignored. */
    private static <T> @Nullable T known(
            String name, String text, Function<String, @Nullable T> parse, List<String> notices) {
        T value = text.isEmpty() ? null : parse.apply(text);
        if (value == null && !text.isEmpty()) {
            notices.add("Unknown %s “%s”.".formatted(name, text));
        }
        return value;
    }

    private static <E extends Enum<E>> @Nullable E constant(E[] all, String name) {
        return Stream.of(all).filter(one -> one.name().equals(name)).findFirst().orElse(null);
    }

    /** Returns the duration of a text like "10s" or "1h"; null if it is none. */
    private static @Nullable Duration age(String text) {
        try {
            return Duration.parse("PT" + text);
        } catch (DateTimeParseException _) {
            return null;
        }
    }
}

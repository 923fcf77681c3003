package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Cause;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.SearchResult;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Lists transactions, filtered, newest first, in pages. */
@Singleton
class TransactionList {

    static final int PAGE_MAX = 50;

    /** Limit of transactions that are examined for one page, which limits the cost of a filter with few matches. */
    static final int EXAMINED_MAX = 20_000;

    private static final int RESOURCE_MANAGERS_SHOWN_MAX = 4;

    private final Coordinator coordinator;
    private final Timelines timelines;
    private final Time time;

    /** Filters in addition to the states: conditions that require action. */
    enum Choice {
        RECORDING("preparing, decision being recorded"),
        IN_DOUBT("preparing, in doubt"),
        DIVERGED("open, diverged"),
        UNRESOLVED("heuristic, unresolved");

        private final String title;

        Choice(String title) {
            this.title = title;
        }

        boolean holds(Transaction t) {
            return switch (this) {
                case RECORDING -> t.state() == TransactionState.DECIDING || t.state() == TransactionState.DELEGATING;
                case IN_DOUBT -> t.state().isDelegated();
                case DIVERGED ->
                    !t.state().isFinal() && t.participants().stream().anyMatch(TransactionList::diverged);
                case UNRESOLVED -> TransactionView.actions(t).contains(Action.RESOLVE);
            };
        }
    }

    /** The minimum age of a transaction. */
    enum Age {
        TEN_SECONDS("10s", "10 s", Duration.ofSeconds(10)),
        MINUTE("1m", "1 min", Duration.ofMinutes(1)),
        TEN_MINUTES("10m", "10 min", Duration.ofMinutes(10)),
        HOUR("1h", "1 h", Duration.ofHours(1));

        private final String value;
        private final String title;
        private final Duration duration;

        Age(String value, String title, Duration duration) {
            this.value = value;
            this.title = title;
            this.duration = duration;
        }
    }

    /** The parameters of the request. An empty text does not filter. */
    record Query(String state, String resourceManager, String cause, String age, String id, String after) {

        private List<Links.Part> parts() {
            return List.of(
                    new Links.Part("state", state),
                    new Links.Part("rm", resourceManager),
                    new Links.Part("cause", cause),
                    new Links.Part("age", age),
                    new Links.Part("id", id));
        }

        String link() {
            return linkAfter(after);
        }

        private String linkAfter(String from) {
            List<Links.Part> all = new ArrayList<>(parts());
            all.add(new Links.Part("after", from));
            return Links.transactions(all);
        }
    }

    public record Row(
            String id,
            String link,
            Chip chip,
            Timestamp startedAt,
            String took,
            String resourceManagers,
            @Nullable String cause,
            @Nullable String reason) {}

    /**
     * One page of the result.
     *
     * @param next where the next page starts, exclusive; null if this is the last page
     * @param partly whether only a part of the ended transactions was examined
     * @param cut whether there are more open or unresolved transactions than fit on the page
     */
    private record Found(List<Transaction> items, @Nullable TransactionId next, boolean partly, boolean cut) {}

    /** An option of a filter. */
    public record Option(String value, String title, boolean selected) {}

    /**
     * The page.
     *
     * @param notices parameters that are invalid and were ignored
     * @param filtered whether there is a filter
     * @param partly whether older ended transactions were not examined
     * @param cut whether there are more open or unresolved transactions than are shown
     * @param older the next page; null if this is the last one
     * @param newest the first page; null if this is the first one
     */
    public record Model(
            List<Row> rows,
            List<Option> states,
            List<Option> causes,
            List<Option> ages,
            String resourceManager,
            String id,
            List<String> notices,
            boolean filtered,
            boolean partly,
            boolean cut,
            String examinedMax,
            @Nullable String older,
            @Nullable String newest) {}

    TransactionList(Coordinator coordinator, Timelines timelines, Time time) {
        this.coordinator = coordinator;
        this.timelines = timelines;
        this.time = time;
    }

    Model model(Query query) {
        Instant now = time.now();
        List<String> notices = new ArrayList<>();
        Predicate<Transaction> wanted = wanted(query, now, notices);
        TransactionId after = TransactionId.parse(query.after()).orElse(null);
        if (after == null && !query.after().isEmpty()) {
            notices.add("“%s” is not a transaction id.".formatted(query.after()));
        }
        Found found = find(query, wanted, after);
        return new Model(
                found.items().stream().map(t -> row(t, now)).toList(),
                states(query.state()),
                options(Cause.values(), query.cause(), null),
                Arrays.stream(Age.values())
                        .map(age -> new Option(age.value, age.title, age.value.equals(query.age())))
                        .toList(),
                query.resourceManager(),
                query.id(),
                List.copyOf(notices),
                query.parts().stream().anyMatch(part -> !part.value().isEmpty()),
                found.partly(),
                found.cut(),
                Format.count(EXAMINED_MAX),
                found.next() == null ? null : query.linkAfter(found.next().toString()),
                query.after().isEmpty() ? null : query.linkAfter(""));
    }

    /** Open and unresolved transactions are all examined, since operators search for them most often. */
    private Found find(Query query, Predicate<Transaction> wanted, @Nullable TransactionId after) {
        if (isUnsettled(query.state())) {
            List<Transaction> all = unsettled(wanted, after);
            List<Transaction> page = all.stream().limit(PAGE_MAX).toList();
            return new Found(page, all.size() > PAGE_MAX ? page.getLast().id() : null, false, false);
        }
        SearchResult newest = coordinator.search(wanted, after, PAGE_MAX, EXAMINED_MAX);
        if (newest.next() == null || newest.items().size() == PAGE_MAX) {
            return new Found(newest.items(), newest.next(), false, false);
        }
        List<Transaction> all = Stream.concat(newest.items().stream(), unsettled(wanted, newest.next()).stream())
                .toList();
        return new Found(all.stream().limit(PAGE_MAX).toList(), newest.next(), true, all.size() > PAGE_MAX);
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
                || Arrays.stream(TransactionState.values())
                        .anyMatch(one ->
                                !one.isFinal() && one.externalState().name().equals(state));
    }

    private static Predicate<Transaction> wanted(Query query, Instant now, List<String> notices) {
        Predicate<Transaction> wanted = _ -> true;
        Choice choice = constant(Choice.values(), query.state());
        if (choice != null) {
            wanted = choice::holds;
        } else if (!query.state().isEmpty()) {
            State state = constant(State.values(), query.state());
            if (state == null) {
                notices.add("Unknown state “%s”.".formatted(query.state()));
            } else {
                wanted = wanted.and(t -> t.state().externalState() == state);
            }
        }
        if (!query.cause().isEmpty()) {
            Cause cause = constant(Cause.values(), query.cause());
            if (cause == null) {
                notices.add("Unknown cause “%s”.".formatted(query.cause()));
            } else {
                wanted = wanted.and(t -> t.cause() == cause);
            }
        }
        if (!query.age().isEmpty()) {
            Age age = Arrays.stream(Age.values())
                    .filter(a -> a.value.equals(query.age()))
                    .findFirst()
                    .orElse(null);
            if (age == null) {
                notices.add("Unknown age “%s”.".formatted(query.age()));
            } else {
                Instant latest = now.minus(age.duration);
                wanted = wanted.and(t -> t.startedAt().isBefore(latest));
            }
        }
        if (!query.resourceManager().isEmpty()) {
            wanted = wanted.and(t -> t.participant(query.resourceManager()) != null);
        }
        if (!query.id().isEmpty()) {
            String part = query.id().toLowerCase(Locale.ROOT);
            wanted = wanted.and(t -> t.id().toString().contains(part));
        }
        return wanted;
    }

    private static <E extends Enum<E>> @Nullable E constant(E[] all, String name) {
        for (E one : all) {
            if (one.name().equals(name)) {
                return one;
            }
        }
        return null;
    }

    private static List<Option> states(String chosen) {
        List<Option> states = new ArrayList<>(options(State.values(), chosen, State.PREPARED));
        for (Choice one : Choice.values()) {
            states.add(new Option(one.name(), one.title, one.name().equals(chosen)));
        }
        return List.copyOf(states);
    }

    private static <E extends Enum<E>> List<Option> options(E[] all, String chosen, @Nullable E without) {
        return Arrays.stream(all)
                .filter(one -> one != without)
                .map(one -> new Option(
                        one.name(), Format.constant(one.name()), one.name().equals(chosen)))
                .toList();
    }

    static Row row(Transaction t, Instant now) {
        Instant until = t.finishedAt() == null ? now : t.finishedAt();
        return new Row(
                t.id().toString(),
                Links.transaction(t.id()),
                chip(t),
                Timestamp.of(t.startedAt(), now),
                Format.duration(Duration.between(t.startedAt(), until)),
                resourceManagers(t),
                t.cause() == null ? null : Format.constant(t.cause().name()),
                t.reason());
    }

    static Chip chip(Transaction t) {
        return t.resolution() == null ? Chip.of(t.state().externalState()) : new Chip("heuristic, resolved", Tone.BACK);
    }

    /** Whether it did not carry out the decision. */
    static boolean diverged(Participant participant) {
        return participant.state() == State.HEURISTIC;
    }

    private static String resourceManagers(Transaction t) {
        String some = t.participants().stream()
                .limit(RESOURCE_MANAGERS_SHOWN_MAX)
                .map(Participant::resourceManager)
                .collect(Collectors.joining(", "));
        int more = t.participants().size() - RESOURCE_MANAGERS_SHOWN_MAX;
        return more > 0 ? some + " and " + Format.count(more, "other", "others") : some;
    }
}

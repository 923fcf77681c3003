package dtc.runtime.coordinator;

import dtc.protocol.PlainText;
import dtc.protocol.Refusal;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Counts the transactions in flight and their participants, and refuses new ones if a limit is reached. Logs a limit
 * when it is reached, and again only after no request has been refused for {@link #REPORTED_FOR}.
 */
public final class InFlight {

    private static final Logger LOG = Logger.getLogger(InFlight.class);

    /** How long a limit is reported after the last refusal. */
    static final Duration REPORTED_FOR = Duration.ofMinutes(1);

    /** Further callers are not reported. */
    static final int REPORTED_MAX = 100;

    private static final int CALLER_CHARS_MAX = 200;

    /** The number of participants up to which a transaction is small. */
    static final int SMALL_PARTICIPANTS = 8;

    private final Time time;
    private final TransactionLimits limits;
    private final AtomicInteger transactions = new AtomicInteger();
    /**
     * Number of transactions in flight per caller. Callers that have none are removed. The key of callers without a
     * name is empty.
     */
    private final Map<Optional<String>, Integer> transactionsByCaller = new ConcurrentHashMap<>();
    /** Participants of transactions in flight. */
    private final AtomicInteger participants = new AtomicInteger();

    private final Map<Limit, AtomicLong> refusals = new EnumMap<>(Limit.class);
    /** Synchronized on this map. */
    private final Map<Reached, Report> reports = new LinkedHashMap<>();

    /** The kinds of limits. */
    public enum Limit {
        TRANSACTIONS("transactions in flight", "dtc.limits.transactions-in-flight-max"),
        CALLER("transactions in flight of one caller", "dtc.limits.transactions-in-flight-per-caller-max"),
        PARTICIPANTS("participants in flight", "dtc.limits.participants-in-flight-max"),
        /** Three quarters of {@link #PARTICIPANTS}: large transactions must not block small ones. */
        LARGE_TRANSACTIONS(
                "participants in flight for transactions with more than " + SMALL_PARTICIPANTS,
                "dtc.limits.participants-in-flight-max");

        private final String what;
        private final String key;

        Limit(String what, String key) {
            this.what = what;
            this.key = key;
        }

        public String what() {
            return what;
        }

        /** The configuration key. */
        public String key() {
            return key;
        }
    }

    /**
     * A limit that refuses requests.
     *
     * @param caller the caller for whom {@link Limit#CALLER} is reached; otherwise, and for callers without a name,
     *     null
     */
    public record Reached(Limit limit, int max, @Nullable String caller) {}

    /** A limit that has refused a request in the last minute. {@code since} is when it began to refuse requests. */
    public record Report(Reached reached, Instant since, long lastNanos) {}

    InFlight(Time time, TransactionLimits limits) {
        this.time = time;
        this.limits = limits;
        for (Limit limit : Limit.values()) {
            refusals.put(limit, new AtomicLong());
        }
    }

    /** Reserves capacity for a transaction. Returns a refusal if a limit is reached; otherwise null. */
    @Nullable
    Refusal reserve(@Nullable String caller) {
        if (transactions.incrementAndGet() > limits.inFlightMax()) {
            transactions.decrementAndGet();
            return refuse(new Reached(Limit.TRANSACTIONS, limits.inFlightMax(), null), null);
        }
        if (transactionsByCaller.merge(Optional.ofNullable(caller), 1, Integer::sum) > limits.inFlightPerCallerMax()) {
            release(caller);
            return refuse(new Reached(Limit.CALLER, limits.inFlightPerCallerMax(), caller), null);
        }
        return null;
    }

    /** Returns the capacity that was reserved for a transaction. */
    void release(@Nullable String caller) {
        transactions.decrementAndGet();
        transactionsByCaller.computeIfPresent(Optional.ofNullable(caller), (_, count) -> count == 1 ? null : count - 1);
    }

    /** Counts a transaction that was recovered. Recovered transactions may exceed the limits. */
    void addRecovered(@Nullable String caller) {
        transactions.incrementAndGet();
        transactionsByCaller.merge(Optional.ofNullable(caller), 1, Integer::sum);
    }

    /** Adds to the number of participants. */
    void addParticipants(int number) {
        participants.addAndGet(number);
    }

    /**
     * Returns a refusal if no further participant may be enlisted; otherwise null.
     *
     * @param id the transaction that would get a participant; null for a new one
     * @param enlisted the number of participants that it has
     */
    @Nullable
    Refusal refuseParticipants(@Nullable TransactionId id, int enlisted) {
        int all = limits.participantsInFlightMax();
        Limit limit = enlisted < SMALL_PARTICIPANTS ? Limit.PARTICIPANTS : Limit.LARGE_TRANSACTIONS;
        int max = limit == Limit.PARTICIPANTS ? all : all - all / 4;
        return participants.get() < max ? null : refuse(new Reached(limit, max, null), id);
    }

    private Refusal refuse(Reached reached, @Nullable TransactionId id) {
        Limit limit = reached.limit();
        Objects.requireNonNull(refusals.get(limit)).incrementAndGet();
        String detail = String.format(Locale.ROOT, "the limit of %d %s is reached", reached.max(), limit.what);
        if (isNew(reached)) {
            LOG.warnf(
                    "requests are refused with 503: %s%s (%s)",
                    detail,
                    reached.caller() == null ? "" : " by " + PlainText.singleLine(reached.caller(), CALLER_CHARS_MAX),
                    limit.key());
        }
        return new Refusal(Refusal.Kind.OVERLOADED, detail, id, null);
    }

    /** Reports the limit. Returns whether it was not reported before. */
    private boolean isNew(Reached reached) {
        synchronized (reports) {
            removeOld();
            Report before = reports.get(reached);
            if (before == null && reports.size() >= REPORTED_MAX) {
                return false;
            }
            reports.put(reached, new Report(reached, before == null ? time.now() : before.since(), time.nanos()));
            return before == null;
        }
    }

    private void removeOld() {
        long now = time.nanos();
        reports.values().removeIf(report -> now - report.lastNanos() > REPORTED_FOR.toNanos());
    }

    /** The limits that have refused a request in the last minute. */
    public List<Report> reports() {
        synchronized (reports) {
            removeOld();
            return new ArrayList<>(reports.values());
        }
    }

    /** The number of requests that were refused because of a limit. */
    public long refusals(Limit limit) {
        return Objects.requireNonNull(refusals.get(limit)).get();
    }

    public int participants() {
        return participants.get();
    }

    public TransactionLimits limits() {
        return limits;
    }

    boolean isIdle() {
        return transactions.get() == 0;
    }
}

package dtc.runtime;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.resource.Dictionary;
import dtc.resource.Effect;
import dtc.resource.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Drives one {@link Dictionary}: events in one at a time, answers out, timers for waiting and for staged writes that
 * are never voted on, and the question to the coordinator while in doubt. Safe to call from any thread; nothing here
 * blocks.
 */
public final class ResourceManager {

    /**
     * What can be configured.
     *
     * @param lockWait how long an older transaction waits for its keys; less than the coordinator awaits a vote
     * @param stagedTimeout how long staged writes are kept without a vote
     */
    public record Settings(Duration lockWait, Duration stagedTimeout) {}

    private final String id;
    private final UUID instance;
    private final Settings settings;
    private final Time time;
    private final Backoff inquiries;
    private final CoordinatorLink coordinator;
    /** Guarded by this, like all that follows. */
    private final Dictionary dictionary;

    /** Calls that wait for a vote. */
    private final Map<TransactionId, List<CompletableFuture<Ballot>>> votes = new HashMap<>();
    /** Calls that wait for the answer to a commit. */
    private final Map<TransactionId, List<CompletableFuture<Effect.CommitAnswer>>> commits = new HashMap<>();

    private final Map<TransactionId, Time.Timer> abandonment = new HashMap<>();
    /** Since when each transaction is in doubt, in {@link Time#nanos}. */
    private final Map<TransactionId, Long> inDoubtSince = new HashMap<>();

    private boolean stopping;
    private @Nullable CompletableFuture<Void> drained;

    public ResourceManager(
            String id,
            UUID instance,
            Settings settings,
            Time time,
            Backoff inquiries,
            CoordinatorLink coordinator,
            Dictionary dictionary) {
        this.id = id;
        this.instance = instance;
        this.settings = settings;
        this.time = time;
        this.inquiries = inquiries;
        this.coordinator = coordinator;
        this.dictionary = dictionary;
    }

    public String id() {
        return id;
    }

    /** New for each start, where nothing is kept across a restart. */
    public UUID instance() {
        return instance;
    }

    /**
     * Goes on with what a dictionary that outlived its process holds: asks for the outcome of what is in doubt, and
     * sets the timers of the rest anew. To be called before anything else.
     */
    public synchronized void resume() {
        List<Runnable> nobodyWaits = List.of();
        dictionary.open(Integer.MAX_VALUE).forEach((transaction, inDoubt) -> {
            if (inDoubt) {
                carryOut(new Effect.InDoubt(transaction), nobodyWaits);
            } else {
                carryOut(new Effect.Staged(transaction, true), nobodyWaits);
                carryOut(new Effect.Waiting(transaction), nobodyWaits);
            }
        });
    }

    /**
     * A message that was meant for the process before a restart: what it speaks of is not here. {@code addressee} is
     * the instance it is for; null where it does not say.
     */
    private boolean isForAnother(@Nullable String addressee) {
        return addressee != null && !addressee.equals(instance.toString());
    }

    public Effect.WriteAnswer write(@Nullable String addressee, Event.Write write) {
        TransactionId transaction = write.id();
        if (isForAnother(addressee)) {
            return new Effect.Refused(transaction, "the message is for an earlier instance");
        }
        if (isStopping()) {
            return new Effect.Stopping(transaction);
        }
        return own(transaction, Effect.WriteAnswer.class, apply(write));
    }

    /** Votes; first stages the {@code writes} that came along with the request. */
    public CompletionStage<Ballot> prepare(
            @Nullable String addressee, TransactionId transaction, List<Event.Write> writes) {
        if (isForAnother(addressee)) {
            return CompletableFuture.completedFuture(Ballot.abort("what was staged was lost in a restart"));
        }
        CompletableFuture<Ballot> answer = new CompletableFuture<>();
        apply(
                () -> new Event.Prepare(transaction, stopping ? List.of() : writes),
                () -> votes.computeIfAbsent(transaction, _ -> new ArrayList<>(1))
                        .add(answer));
        return answer;
    }

    public CompletionStage<Effect.CommitAnswer> commit(@Nullable String addressee, TransactionId transaction) {
        if (isForAnother(addressee)) {
            return CompletableFuture.completedFuture(new Effect.Unknown(transaction));
        }
        CompletableFuture<Effect.CommitAnswer> answer = new CompletableFuture<>();
        apply(
                () -> new Event.Commit(transaction),
                () -> commits.computeIfAbsent(transaction, _ -> new ArrayList<>(1))
                        .add(answer));
        return answer;
    }

    /** Whichever instance it is for: remembered, it refuses what comes late. */
    public Effect.RollbackAnswer rollback(@Nullable String addressee, TransactionId transaction) {
        Effect.RollbackAnswer answer =
                own(transaction, Effect.RollbackAnswer.class, apply(new Event.Rollback(transaction)));
        // Not "rolled back": the instance before may have committed it, if it was left to decide.
        return isForAnother(addressee) && answer instanceof Effect.RolledBack
                ? new Effect.Unknown(transaction)
                : answer;
    }

    /** Whether it takes no more writes. */
    public synchronized boolean isStopping() {
        return stopping;
    }

    private static <T extends Effect> T own(TransactionId transaction, Class<T> kind, List<Effect> effects) {
        for (Effect effect : effects) {
            if (kind.isInstance(effect) && effect.id().equals(transaction)) {
                return kind.cast(effect);
            }
        }
        throw new IllegalStateException("no " + kind.getSimpleName() + " among " + effects);
    }

    private List<Effect> apply(Event event) {
        return apply(() -> event, () -> {});
    }

    /** Both are called under the lock; {@code atOnce} before the event. */
    private List<Effect> apply(Supplier<Event> event, Runnable atOnce) {
        List<Effect> effects;
        List<Runnable> answers = new ArrayList<>(2);
        synchronized (this) {
            atOnce.run();
            effects = dictionary.apply(event.get());
            effects.forEach(effect -> carryOut(effect, answers));
            CompletableFuture<Void> done = drained;
            if (done != null && dictionary.stagedTransactions() == 0) {
                answers.add(() -> done.complete(null));
            }
        }
        // Outside the lock, since whoever is answered may call back, or call another that calls back.
        answers.forEach(Runnable::run);
        return effects;
    }

    /** Guarded by this. */
    private void carryOut(Effect effect, List<Runnable> answers) {
        switch (effect) {
            case Effect.Staged e -> {
                if (e.first()) {
                    abandonment.put(
                            e.id(), time.after(settings.stagedTimeout(), () -> apply(new Event.Abandoned(e.id()))));
                }
            }
            case Effect.Refused _, Effect.NoRoom _, Effect.Stopping _, Effect.RollbackRefused _ -> {}
            case Effect.Waiting e -> time.after(settings.lockWait(), () -> apply(new Event.WaitOver(e.id())));
            case Effect.Voted e -> {
                abandonmentOver(e.id());
                answer(votes, e.id(), e.ballot(), answers);
            }
            case Effect.InDoubt e -> {
                inDoubtSince.put(e.id(), time.nanos());
                inquireLater(e.id(), 1);
            }
            case Effect.CommitAnswer e -> {
                ended(e.id());
                answer(commits, e.id(), e, answers);
            }
            case Effect.RolledBack e -> ended(e.id());
        }
    }

    private static <T> void answer(
            Map<TransactionId, List<CompletableFuture<T>>> waiting,
            TransactionId transaction,
            T value,
            List<Runnable> answers) {
        List<CompletableFuture<T>> asked = waiting.remove(transaction);
        if (asked != null) {
            answers.add(() -> asked.forEach(one -> one.complete(value)));
        }
    }

    private void ended(TransactionId transaction) {
        abandonmentOver(transaction);
        inDoubtSince.remove(transaction);
    }

    private void abandonmentOver(TransactionId transaction) {
        Time.Timer timer = abandonment.remove(transaction);
        if (timer != null) {
            timer.cancel();
        }
    }

    /** In doubt, it neither forgets nor decides alone, but asks, and asks again. */
    private void inquireLater(TransactionId transaction, int tries) {
        time.after(inquiries.pause(tries), () -> {
            synchronized (this) {
                if (!dictionary.isInDoubt(transaction)) {
                    return;
                }
            }
            Ports.call(() -> coordinator.outcome(transaction)).whenComplete((outcome, failure) -> {
                if (failure != null) {
                    inquireLater(transaction, tries + 1);
                    return;
                }
                switch (outcome) {
                    case COMMIT -> apply(new Event.Commit(transaction));
                    case ROLLBACK -> apply(new Event.Rollback(transaction));
                    case PENDING -> inquireLater(transaction, tries + 1);
                }
            });
        });
    }

    /**
     * Takes no new writes, and drops what has not come to a vote, so that a later vote on it is abort; completes when
     * nothing waits for a vote or is in doubt any more.
     */
    public CompletionStage<Void> drain() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        List<TransactionId> open;
        synchronized (this) {
            stopping = true;
            drained = done;
            open = List.copyOf(dictionary.open(Integer.MAX_VALUE).keySet());
            if (open.isEmpty()) {
                done.complete(null);
            }
        }
        open.forEach(transaction -> apply(new Event.Abandoned(transaction)));
        return done;
    }

    // What may be read

    public synchronized @Nullable JsonText entry(String key) {
        return dictionary.entry(key);
    }

    public synchronized SortedMap<String, JsonText> entries(@Nullable String after, int limit) {
        return dictionary.entries(after, limit);
    }

    /** What is staged or in doubt (true), oldest first. */
    public synchronized SortedMap<TransactionId, Boolean> open(int limit) {
        return dictionary.open(limit);
    }

    public synchronized int stagedTransactions() {
        return dictionary.stagedTransactions();
    }

    public synchronized int lockedKeys() {
        return dictionary.lockedKeys();
    }

    public synchronized long conflicts() {
        return dictionary.conflicts();
    }

    /** How long the oldest transaction has been in doubt here; zero where none is. */
    public synchronized Duration oldestInDoubt() {
        long now = time.nanos();
        return inDoubtSince.values().stream()
                .map(since -> Duration.ofNanos(now - since))
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }
}

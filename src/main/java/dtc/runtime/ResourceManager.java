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

    /** Calls that wait for the answer to a prepare, or to a commit in one phase. */
    private final Map<TransactionId, List<CompletableFuture<Effect>>> waiting = new HashMap<>();

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

    /** New for each start: nothing is kept across a restart. */
    public UUID instance() {
        return instance;
    }

    /** Stages a write: {@link Effect.Staged}, {@link Effect.Refused} or {@link Effect.NoRoom}. */
    public synchronized Effect write(TransactionId transaction, int sequence, String key, JsonText value) {
        if (stopping) {
            return new Effect.Refused(transaction, "this resource manager is shutting down");
        }
        return apply(new Event.Write(transaction, sequence, key, value)).getFirst();
    }

    public CompletionStage<Ballot> prepare(TransactionId transaction) {
        return ask(new Event.Prepare(transaction))
                .thenApply(effect -> effect instanceof Effect.Voted voted
                        ? voted.ballot()
                        : Ballot.abort("asked to commit before the vote was known"));
    }

    /** {@link Effect.Committed}, {@link Effect.CommitRefused} or {@link Effect.Unknown}. */
    public CompletionStage<Effect> commit(TransactionId transaction) {
        return ask(new Event.Commit(transaction));
    }

    /** {@link Effect.RolledBack}, or {@link Effect.RollbackRefused} where it was committed here. */
    public synchronized Effect rollback(TransactionId transaction) {
        return apply(new Event.Rollback(transaction)).getLast();
    }

    private CompletionStage<Effect> ask(Event event) {
        CompletableFuture<Effect> answer = new CompletableFuture<>();
        synchronized (this) {
            waiting.computeIfAbsent(event.id(), _ -> new ArrayList<>(1)).add(answer);
            apply(event);
        }
        return answer;
    }

    /** Guarded by this. Answers those that wait; what they do with it runs later than this returns, or at once. */
    private List<Effect> apply(Event event) {
        List<Effect> effects = dictionary.apply(event);
        for (Effect effect : effects) {
            switch (effect) {
                case Effect.Staged e -> {
                    if (e.first()) {
                        abandonment.put(
                                e.id(), time.after(settings.stagedTimeout(), () -> late(new Event.Abandoned(e.id()))));
                    }
                }
                case Effect.Refused _, Effect.NoRoom _ -> {}
                case Effect.Waiting e -> time.after(settings.lockWait(), () -> late(new Event.WaitOver(e.id())));
                case Effect.Voted e -> {
                    abandonmentOver(e.id());
                    answer(e);
                }
                case Effect.InDoubt e -> {
                    inDoubtSince.put(e.id(), time.nanos());
                    inquireLater(e.id(), 1);
                }
                case Effect.Committed e -> ended(e);
                case Effect.CommitRefused e -> ended(e);
                case Effect.RolledBack e -> ended(e);
                case Effect.RollbackRefused _ -> {}
                case Effect.Unknown e -> answer(e);
            }
        }
        return effects;
    }

    private synchronized void late(Event event) {
        apply(event);
    }

    private void answer(Effect effect) {
        List<CompletableFuture<Effect>> answers = waiting.remove(effect.id());
        if (answers != null) {
            answers.forEach(answer -> answer.complete(effect));
        }
    }

    private void ended(Effect effect) {
        abandonmentOver(effect.id());
        inDoubtSince.remove(effect.id());
        answer(effect);
        if (drained != null && inDoubtSince.isEmpty()) {
            drained.complete(null);
        }
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
            coordinator.outcome(transaction).whenComplete((outcome, failure) -> {
                if (failure != null) {
                    inquireLater(transaction, tries + 1);
                    return;
                }
                switch (outcome) {
                    case COMMIT -> late(new Event.Commit(transaction));
                    case ROLLBACK -> late(new Event.Rollback(transaction));
                    case PENDING -> inquireLater(transaction, tries + 1);
                }
            });
        });
    }

    /** Takes no new writes; completes when nothing is in doubt any more. */
    public synchronized CompletionStage<Void> drain() {
        stopping = true;
        CompletableFuture<Void> done = new CompletableFuture<>();
        drained = done;
        if (inDoubtSince.isEmpty()) {
            done.complete(null);
        }
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

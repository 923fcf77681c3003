package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEffect;
import dtc.coordinator.CoordinatorEffect.Durability;
import dtc.coordinator.CoordinatorEffect.Persist;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.ReplyTable;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.AppendResult;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Backoff;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Drives {@link TwoPhaseCommit}: applies events to transactions and performs the resulting effects. The result of an
 * effect is applied as another event.
 */
final class TransactionDriver {

    /** How long to wait before a record that the log refused is appended again. */
    static final Duration REFUSED_RECORD_PAUSE = Duration.ofSeconds(1);

    private final TwoPhaseCommit stateMachine;
    private final Duration voteTimeout;
    private final Time time;
    private final Registry registry;
    private final TransactionListener listeners;
    private final TransactionStore store;
    private final Waiters waiters;
    private final ParticipantMessages messages;
    private final Delivery delivery;
    private final Conclusions conclusions;
    private final Runnable onEnded;

    /** @param onEnded called after a transaction has reached a final state */
    TransactionDriver(
            TwoPhaseCommit stateMachine,
            CoordinatorSettings settings,
            Time time,
            Backoff backoff,
            Registry registry,
            ParticipantClient participants,
            TransactionListener listeners,
            TransactionStore store,
            Waiters waiters,
            Runnable onEnded) {
        this.stateMachine = stateMachine;
        this.voteTimeout = settings.voteTimeout();
        this.time = time;
        this.registry = registry;
        this.listeners = listeners;
        this.store = store;
        this.waiters = waiters;
        this.messages = new ParticipantMessages(registry, participants);
        this.delivery = new Delivery(settings, time, backoff, registry, messages, listeners, this::replied);
        this.conclusions = new Conclusions(time, this::publish);
        this.onEnded = onEnded;
    }

    Delivery delivery() {
        return delivery;
    }

    ParticipantMessages messages() {
        return messages;
    }

    /**
     * Applies an event and performs the effects. If the result must be recorded before it is shown, or the transaction
     * is held for another reason, the returned step changes nothing.
     *
     * <p><b>Locks.</b> The state of a transaction changes under the lock of its entry. Listeners are called and records
     * are appended under this lock, so that the order of changes is preserved: the newest record of a transaction in
     * the log describes its newest change. All other effects are performed after the lock is released, because they may
     * apply further events. Lock order: the lock of an entry is acquired before those of the listeners, the queue of
     * the log, and the sets in {@link TransactionStore}. No thread holds the locks of two entries.
     */
    Step apply(TransactionEntry entry, CoordinatorEvent event) {
        Transaction before;
        Step step;
        Conclusions.Conclusion conclusion = null;
        ForcedAppend forced = null;
        synchronized (entry) {
            before = entry.transaction();
            if (entry.isHeld()) {
                return entry.defer(event);
            }
            step = stateMachine.apply(before, event, time.now());
            if (entry.log().isFenced() && !entry.isForgotten()) {
                conclusion = beginConclusion(entry, event, step);
            }
            if (conclusion == null) {
                forced = change(entry, event, step);
            }
        }
        if (conclusion != null) {
            conclusions.await(entry, conclusion);
            return Step.unchanged(before);
        }
        changed(entry, before, step, forced);
        return step;
    }

    /** Returns null if the step is no conclusion. The caller holds the lock of the entry. */
    private static Conclusions.@Nullable Conclusion beginConclusion(
            TransactionEntry entry, CoordinatorEvent event, Step step) {
        TransactionRecord record = step.conclusion(entry.transaction());
        return record == null ? null : Conclusions.begin(entry, event, step, record);
    }

    /** Changes the transaction and appends its records. The caller holds the lock of the entry. */
    private @Nullable ForcedAppend change(TransactionEntry entry, CoordinatorEvent event, Step step) {
        show(entry, event, step);
        List<CoordinatorEffect> effects = step.effects();
        ForcedAppend forced = null;
        for (int i = 0; i < effects.size(); i++) { // avoids an iterator, since this runs for each event
            switch (effects.get(i)) {
                case Persist(TransactionRecord record, Durability durability) -> {
                    if (durability == Durability.LAZY) {
                        appendLazily(entry, record);
                    } else {
                        forced = appendForced(entry, record);
                    }
                }
                case CoordinatorEffect.RetryRecord() -> entry.recordPending();
                default -> {}
            }
        }
        return forced;
    }

    /** Replaces the transaction. The caller holds the lock of the entry. */
    private void show(TransactionEntry entry, CoordinatorEvent event, Step step) {
        Transaction before = entry.transaction();
        long nanos = time.nanos();
        entry.update(step.transaction(), nanos);
        listeners.applied(
                new AppliedEvent(before, event, step, entry.nanosSinceBegin(nanos), entry.nanosSincePrepare(nanos)));
    }

    /** Carries out a conclusion whose record is stored, and then the events that were deferred. */
    private void publish(TransactionEntry entry, CoordinatorEvent event, Step step) {
        Transaction before;
        List<CoordinatorEvent> deferred;
        boolean isKept;
        synchronized (entry) {
            if (entry.isAbandoned()) {
                return;
            }
            before = entry.transaction();
            deferred = entry.release();
            entry.recordDone();
            isKept = !entry.isForgotten();
            if (isKept) {
                show(entry, event, step);
                store.update(entry.transaction());
            }
        }
        if (isKept) {
            changed(entry, before, step, null);
        }
        waiters.changed(entry);
        deferred.forEach(next -> apply(entry, next));
    }

    /** Applies the events that were deferred while the log was read. */
    void release(TransactionEntry entry) {
        List<CoordinatorEvent> deferred;
        synchronized (entry) {
            deferred = entry.release();
        }
        deferred.forEach(next -> apply(entry, next));
    }

    /** Stops to change a transaction, because another process finishes it. */
    void abandon(TransactionEntry entry) {
        synchronized (entry) {
            entry.abandon();
            store.abandon(entry);
        }
        entry.cancelTimer();
        waiters.abandon(entry);
        onEnded.run();
    }

    /** What follows a change, after the lock is released. */
    private void changed(TransactionEntry entry, Transaction before, Step step, @Nullable ForcedAppend forced) {
        List<CoordinatorEffect> effects = step.effects();
        if (before.resolution() == null && step.transaction().resolution() != null) {
            store.resolved(entry.id());
        }
        if (before.hasGivenUpParticipant()
                && before.state().isFinal()
                && !step.transaction().hasGivenUpParticipant()) {
            store.givenUpEnded(step.transaction());
        }
        int enlisted =
                step.transaction().participants().size() - before.participants().size();
        if (enlisted != 0) {
            store.inFlight().addParticipants(enlisted);
        }
        if (before.state() != step.transaction().state()) {
            stateChanged(entry, before, step.transaction());
        }
        if (forced != null) {
            awaitStored(entry, forced);
        }
        for (int i = 0; i < effects.size(); i++) {
            perform(entry, effects.get(i));
        }
    }

    /** An append that has begun and whose record must be durable. */
    private record ForcedAppend(TransactionRecord record, CompletionStage<AppendResult> result) {}

    /** The caller holds the lock of the entry. */
    private void appendLazily(TransactionEntry entry, TransactionRecord record) {
        if (!entry.isForgotten()) {
            store.update(entry.transaction());
            entry.log().appendLazily(record);
        }
    }

    /**
     * The caller holds the lock of the entry, so that no call is answered after the change of state and before the
     * record is pending.
     */
    private @Nullable ForcedAppend appendForced(TransactionEntry entry, TransactionRecord record) {
        if (entry.isForgotten()) {
            return null;
        }
        store.update(entry.transaction());
        entry.recordPending();
        // A stage that fails is treated like Unknown: the record may or may not have been stored.
        return new ForcedAppend(record, Stages.call(() -> entry.log().append(record)));
    }

    private void stateChanged(TransactionEntry entry, Transaction before, Transaction after) {
        if (after.state() != TransactionState.MARKED_ROLLBACK && after.state() != TransactionState.PREPARING) {
            entry.cancelTimer();
        }
        waiters.changed(entry);
        if (after.state().isFinal()) {
            if (!before.state().isFinal()) {
                store.ended(after);
            }
            onEnded.run();
        }
    }

    private void perform(TransactionEntry entry, CoordinatorEffect effect) {
        switch (effect) {
            case CoordinatorEffect.RequestVote(String name) -> requestVote(entry, name);
            case CoordinatorEffect.StartVoteTimer() ->
                entry.setTimer(time.after(voteTimeout, () -> apply(entry, new CoordinatorEvent.VotesOverdue())));
            case Persist _ -> {} // appended under the lock
            case CoordinatorEffect.RetryRecord() -> time.after(REFUSED_RECORD_PAUSE, () -> retryRecord(entry));
            case CoordinatorEffect.CommitOnePhase(String name) -> delivery.commitOnePhase(entry, name);
            case CoordinatorEffect.Deliver deliver -> delivery.deliver(entry, deliver);
        }
    }

    private void requestVote(TransactionEntry entry, String name) {
        Participant participant = entry.transaction().participant(name);
        if (participant != null) {
            var message = new Message.Prepare(entry.id(), entry.takeDeferredWrites(name), participant.writes());
            messages.sendPrepare(participant, message).thenAccept(reply -> replied(entry, name, message, reply));
        }
    }

    private void awaitStored(TransactionEntry entry, ForcedAppend forced) {
        forced.result().thenAccept(result -> {
            switch (result) {
                case AppendResult.Stored() -> {
                    entry.recordDone();
                    apply(entry, new CoordinatorEvent.Recorded(forced.record()));
                    waiters.changed(entry);
                }
                case AppendResult.Refused(String reason) -> {
                    apply(entry, new CoordinatorEvent.RecordRefused("the decision log refused: " + reason));
                    entry.recordDone(); // after the effects of this event, so that no call is answered in between
                    waiters.changed(entry);
                }
                // The record may have been stored. The transaction stays undecided until a restart reads the log.
                case AppendResult.Fenced(), AppendResult.Unknown() -> {}
            }
        });
    }

    private void retryRecord(TransactionEntry entry) {
        apply(entry, new CoordinatorEvent.RecordRetryDue());
        entry.recordDone(); // the pause was counted as pending; the new record is counted separately
        waiters.changed(entry);
    }

    /** Applies the event for a reply. */
    Step replied(TransactionEntry entry, String name, Message message, Reply reply) {
        return apply(entry, ReplyTable.event(name, registeredInstance(entry, name), message, reply));
    }

    /** Returns the registered instance, or the enlisted instance if none is registered. */
    private UUID registeredInstance(TransactionEntry entry, String name) {
        Registration registered = registry.find(name);
        if (registered != null) {
            return registered.instance();
        }
        Participant participant = entry.transaction().participant(name);
        if (participant == null) {
            throw new IllegalStateException("%s is not enlisted in %s".formatted(name, entry.id()));
        }
        return participant.instance();
    }
}

package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.ReplyTable;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.coordinator.WriteResult;
import dtc.protocol.Message;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.Reply;
import dtc.runtime.Answer;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.Coordinator.Enlistment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Sends the writes of clients to resource managers, and enlists resource managers at their own request. A write that
 * fails marks its transaction for rollback.
 */
final class Writes {

    private final TwoPhaseCommit machine;
    private final Registry registry;
    private final TransactionDriver driver;
    private final TransactionStore store;
    private final int undeliveredMax;
    private final boolean allowsOnePhase;

    /** @param allowsOnePhase whether a single participant may decide */
    Writes(
            TwoPhaseCommit machine,
            Registry registry,
            TransactionDriver driver,
            TransactionStore store,
            int undeliveredMax,
            boolean allowsOnePhase) {
        this.machine = machine;
        this.registry = registry;
        this.driver = driver;
        this.store = store;
        this.undeliveredMax = undeliveredMax;
        this.allowsOnePhase = allowsOnePhase;
    }

    /**
     * Sends writes in order to one resource manager, and in parallel to different ones. Completes once, at each
     * resource manager, all writes are answered or one has failed.
     *
     * @param prepareFollows whether the transaction is prepared next; writes may then be sent with the prepare message
     */
    CompletionStage<?> writeAll(TransactionEntry entry, List<ClientWrite> writes, boolean prepareFollows) {
        Map<String, List<ClientWrite>> byResourceManager = new LinkedHashMap<>();
        for (ClientWrite write : writes) {
            byResourceManager
                    .computeIfAbsent(write.resourceManager(), _ -> new ArrayList<>())
                    .add(write);
        }
        // A single participant may commit in one phase. This requires that its writes were staged.
        boolean defer = prepareFollows && (byResourceManager.size() > 1 || !allowsOnePhase);
        CompletableFuture<?>[] all = byResourceManager.values().stream()
                .map(ordered -> writeInOrder(entry, ordered, 0, defer).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(all);
    }

    /**
     * Sends writes one by one. Stops at the first failure, which marks the transaction for rollback. Uses a loop, since
     * most writes complete immediately and recursion could overflow the stack.
     */
    private CompletionStage<?> writeInOrder(TransactionEntry entry, List<ClientWrite> writes, int from, boolean defer) {
        for (int i = from; i < writes.size(); i++) {
            ClientWrite write = writes.get(i);
            int next = i + 1;
            var answer = write(entry, write, defer).toCompletableFuture();
            if (!answer.isDone() || answer.isCompletedExceptionally()) {
                return answer.thenCompose(given -> succeeded(entry, write, given)
                        ? writeInOrder(entry, writes, next, defer)
                        : CompletableFuture.completedFuture(null));
            }
            if (!succeeded(entry, write, answer.join())) {
                break;
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    private boolean succeeded(TransactionEntry entry, ClientWrite write, Answer<Transaction> answer) {
        return switch (answer) {
            case Answer.Given<Transaction> _ -> true;
            case Answer.Refused<Transaction>(Refusal refusal) -> {
                driver.apply(entry, new CoordinatorEvent.WriteNotSent(write.resourceManager(), refusal.detail()));
                yield false;
            }
        };
    }

    /** Sends a write. Enlists the resource manager at its first write. */
    CompletionStage<Answer<Transaction>> write(TransactionEntry entry, ClientWrite write) {
        return write(entry, write, false);
    }

    /** @param defer whether the write may be sent together with the prepare message */
    private CompletionStage<Answer<Transaction>> write(TransactionEntry entry, ClientWrite write, boolean defer) {
        String name = write.resourceManager();
        if (entry.transaction().state() != TransactionState.ACTIVE) {
            return Answer.refusedStage(Refusals.wrongState(entry.transaction(), name));
        }
        Registration target;
        switch (target(entry, name)) {
            case Answer.Given<Registration>(Registration found) -> target = found;
            case Answer.Refused<Registration>(Refusal refusal) -> {
                return refuse(entry, name, refusal);
            }
        }
        if (write.needsConditions() && !target.supportsConditions()) {
            // It might ignore the condition, or store something in place of the deletion.
            return refuse(
                    entry,
                    name,
                    new Refusal(
                            Kind.NOT_SUPPORTED,
                            "resource manager %s does not support deletes and conditions".formatted(name),
                            entry.id(),
                            name));
        }
        boolean deferred = defer && target.supportsWritesWithPrepare();
        Step step = driver.apply(
                entry, new CoordinatorEvent.WriteRequested(name, target.instance(), mayDecide(target), deferred));
        return switch (accepted(entry, name, step)) {
            case Answer.Refused<Integer>(Refusal refusal) -> Answer.refusedStage(refusal);
            case Answer.Given<Integer>(Integer sequence) -> {
                var message = new Message.Write(entry.id(), sequence, write.key(), write.update(), write.condition());
                if (deferred) {
                    yield CompletableFuture.completedFuture(defer(entry, name, message));
                }
                yield driver.messages()
                        .sendWrite(target, message)
                        .thenApply(reply -> written(entry, name, message, reply));
            }
        };
    }

    /**
     * Enlists a resource manager at its own request. A refused call marks the transaction for rollback only if the
     * instance shows that earlier work is lost. Otherwise this is not needed, because the resource manager must do no
     * work after a refusal.
     *
     * @param instance the instance that does the work; null for the registered one
     * @param request see {@link CoordinatorEvent.EnlistRequested}
     */
    Answer<Enlistment> enlist(TransactionEntry entry, String name, @Nullable UUID instance, @Nullable UUID request) {
        if (entry.transaction().state() != TransactionState.ACTIVE) {
            return Answer.refused(Refusals.wrongState(entry.transaction(), name));
        }
        return switch (target(entry, name)) {
            case Answer.Refused<Registration>(Refusal refusal) -> Answer.refused(refusal);
            case Answer.Given<Registration>(Registration target) -> {
                Step step = driver.apply(
                        entry,
                        new CoordinatorEvent.EnlistRequested(
                                name, target.instance(), instance, mayDecide(target), request));
                yield switch (accepted(entry, name, step)) {
                    case Answer.Refused<Integer>(Refusal refusal) -> Answer.refused(refusal);
                    case Answer.Given<Integer>(Integer sequence) ->
                        Answer.of(new Enlistment(sequence, step.transaction().expiresAt()));
                };
            }
        };
    }

    private boolean mayDecide(Registration target) {
        return allowsOnePhase && target.supportsOnePhase();
    }

    /** Returns the registration of a resource manager that may take part in the transaction. */
    private Answer<Registration> target(TransactionEntry entry, String name) {
        Registration target = registry.find(name);
        if (target == null) {
            return refused(entry, name, Kind.UNKNOWN_RESOURCE_MANAGER, "resource manager %s is not registered");
        }
        if (!registry.isLive(target)) {
            return refused(entry, name, Kind.RESOURCE_MANAGER_LAPSED, "the lease of resource manager %s has lapsed");
        }
        if (driver.delivery().backlog(name) >= undeliveredMax) {
            return refused(entry, name, Kind.OVERLOADED, "too many outcomes are undelivered to resource manager %s");
        }
        Transaction transaction = entry.transaction();
        Refusal tooMany = transaction.participant(name) == null
                ? store.inFlight()
                        .refuseParticipants(
                                entry.id(), transaction.participants().size())
                : null;
        return tooMany == null ? Answer.of(target) : Answer.refused(tooMany);
    }

    private static <T> Answer<T> refused(TransactionEntry entry, String name, Kind kind, String detailFormat) {
        return Answer.refused(new Refusal(kind, String.format(Locale.ROOT, detailFormat, name), entry.id(), name));
    }

    private Answer<Integer> accepted(TransactionEntry entry, String name, Step step) {
        return switch (step.write()) {
            case WriteResult.Accepted(int sequence) -> Answer.of(sequence);
            case WriteResult.Refused(WriteResult.Reason reason) ->
                Answer.refused(refusal(step.transaction(), name, reason));
            case null -> throw new IllegalStateException(entry.id() + ": the event returned no result");
        };
    }

    /** Refuses a write that was not sent, and marks the transaction for rollback. */
    private CompletionStage<Answer<Transaction>> refuse(TransactionEntry entry, String name, Refusal refusal) {
        driver.apply(entry, new CoordinatorEvent.WriteNotSent(name, refusal.detail()));
        return Answer.refusedStage(refusal);
    }

    /** Stores the write, which is sent with the prepare message. */
    private Answer<Transaction> defer(TransactionEntry entry, String name, Message.Write message) {
        entry.deferWrite(message, name);
        Answer<Transaction> answer = written(entry, name, message, new Reply.Acknowledged());
        if (answer instanceof Answer.Refused<Transaction>) {
            entry.takeDeferredWrites(name); // the transaction may have ended
        }
        return answer;
    }

    private Answer<Transaction> written(TransactionEntry entry, String name, Message.Write message, Reply reply) {
        Step step = driver.replied(entry, name, message, reply);
        if (!(reply instanceof Reply.Acknowledged)) {
            return Answer.refused(new Refusal(
                    ReplyTable.refusal(reply), ReplyTable.writeFailure(name, reply.detail()), entry.id(), name));
        }
        return step.write() instanceof WriteResult.Refused(WriteResult.Reason reason)
                ? Answer.refused(refusal(step.transaction(), name, reason))
                : Answer.of(step.transaction());
    }

    private Refusal refusal(Transaction t, String name, WriteResult.Reason reason) {
        return switch (reason) {
            case WRONG_STATE -> Refusals.wrongState(t, name);
            case TOO_MANY_WRITES ->
                new Refusal(
                        Kind.LIMIT_EXCEEDED,
                        String.format(Locale.ROOT, "a transaction has at most %d writes", machine.writesMax()),
                        t.id(),
                        name);
            case TOO_MANY_PARTICIPANTS ->
                new Refusal(
                        Kind.LIMIT_EXCEEDED,
                        String.format(
                                Locale.ROOT, "a transaction has at most %d participants", machine.participantsMax()),
                        t.id(),
                        name);
        };
    }
}

package dtc.console;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Cause;
import dtc.protocol.Refusal;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.Coordinator;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The actions of operators that are possible now, and their results. */
@Singleton
record Actions(
        Audit audit,
        Coordinator coordinator,
        Registry registry,
        ResourceManagers resourceManagers,
        TransactionView transaction) {

    static final int REASON_CHARS_MAX = 300;

    /** The confirmation of an action on a transaction, or on one of its participants, or on a resource manager. */
    public record Confirmation(
            Action action,
            String subject,
            String link,
            TransactionView.@Nullable Model view,
            ResourceManagers.@Nullable Model rm,
            String participant) {

        public int reasonCharsMax() {
            return REASON_CHARS_MAX;
        }
    }

    /** @param act carries out the action by an operator */
    record Proposal(Confirmation confirmation, Function<Resolution, CompletionStage<Audit.Result>> act) {}

    /** Returns an action on a transaction or a resource manager; empty if it has no effect now. */
    Optional<Proposal> find(ConsoleResource.Target target) {
        String participant = target.rm() == null ? "" : target.rm();
        return Action.parse(target.action())
                .flatMap(action -> target.kind().equals("transactions")
                        ? TransactionId.parse(target.id()).flatMap(id -> onTransaction(id, action, participant))
                        : onResourceManager(target.id(), action));
    }

    private Optional<Proposal> onTransaction(TransactionId id, Action action, String participant) {
        TransactionView.Model view = transaction.model(id);
        if (view == null
                || !view.actions().contains(action)
                || (action == Action.GIVE_UP && !view.awaits(participant))) {
            return Optional.empty();
        }
        Function<Resolution, CompletionStage<Audit.Result>> act = switch (action) {
            case ROLL_BACK -> by -> result(coordinator.rollback(id, by.reason()), after -> rolledBack(view.t(), after));
            case RETRY ->
                _ -> result(
                        now(coordinator.retryNow(id)),
                        retried -> retried(retried, view.awaited().size()));
            case RESOLVE -> by -> result(coordinator.resolve(id, by), _ -> done("The transaction is resolved."));
            case GIVE_UP -> by -> result(coordinator.undelivered().giveUp(id, participant, by), _ -> Audit.RECORDED);
            case REMOVE, DISCARD -> throw new IllegalStateException("not of transactions: " + action);
        };
        String link = Audit.link("transactions", id.toString());
        return Optional.of(new Proposal(new Confirmation(action, id.toString(), link, view, null, participant), act));
    }

    private Optional<Proposal> onResourceManager(String id, Action action) {
        ResourceManagers.Model rm = resourceManagers.model(id, audit);
        if (!rm.row().actions().contains(action)) {
            return Optional.empty();
        }
        Function<Resolution, CompletionStage<Audit.Result>> act = switch (action) {
            case RETRY ->
                _ -> now(retried(
                        coordinator.retryNow(id),
                        resourceManagers.get(id).waiting().total()));
            case REMOVE ->
                _ -> result(now(registry.removeLapsed(id)), _ -> done("The resource manager is no longer registered."));
            case GIVE_UP ->
                by -> result(
                        coordinator.undelivered().giveUpAll(id, by),
                        number -> givenUp(number, rm.row().waiting().total()));
            case ROLL_BACK, RESOLVE, DISCARD -> throw new IllegalStateException("not of resource managers: " + action);
        };
        String link = Audit.link("resource-managers", id);
        return Optional.of(new Proposal(new Confirmation(action, id, link, null, rm, ""), act));
    }

    // Results

    private static <T> CompletionStage<Audit.Result> result(
            CompletionStage<Answer<T>> answer, Function<T, Audit.Result> given) {
        return answer.thenApply(result -> switch (result) {
            case Answer.Given<T>(T value) -> given.apply(value);
            case Answer.Refused<T>(Refusal refusal) ->
                new Audit.Result(false, "Refused: %s.".formatted(refusal.detail()));
        });
    }

    private static Audit.Result done(String text) {
        return new Audit.Result(true, text);
    }

    /** The rollback may have been decided before the action, which then did not cause it. */
    static Audit.Result rolledBack(Transaction before, Transaction after) {
        // A marked transaction keeps its cause, and a heuristic outcome has a cause of its own.
        boolean byThis = after.cause() == Cause.OPERATOR
                || before.state() == TransactionState.MARKED_ROLLBACK
                || after.state() == TransactionState.HEURISTIC;
        String state = Format.words(after.state().externalState().name());
        String cause =
                after.cause() == null ? "unknown" : Format.words(after.cause().name());
        return byThis
                ? done("The transaction is %s.".formatted(state))
                : new Audit.Result(false, "The transaction is %s for another cause: %s.".formatted(state, cause));
    }

    /**
     * @param retried the number of retries that were paused
     * @param waiting the number of participants, or transactions, that the page shows as waiting
     */
    static Audit.Result retried(int retried, long waiting) {
        // Rollbacks of transactions that have ended are retried too, but nothing waits for them.
        long ofWaiting = Math.min(retried, waiting);
        List<String> parts = new ArrayList<>();
        if (ofWaiting > 0) {
            String all = Format.count(waiting, "delivery", "deliveries");
            parts.add("Retrying %s of %s.".formatted(Format.count(ofWaiting), all));
        }
        if (ofWaiting < waiting) {
            String others = Format.count(waiting - ofWaiting, "delivery is", "deliveries are");
            parts.add("%s already in progress or queued.".formatted(others));
        }
        if (retried > ofWaiting) {
            String rollbacks = Format.count(retried - ofWaiting, "rollback", "rollbacks");
            parts.add("Retrying %s of ended transactions.".formatted(rollbacks));
        }
        return new Audit.Result(retried > 0, parts.isEmpty() ? "Everything is delivered." : String.join(" ", parts));
    }

    /**
     * @param givenUp the number of deliveries that were given up
     * @param waiting the number of transactions that the page showed as waiting
     */
    static Audit.Result givenUp(int givenUp, long waiting) {
        long ofWaiting = Math.min(givenUp, waiting);
        String ended = givenUp == ofWaiting
                ? ""
                : ", and %s of ended transactions"
                        .formatted(Format.count(givenUp - ofWaiting, "rollback", "rollbacks"));
        return done("Given up: %s%s.".formatted(Format.count(ofWaiting, "transaction", "transactions"), ended));
    }

    private static <T> CompletionStage<T> now(T value) {
        return CompletableFuture.completedFuture(value);
    }
}

package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.conformance.CoordinatorServer.InquiryAnswer;
import dtc.conformance.Row.Mode;
import dtc.conformance.Row.Profile;
import dtc.protocol.Vote;
import java.util.List;
import java.util.stream.Stream;

/** What remains after a restart. */
final class RestartRows {

    private static final String DURABLE =
            "A durable RM keeps prepared transactions and outcomes, and its instance with them";

    private RestartRows() {}

    static List<Row> rows() {
        return Stream.of(
                        core(
                                "restart-instance",
                                "`instance` is new at each start of an RM that keeps nothing across a restart.",
                                RestartRows::instance),
                        core(
                                "restart-before-vote",
                                "the coordinator must notice that votes and writes were lost",
                                RestartRows::beforeVote),
                        core("restart-registers", "The service registers when it starts", RestartRows::registers),
                        durable("restart-prepared", RestartRows::prepared),
                        durable("restart-locks", RestartRows::locks),
                        durable("restart-inquiry", RestartRows::inquiry),
                        durable("restart-committed", RestartRows::committed),
                        durable("restart-rolled-back", RestartRows::rolledBack))
                .map(row -> row.when(Mode.RESTART))
                .toList();
    }

    private static Row durable(String name, Row.Procedure procedure) {
        return core(name, DURABLE, procedure).in(Profile.DURABLE);
    }

    private static boolean isSameInstance(RowContext c, CheckedTransaction before) {
        return c.resourceManager().registration().instance().equals(before.instance());
    }

    private static void expectSameInstance(RowContext c, CheckedTransaction before) {
        if (!isSameInstance(c, before)) {
            throw new RowFailure("expected: the same \"instance\" after the restart, %s\nreceived: %s"
                    .formatted(
                            before.instance(),
                            c.resourceManager().registration().instance()));
        }
    }

    private static void instance(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.prepared(key, c.value());
        c.restart();
        if (isSameInstance(c, transaction)) {
            c.expectVote(transaction.prepare(), Vote.COMMIT);
            c.expectAcknowledged(transaction.commit());
            c.expectValue(key, c.value());
        }
    }

    private static void beforeVote(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.staged(key, c.value());
        c.restart();
        // A coordinator does not send it to another instance, and counts ABORT.
        if (c.expectAnyVote(transaction.prepare()) != Vote.ABORT) {
            c.expectAcknowledged(transaction.commit());
            c.expectValue(key, c.value());
        }
    }

    /** {@link RowContext#restart} fails if the resource manager does not register. */
    private static void registers(RowContext c) {
        c.restart();
        c.committed(c.newKey(), c.value());
    }

    private static void prepared(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.prepared(key, c.value());
        c.restart();
        expectSameInstance(c, transaction);
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        c.expectNoValue(key);
        c.expectAcknowledged(transaction.commit());
        c.expectCommitted(transaction, key, c.value());
    }

    private static void locks(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.prepared(key, c.value());
        c.restart();
        c.expectLocked(key);
        c.expectAcknowledged(transaction.rollback());
        c.committed(key, c.value());
    }

    private static void inquiry(RowContext c) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction transaction = c.prepared(key, c.value());
        c.restart();
        int before = c.coordinator().inquiries(transaction.id());
        c.coordinator().answerInquiries(transaction.id(), List.of(InquiryAnswer.COMMIT));
        c.awaitInquiries(transaction, before + 1);
        c.awaitEnd(transaction);
        c.expectCommitted(transaction, key, c.value());
    }

    private static void committed(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.committed(key, c.value());
        c.restart();
        c.expectCommitted(transaction, key, c.value());
    }

    private static void rolledBack(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.prepared(key, c.value());
        c.expectAcknowledged(transaction.rollback());
        c.restart();
        c.expectStatus(transaction.writeUncounted(2, RowContext.put(key, c.value())), 409);
        c.expectVote(transaction.prepare(), Vote.ABORT);
        c.expectRolledBack(transaction, key);
    }
}

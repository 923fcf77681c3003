package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.conformance.Row.Profile;
import dtc.protocol.Vote;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** One-phase commit, and the instance that a resource manager with this feature checks. */
final class OnePhaseRows {

    private static final String NO_COMMIT = "or refuses the commit with 409, and remembers that";

    private OnePhaseRows() {}

    static List<Row> rows() {
        return Stream.of(
                        core(
                                "one-phase-commits",
                                "the RM accepts a `commit` without a `prepare`",
                                OnePhaseRows::commits),
                        core("one-phase-gap", NO_COMMIT, OnePhaseRows::gap),
                        core("one-phase-without-writes", NO_COMMIT, OnePhaseRows::withoutWrites),
                        core(
                                "one-phase-after-rollback",
                                "An RM with `one-phase` remembers rollbacks and refuses a late commit",
                                OnePhaseRows::afterRollback),
                        core(
                                "one-phase-locks",
                                "An RM locks all keys of a transaction at once, at its vote, and holds them until the"
                                        + " outcome.",
                                OnePhaseRows::locks),
                        core(
                                "other-instance",
                                "If it is not the instance of a hosted RM, the RM answers a write with 409, a prepare"
                                        + " with ABORT and a commit with 404.",
                                OnePhaseRows::otherInstance),
                        core(
                                "other-instance-rollback",
                                "It carries out a rollback and answers 404, because it cannot know whether the earlier"
                                        + " instance had committed.",
                                OnePhaseRows::otherInstanceRollback))
                .map(row -> row.in(Profile.ONE_PHASE).needs("one-phase"))
                .toList();
    }

    private static void commits(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.staged(key, c.value());
        c.expectAcknowledged(transaction.commitOnePhase());
        c.expectAcknowledged(transaction.commitOnePhase());
        c.expectCommitted(transaction, key, c.value());
    }

    private static void gap(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.write(1, RowContext.put(key, c.value())));
        c.expectAcknowledged(transaction.write(3, RowContext.put(c.newKey(), c.value())));
        c.expectProblem(transaction, transaction.commitOnePhase(), 409);
        c.expectStatus(transaction.write(2, RowContext.put(c.newKey(), c.value())), 409);
        c.expectProblem(transaction, transaction.commitOnePhase(), 409);
        c.expectNoValue(key);
    }

    private static void withoutWrites(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectProblem(transaction, transaction.commitOnePhase(), 404, 409);
        c.expectStatus(transaction.write(RowContext.put(c.newKey(), c.value())), 409);
    }

    private static void afterRollback(RowContext c) {
        CheckedTransaction transaction = c.staged(c.newKey(), c.value());
        c.expectAcknowledged(transaction.rollback());
        c.expectProblem(transaction, transaction.commitOnePhase(), 404, 409);
    }

    private static void locks(RowContext c) {
        String key = c.newKey();
        CheckedTransaction holder = c.prepared(key, c.value());
        CheckedTransaction younger = c.staged(key, c.otherValue());
        c.expectProblem(younger, younger.commitOnePhase(), 409);
        c.expectAcknowledged(holder.commit());
        c.expectValue(key, c.value());
    }

    private static CheckedTransaction toAnother(CheckedTransaction transaction) {
        return transaction.with(
                ResourceManagerUnderTest.INSTANCE, UUID.randomUUID().toString());
    }

    private static void otherInstance(RowContext c) {
        String key = c.newKey();
        CheckedTransaction write = c.begin();
        c.expectStatus(toAnother(write).writeUncounted(1, RowContext.put(key, c.value())), 409);
        CheckedTransaction prepare = c.staged(key, c.value());
        c.expectVote(toAnother(prepare).prepare(), Vote.ABORT);
        CheckedTransaction onePhase = c.staged(key, c.value());
        c.expectProblem(onePhase, toAnother(onePhase).commitOnePhase(), 404);
        CheckedTransaction commit = c.prepared(c.newKey(), c.value());
        c.expectProblem(commit, toAnother(commit).commit(), 404);
        c.expectNoValue(key);
    }

    private static void otherInstanceRollback(RowContext c) {
        String key = c.newKey();
        CheckedTransaction prepared = c.prepared(key, c.value());
        c.expectProblem(prepared, toAnother(prepared).rollback(), 404);
        c.committed(key, c.value());
    }
}

package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.conformance.CoordinatorServer.InquiryAnswer;
import dtc.conformance.Row.Profile;
import dtc.protocol.Vote;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Future;

/** A participant in doubt. */
final class InquiryRows {

    private static final String NEVER_ALONE =
            "After `PENDING`, an error, or no answer it sends the inquiry again. It never decides alone.";

    private static final Duration STAGED_WAIT = Duration.ofSeconds(4);
    private static final Duration IN_DOUBT = Duration.ofSeconds(25);

    /** What does not tell an outcome. */
    private static final EnumSet<InquiryAnswer> FAILURES = EnumSet.of(
            InquiryAnswer.ERROR,
            InquiryAnswer.NOT_FOUND,
            InquiryAnswer.PAGE,
            InquiryAnswer.OTHER_WORD,
            InquiryAnswer.INCOMPLETE,
            InquiryAnswer.EMPTY,
            InquiryAnswer.CLOSE);

    private InquiryRows() {}

    static List<Row> rows() {
        return List.of(
                core(
                        "inquiry-commit",
                        "A participant in doubt sends the inquiry `GET /transactions/{id}/outcome`",
                        InquiryRows::commit),
                core(
                        "inquiry-rollback",
                        "A participant in doubt sends the inquiry `GET /transactions/{id}/outcome`",
                        InquiryRows::rollback),
                core("inquiry-pending", NEVER_ALONE, c -> keepsInDoubt(c, InquiryAnswer.PENDING)),
                core("inquiry-errors", NEVER_ALONE, InquiryRows::errors),
                core(
                        "inquiry-staged",
                        "A transaction that has not voted does not commit because of an inquiry",
                        InquiryRows::staged),
                core("inquiry-unanswered", NEVER_ALONE, c -> keepsInDoubt(c, InquiryAnswer.NONE))
                        .in(Profile.SLOW),
                core(
                                "in-doubt-kept",
                                "after a vote for COMMIT: nothing is removed before the outcome",
                                InquiryRows::inDoubtKept)
                        .in(Profile.SLOW));
    }

    /** Prepares a transaction after its answers are set, because the inquiry may be quick. */
    private static CheckedTransaction prepared(RowContext c, String key, InquiryAnswer... answers) {
        CheckedTransaction transaction = c.staged(key, c.value());
        c.coordinator().answerInquiries(transaction.id(), List.of(answers));
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        return transaction;
    }

    private static void commit(RowContext c) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction transaction = prepared(c, key, InquiryAnswer.COMMIT);
        c.awaitInquiries(transaction, 1);
        c.awaitEnd(transaction);
        c.expectCommitted(transaction, key, c.value());
    }

    private static void rollback(RowContext c) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction transaction = prepared(c, key, InquiryAnswer.ROLLBACK);
        c.awaitInquiries(transaction, 1);
        c.awaitEnd(transaction);
        c.expectRolledBack(transaction, key);
        c.committed(key, c.value());
    }

    private static void keepsInDoubt(RowContext c, InquiryAnswer first) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction transaction = prepared(c, key, first, InquiryAnswer.COMMIT);
        c.awaitInquiries(transaction, 2);
        c.awaitEnd(transaction);
        c.expectCommitted(transaction, key, c.value());
    }

    private static void errors(RowContext c) throws InterruptedException {
        List<Future<InquiryAnswer>> checks = new ArrayList<>();
        for (InquiryAnswer failure : FAILURES) {
            checks.add(RowContext.start(() -> {
                try {
                    keepsInDoubt(c, failure);
                    return failure;
                } catch (RowFailure e) {
                    throw new RowFailure("The first inquiry was answered with " + failure + ".\n" + e.getMessage());
                }
            }));
        }
        for (Future<InquiryAnswer> check : checks) {
            RowContext.join(check);
        }
    }

    private static void staged(RowContext c) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction transaction = c.staged(key, c.value());
        c.coordinator().answerInquiries(transaction.id(), List.of(InquiryAnswer.COMMIT));
        c.pause(STAGED_WAIT);
        c.expectNoValue(key);
        c.expectAcknowledged(transaction.rollback());
        c.expectNoValue(key);
    }

    private static void inDoubtKept(RowContext c) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction transaction = prepared(c, key, InquiryAnswer.PENDING);
        c.pause(IN_DOUBT.compareTo(c.patience()) < 0 ? IN_DOUBT : c.patience());
        c.expectLocked(key);
        c.expectNoValue(key);
        c.expectAcknowledged(transaction.commit());
        c.expectValue(key, c.value());
    }
}

package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.protocol.Vote;
import java.util.List;
import java.util.Map;

/** The messages of one transaction. */
final class CoreRows {

    private CoreRows() {}

    static List<Row> rows() {
        return List.of(
                core(
                        "commits",
                        "A vote is 200 with `Content-Type: application/json` and exactly one of the three words.",
                        CoreRows::commits),
                core(
                        "staged-is-invisible",
                        "It is *staged* (not visible) until the commit",
                        CoreRows::stagedIsInvisible),
                core("committed-is-visible", "A commit makes the writes visible", CoreRows::committedIsVisible),
                core(
                        "lists-open",
                        "transactions that are staged (`ACTIVE`) or in doubt (`PREPARED`)",
                        CoreRows::listsOpen),
                core(
                        "vote-repeated",
                        "A repeated prepare gets the same vote, as long as the outcome is remembered.",
                        CoreRows::voteRepeated),
                core(
                        "vote-without-writes",
                        "A prepare after the rollback, or before any write, gets ABORT.",
                        CoreRows::voteWithoutWrites),
                core(
                        "write-after-abort",
                        "That outcome is remembered, so the late write is refused.",
                        CoreRows::writeAfterAbort),
                core(
                        "write-after-vote",
                        "A write is refused with 409 after the vote or the end",
                        CoreRows::writeAfterVote),
                core(
                        "write-after-commit",
                        "A write is refused with 409 after the vote or the end",
                        CoreRows::writeAfterCommit),
                core(
                        "commit-repeated",
                        "A commit is applied once. A repeated one is answered 204.",
                        CoreRows::commitRepeated),
                core(
                        "commit-unknown",
                        "404 and 409 to a commit or a rollback, and 507 to a one-phase commit, count as"
                                + " `application/problem+json` only. Its member `transaction` must be the id of the"
                                + " message",
                        CoreRows::commitUnknown),
                core(
                        "commit-after-rollback",
                        "It is answered 409 if the transaction was rolled back here, and 404 if it is unknown here.",
                        CoreRows::commitAfterRollback),
                core(
                        "rollback-unknown",
                        "A rollback of an unknown transaction is answered 204",
                        CoreRows::rollbackUnknown),
                core(
                        "rollback-late-write",
                        "A rollback of an unknown transaction is answered 204 and remembered, so a late write is"
                                + " refused.",
                        CoreRows::rollbackLateWrite),
                core(
                        "rollback-late-prepare",
                        "A prepare after the rollback, or before any write, gets ABORT.",
                        CoreRows::rollbackLatePrepare),
                core(
                        "rollback-discards",
                        "A rollback discards the writes and releases the keys",
                        CoreRows::rollbackDiscards),
                core(
                        "rollback-after-commit",
                        "It is answered 409 if the transaction was committed here",
                        CoreRows::rollbackAfterCommit),
                core(
                        "read-only",
                        "Vote `READ_ONLY` only if the transaction has written and checked nothing",
                        CoreRows::readOnly),
                core(
                        "gap",
                        "If not all numbers from 1 to this one have arrived, a hosted RM votes ABORT",
                        CoreRows::gap),
                core(
                        "last-write-missing",
                        "If not all numbers from 1 to this one have arrived, a hosted RM votes ABORT",
                        CoreRows::lastWriteMissing),
                core(
                        "duplicate-number",
                        "A write whose number has arrived before is ignored, and counts as arrived.",
                        CoreRows::duplicateNumber),
                core(
                        "reordered-writes",
                        "For each key the write with the highest number counts, so a reordered write does not undo a"
                                + " later one.",
                        CoreRows::reorderedWrites),
                core("other-rm", "421, without any effect", CoreRows::otherResourceManager));
    }

    private static void commits(RowContext c) {
        c.committed(c.newKey(), c.value());
    }

    private static void stagedIsInvisible(RowContext c) {
        c.needEntries();
        String key = c.newKey();
        CheckedTransaction transaction = c.staged(key, c.value());
        c.expectNoValue(key);
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        c.expectNoValue(key);
    }

    private static void committedIsVisible(RowContext c) {
        c.needEntries();
        String key = c.newKey();
        c.committed(key, c.value());
        c.expectValue(key, c.value());
        c.committed(key, c.otherValue());
        c.expectValue(key, c.otherValue());
    }

    private static void listsOpen(RowContext c) {
        c.needOpenTransactions();
        String key = c.newKey();
        CheckedTransaction staged = c.staged(c.newKey(), c.value());
        CheckedTransaction prepared = c.prepared(key, c.value());
        CheckedTransaction committed = c.committed(c.newKey(), c.value());
        Map<String, String> open = c.resourceManager().openTransactions().orElse(Map.of());
        expectState(open, staged, "ACTIVE");
        expectState(open, prepared, "PREPARED");
        expectState(open, committed, "");
    }

    private static void expectState(Map<String, String> open, CheckedTransaction transaction, String state) {
        String found = open.getOrDefault(transaction.id().toString(), "");
        if (!found.equals(state)) {
            throw new RowFailure("sent:     GET /transactions\nexpected: %s for %s\nreceived: %s"
                    .formatted(
                            state.isEmpty() ? "nothing" : state,
                            transaction.id(),
                            found.isEmpty() ? "nothing" : found));
        }
    }

    private static void voteRepeated(RowContext c) {
        CheckedTransaction transaction = c.prepared(c.newKey(), c.value());
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        c.expectAcknowledged(transaction.commit());
    }

    private static void voteWithoutWrites(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectVote(transaction.prepare(), Vote.ABORT);
        c.expectVote(transaction.prepare(), Vote.ABORT);
    }

    private static void writeAfterAbort(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectVote(transaction.prepare(), Vote.ABORT);
        c.expectStatus(transaction.write(RowContext.put(c.newKey(), c.value())), 409);
    }

    private static void writeAfterVote(RowContext c) {
        String late = c.newKey();
        CheckedTransaction transaction = c.prepared(c.newKey(), c.value());
        c.expectStatus(transaction.writeUncounted(2, RowContext.put(late, c.value())), 409);
        c.expectAcknowledged(transaction.commit());
        c.expectNoValue(late);
    }

    private static void writeAfterCommit(RowContext c) {
        String late = c.newKey();
        CheckedTransaction transaction = c.committed(c.newKey(), c.value());
        c.expectStatus(transaction.writeUncounted(2, RowContext.put(late, c.value())), 409);
        c.expectNoValue(late);
    }

    private static void commitRepeated(RowContext c) {
        String key = c.newKey();
        CheckedTransaction first = c.committed(key, c.value());
        c.expectAcknowledged(first.commit());
        c.committed(key, c.otherValue());
        c.expectAcknowledged(first.commit());
        c.expectValue(key, c.otherValue());
    }

    private static void commitUnknown(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectProblem(transaction, transaction.commit(), 404);
    }

    private static void commitAfterRollback(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.prepared(key, c.value());
        c.expectAcknowledged(transaction.rollback());
        c.expectRolledBack(transaction, key);
    }

    private static void rollbackUnknown(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.rollback());
        c.expectAcknowledged(transaction.rollback());
    }

    private static void rollbackLateWrite(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.rollback());
        c.expectStatus(transaction.write(RowContext.put(c.newKey(), c.value())), 409);
    }

    private static void rollbackLatePrepare(RowContext c) {
        CheckedTransaction transaction = c.staged(c.newKey(), c.value());
        c.expectAcknowledged(transaction.rollback());
        c.expectVote(transaction.prepare(), Vote.ABORT);
    }

    private static void rollbackDiscards(RowContext c) {
        String key = c.newKey();
        CheckedTransaction staged = c.staged(key, c.otherValue());
        c.expectAcknowledged(staged.rollback());
        CheckedTransaction prepared = c.prepared(key, c.otherValue());
        c.expectAcknowledged(prepared.rollback());
        c.expectAcknowledged(prepared.rollback());
        c.expectNoValue(key);
        c.committed(key, c.value());
        c.expectValue(key, c.value());
    }

    private static void rollbackAfterCommit(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.committed(key, c.value());
        c.expectCommitted(transaction, key, c.value());
    }

    private static void readOnly(RowContext c) {
        String key = c.newKey();
        c.committed(key, c.value());
        // A write of the value that the key has already.
        c.prepared(key, c.value());
        c.expectLocked(key);
    }

    private static void gap(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.write(1, RowContext.put(c.newKey(), c.value())));
        c.expectAcknowledged(transaction.write(3, RowContext.put(c.newKey(), c.value())));
        c.expectVote(transaction.prepare(), Vote.ABORT);
    }

    private static void lastWriteMissing(RowContext c) {
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.write(RowContext.put(c.newKey(), c.value())));
        c.expectAcknowledged(transaction.write(RowContext.put(c.newKey(), c.value())));
        c.expectVote(transaction.prepare(3), Vote.ABORT);
    }

    private static void duplicateNumber(RowContext c) {
        String key = c.newKey();
        CheckedTransaction complete = c.begin();
        c.expectAcknowledged(complete.write(1, RowContext.put(key, c.value())));
        c.expectAcknowledged(complete.write(2, RowContext.put(key, c.otherValue())));
        c.expectAcknowledged(complete.write(1, RowContext.put(key, c.value())));
        c.expectVote(complete.prepare(), Vote.COMMIT);
        c.expectAcknowledged(complete.commit());
        c.expectValue(key, c.otherValue());
        // A duplicate does not replace a write that is missing.
        CheckedTransaction incomplete = c.begin();
        c.expectAcknowledged(incomplete.write(1, RowContext.put(key, c.value())));
        c.expectAcknowledged(incomplete.write(1, RowContext.put(key, c.value())));
        c.expectVote(incomplete.prepare(2), Vote.ABORT);
    }

    private static void reorderedWrites(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.write(2, RowContext.put(key, c.otherValue())));
        c.expectAcknowledged(transaction.write(1, RowContext.put(key, c.value())));
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        c.expectAcknowledged(transaction.commit());
        c.expectValue(key, c.otherValue());
    }

    private static void otherResourceManager(RowContext c) {
        String key = c.newKey();
        String header = ResourceManagerUnderTest.RESOURCE_MANAGER;
        CheckedTransaction transaction = c.begin();
        c.expectStatus(transaction.with(header, "another").writeUncounted(1, RowContext.put(key, c.otherValue())), 421);
        c.expectAcknowledged(transaction.write(RowContext.put(key, c.value())));
        c.expectStatus(transaction.with(header, "another").prepare(), 421);
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        c.expectStatus(transaction.with(header, "another").rollback(), 421);
        c.expectStatus(transaction.with(header, "another").commit(), 421);
        c.expectNoValue(key);
        c.expectAcknowledged(transaction.commit());
        c.expectValue(key, c.value());
    }
}

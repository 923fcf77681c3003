package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.conformance.Row.Mode;
import dtc.protocol.Vote;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Two transactions with a common key. The coordinator of a row delays the outcome of the transaction that holds the
 * key, as if it waited for another resource manager.
 */
final class ConflictRows {

    private static final String YOUNGER = "a transaction that meets a key held by an older one votes ABORT.";

    /** A younger transaction does not wait. This is the time of one call on a loaded machine. */
    private static final Duration WITHOUT_WAITING = Duration.ofMillis(500);

    private static final int PARALLEL = 8;

    private ConflictRows() {}

    static List<Row> rows() {
        return List.of(
                core(
                        "locks",
                        "An RM locks all keys of a transaction at once, at its vote, and holds them until the outcome.",
                        ConflictRows::locks),
                core("younger-aborts", YOUNGER, ConflictRows::youngerAborts).when(Mode.TIMING),
                core("older-waits", "It waits if all holders are younger.", ConflictRows::olderWaits)
                        .when(Mode.TIMING),
                core(
                                "older-in-time",
                                "A vote that does not arrive within 1 s counts as ABORT.",
                                ConflictRows::olderInTime)
                        .when(Mode.TIMING),
                core(
                        "abort-releases",
                        "An RM locks all keys of a transaction at once, at its vote, and holds them until the outcome.",
                        ConflictRows::abortReleases),
                core(
                        "parallel-on-one-key",
                        "An RM locks all keys of a transaction at once, at its vote, and holds them until the outcome.",
                        ConflictRows::parallelOnOneKey));
    }

    private static void locks(RowContext c) {
        String key = c.newKey();
        CheckedTransaction holder = c.prepared(key, c.value());
        c.expectLocked(key);
        c.expectAcknowledged(holder.commit());
        CheckedTransaction next = c.prepared(key, c.otherValue());
        c.expectLocked(key);
        c.expectAcknowledged(next.commit());
        c.expectValue(key, c.otherValue());
    }

    private static void youngerAborts(RowContext c) {
        String key = c.newKey();
        CheckedTransaction older = c.begin();
        CheckedTransaction younger = c.staged(key, c.otherValue());
        c.expectAcknowledged(older.write(RowContext.put(key, c.value())));
        c.expectVote(older.prepare(), Vote.COMMIT);
        Exchange vote = younger.prepare();
        c.expectVote(vote, Vote.ABORT);
        c.expectWithin(WITHOUT_WAITING, vote);
        c.expectAcknowledged(older.commit());
        c.expectRolledBack(younger, c.newKey());
        c.expectValue(key, c.value());
    }

    private static void olderWaits(RowContext c) throws InterruptedException {
        String key = c.newKey();
        CheckedTransaction older = c.staged(key, c.otherValue());
        CheckedTransaction younger = c.prepared(key, c.value());
        Future<Exchange> waiting = RowContext.start(older::prepare);
        c.pause(Duration.ofMillis(200));
        if (waiting.isDone()) {
            c.expectVote(RowContext.join(waiting), Vote.ABORT);
        }
        // It must process the outcome of the younger one while the older one waits.
        Exchange commit = younger.commit();
        c.expectAcknowledged(commit);
        c.expectWithin(WITHOUT_WAITING, commit);
        Exchange vote = RowContext.join(waiting);
        c.expectWithin(RowContext.VOTE_TIMEOUT, vote);
        if (c.expectAnyVote(vote) == Vote.COMMIT) {
            c.expectValue(key, c.value());
            c.expectAcknowledged(older.commit());
            c.expectValue(key, c.otherValue());
        }
    }

    private static void olderInTime(RowContext c) {
        String key = c.newKey();
        CheckedTransaction older = c.staged(key, c.otherValue());
        CheckedTransaction younger = c.prepared(key, c.value());
        Exchange vote = older.prepare();
        c.expectVote(vote, Vote.ABORT);
        c.expectWithin(RowContext.VOTE_TIMEOUT, vote);
        c.expectAcknowledged(younger.commit());
        c.expectValue(key, c.value());
    }

    private static void abortReleases(RowContext c) {
        String first = c.newKey();
        String second = c.newKey();
        c.prepared(second, c.value());
        CheckedTransaction younger = c.staged(first, c.value());
        c.expectAcknowledged(younger.write(RowContext.put(second, c.value())));
        c.expectVote(younger.prepare(), Vote.ABORT);
        c.committed(first, c.value());
    }

    private static void parallelOnOneKey(RowContext c) throws InterruptedException {
        String key = c.newKey();
        List<Future<Exchange>> votes = new ArrayList<>();
        for (int i = 0; i < PARALLEL; i++) {
            CheckedTransaction transaction = c.staged(key, c.value());
            votes.add(RowContext.start(transaction::prepare));
        }
        int commits = 0;
        for (Future<Exchange> future : votes) {
            Exchange exchange = RowContext.join(future);
            commits += c.expectAnyVote(exchange) == Vote.COMMIT ? 1 : 0;
            RowContext.expect(commits <= 1, "no second vote for COMMIT while one transaction holds the key", exchange);
        }
    }
}

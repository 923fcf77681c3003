package dtc.conformance;

import static dtc.conformance.Row.core;

import dtc.protocol.Vote;
import java.util.List;
import java.util.stream.Stream;

/** Deletes and conditions. */
final class ConditionRows {

    private static final String OWN_WRITES =
            "Each one is compared with the value committed before the transaction, so its own writes do not count.";

    private ConditionRows() {}

    static List<Row> rows() {
        return Stream.of(
                        core(
                                "delete",
                                "Instead of `value`, a write may have `\"delete\":true`.",
                                ConditionRows::delete),
                        core(
                                "condition-value",
                                "If a condition does not hold, the vote is ABORT",
                                ConditionRows::conditionValue),
                        core(
                                "condition-absent",
                                "If a condition does not hold, the vote is ABORT",
                                ConditionRows::conditionAbsent),
                        core("condition-reason", "and the reason names the key", ConditionRows::conditionReason),
                        core("condition-own-write", OWN_WRITES, ConditionRows::conditionOwnWrite),
                        core("condition-replaced", "All conditions count", ConditionRows::conditionReplaced),
                        core(
                                "check-locks",
                                "A checked key is locked until the outcome, like a written one, and the vote is never"
                                        + " `READ_ONLY`.",
                                ConditionRows::checkLocks),
                        core(
                                "condition-equality",
                                "JSON values are compared, not texts",
                                ConditionRows::conditionEquality))
                .map(row -> row.needs("conditions"))
                .toList();
    }

    private static String delete(String key) {
        return "{\"key\":%s,\"delete\":true}".formatted(JsonDocuments.quoted(key));
    }

    /** A write of {@code value}, or only a check if it is empty. */
    private static String conditional(String key, String value, String condition) {
        return "{\"key\":%s,%s\"if\":%s}"
                .formatted(JsonDocuments.quoted(key), value.isEmpty() ? "" : "\"value\":" + value + ",", condition);
    }

    private static String hasValue(String value) {
        return "{\"value\":" + value + "}";
    }

    private static final String ABSENT = "{\"absent\":true}";

    private static CheckedTransaction staged(RowContext c, String write) {
        CheckedTransaction transaction = c.begin();
        c.expectAcknowledged(transaction.write(write));
        return transaction;
    }

    private static void commit(RowContext c, CheckedTransaction transaction) {
        c.expectVote(transaction.prepare(), Vote.COMMIT);
        c.expectAcknowledged(transaction.commit());
    }

    private static void delete(RowContext c) {
        String key = c.newKey();
        c.committed(key, c.value());
        CheckedTransaction deletion = staged(c, delete(key));
        c.expectValue(key, c.value());
        commit(c, deletion);
        c.expectNoValue(key);
        commit(c, staged(c, conditional(key, c.value(), ABSENT)));
    }

    private static void conditionValue(RowContext c) {
        String key = c.newKey();
        c.committed(key, c.value());
        c.expectVote(
                staged(c, conditional(key, c.otherValue(), hasValue(c.otherValue())))
                        .prepare(),
                Vote.ABORT);
        c.expectVote(
                staged(c, conditional(c.newKey(), c.value(), hasValue(c.value())))
                        .prepare(),
                Vote.ABORT);
        commit(c, staged(c, conditional(key, c.otherValue(), hasValue(c.value()))));
        c.expectValue(key, c.otherValue());
    }

    private static void conditionAbsent(RowContext c) {
        String key = c.newKey();
        commit(c, staged(c, conditional(key, c.value(), ABSENT)));
        c.expectVote(staged(c, conditional(key, c.otherValue(), ABSENT)).prepare(), Vote.ABORT);
        c.expectValue(key, c.value());
    }

    private static void conditionReason(RowContext c) {
        String key = c.newKey();
        Exchange vote = staged(c, conditional(key, "", hasValue(c.value()))).prepare();
        c.expectVote(vote, Vote.ABORT);
        RowContext.expect(vote.json().path("reason").asText().contains(key), "a \"reason\" that contains " + key, vote);
    }

    private static void conditionOwnWrite(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = c.staged(key, c.value());
        c.expectAcknowledged(transaction.write(conditional(key, "", ABSENT)));
        commit(c, transaction);
        c.expectValue(key, c.value());
    }

    private static void conditionReplaced(RowContext c) {
        String key = c.newKey();
        CheckedTransaction transaction = staged(c, conditional(key, c.value(), hasValue(c.value())));
        c.expectAcknowledged(transaction.write(RowContext.put(key, c.otherValue())));
        c.expectVote(transaction.prepare(), Vote.ABORT);
    }

    private static void checkLocks(RowContext c) {
        String key = c.newKey();
        CheckedTransaction check = staged(c, conditional(key, "", ABSENT));
        c.expectVote(check.prepare(), Vote.COMMIT);
        c.expectLocked(key);
        c.expectAcknowledged(check.commit());
        c.expectNoValue(key);
        c.committed(key, c.value());
    }

    private static void conditionEquality(RowContext c) {
        String key = c.newKey();
        String stored = "{\"a\":1,\"b\":[true,\"\\u0041\"]}";
        CheckedTransaction write = c.begin();
        Exchange exchange = write.write(RowContext.put(key, stored));
        if (exchange.status() != 204) {
            throw new RowSkipped("the resource manager does not accept the value " + stored);
        }
        commit(c, write);
        c.expectVote(
                staged(c, conditional(key, "", hasValue("{\"a\":1,\"b\":[1,\"A\"]}")))
                        .prepare(),
                Vote.ABORT);
        commit(c, staged(c, conditional(key, "", hasValue("{ \"b\": [true, \"A\"], \"a\": 1.0 }"))));
    }
}

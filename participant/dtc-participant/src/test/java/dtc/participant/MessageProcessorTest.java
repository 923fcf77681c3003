package dtc.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.participant.protocol.Knowledge;
import dtc.participant.protocol.Knowledge.State;
import dtc.participant.protocol.Outcome;
import dtc.participant.protocol.Reply;
import dtc.participant.sql.WorkItem;
import dtc.participant.testing.HookedDialect.Point;
import dtc.participant.testing.PostgresServer;
import dtc.participant.testing.Waiting;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages that reach two processes of a service, in all orders that matter, on PostgreSQL. */
class MessageProcessorTest {

    private final PostgresServer server = PostgresServer.shared();
    private final UUID id = UUID.randomUUID();

    private final String database;
    private final ServiceProcess first;
    private final ServiceProcess second;

    MessageProcessorTest() throws SQLException {
        database = server.createDatabase();
        first = new ServiceProcess(server, database);
        second = new ServiceProcess(server, database);
    }

    @BeforeEach
    void two_accounts() {
        server.execute(
                database,
                "CREATE TABLE account (id text PRIMARY KEY, balance int NOT NULL)",
                "INSERT INTO account VALUES ('a', 0), ('b', 0)");
    }

    private String balance(String account) {
        return String.valueOf(server.value(database, "SELECT balance FROM account WHERE id = '" + account + "'"));
    }

    private void expectNothingPrepared() {
        assertEquals(
                "0",
                server.value(database, "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()"));
    }

    private static void expectAbort(Reply reply) {
        assertEquals(false, assertInstanceOf(Reply.Voted.class, reply).commit(), reply.toString());
    }

    private static void expectUnavailable(Reply reply) {
        assertInstanceOf(Reply.Unavailable.class, reply);
    }

    private static void expectConflict(Reply reply) {
        assertInstanceOf(Reply.Conflict.class, reply);
    }

    // Without disturbance

    @Test
    void each_message_may_reach_another_process() {
        assertEquals(Reply.ACKNOWLEDGED, first.stage(id, 1, "a+5"));
        assertEquals(Reply.ACKNOWLEDGED, second.stage(id, 2, "b+7"));
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 2));
        assertEquals("0", balance("a"));
        assertEquals(Reply.ACKNOWLEDGED, second.commit(id));
        assertEquals("5", balance("a"));
        assertEquals("7", balance("b"));
        assertEquals(Reply.ACKNOWLEDGED, first.commit(id));
        assertEquals("5", balance("a"));
        expectNothingPrepared();
        assertEquals("0", server.value(database, "SELECT count(*) FROM dtc_work"));
    }

    @Test
    void work_is_done_in_the_order_of_its_numbers_and_a_repeated_number_is_ignored() {
        first.work = (connection, item) -> execute(connection, "UPDATE account SET balance = " + item.payload());
        first.stage(id, 2, "2");
        first.stage(id, 1, "1");
        assertEquals(Reply.ACKNOWLEDGED, second.stage(id, 2, "3"));
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 2));
        first.commit(id);
        assertEquals("2", balance("a"));
    }

    @Test
    void work_without_a_number_gets_the_next_one() {
        for (int i = 0; i < 3; i++) {
            assertEquals(Reply.ACKNOWLEDGED, first.processor.stage(id, null, List.of(new WorkItem("add", "a+1"))));
        }
        assertEquals(Reply.VOTED_COMMIT, first.processor.prepare(id, null));
        first.commit(id);
        assertEquals("3", balance("a"));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void a_rolled_back_transaction_leaves_nothing_but_the_outcome() {
        first.stage(id, 1, "a+5");
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 1));
        assertEquals(Reply.ACKNOWLEDGED, second.rollback(id));
        assertEquals(Reply.ACKNOWLEDGED, first.rollback(id));
        expectConflict(first.commit(id));
        expectAbort(second.prepare(id, 1));
        expectConflict(first.stage(id, 2, "a+5"));
        expectNothingPrepared();
        assertEquals("0", balance("a"));
        assertEquals("0", server.value(database, "SELECT count(*) FROM dtc_work"));
    }

    @Test
    void a_rollback_after_the_commit_is_refused() {
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        first.commit(id);
        expectConflict(second.rollback(id));
        assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1));
        expectConflict(second.stage(id, 2, "a+5"));
    }

    // Votes

    @Test
    void a_prepared_transaction_gets_the_same_vote_without_doing_its_work_again() {
        first.stage(id, 1, "a+5");
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 1));
        assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1));
        assertEquals(0, second.runs.get());
        second.commit(id);
        assertEquals("5", balance("a"));
    }

    @Test
    void a_prepare_that_overtakes_work_votes_abort_and_the_work_is_refused_then() {
        first.stage(id, 1, "a+5");
        expectAbort(second.prepare(id, 2));
        expectConflict(first.stage(id, 2, "b+5"));
        expectAbort(first.prepare(id, 2));
        assertEquals("0", balance("a"));
    }

    @Test
    void a_prepare_without_work_votes_abort_and_work_is_refused_then() {
        expectAbort(first.prepare(id, 1));
        expectConflict(second.stage(id, 1, "a+5"));
        expectConflict(second.commitOnePhase(id, 1));
    }

    @Test
    void an_exception_of_the_work_is_the_reason_of_the_vote_also_when_it_is_repeated() {
        first.stage(id, 1, "a+5");
        first.stage(id, 2, "nobody+5");
        Reply vote = first.prepare(id, 2);
        assertEquals(new Reply.Voted(false, "there is no account nobody"), vote);
        assertEquals(vote, second.prepare(id, 2));
        assertEquals("0", balance("a"));
        expectNothingPrepared();
    }

    /** The database checks it only when the transaction is prepared. */
    @Test
    void a_deferred_constraint_votes_abort() {
        server.execute(database, "CREATE TABLE owner (account text REFERENCES account DEFERRABLE INITIALLY DEFERRED)");
        first.work = (connection, item) -> execute(connection, "INSERT INTO owner VALUES ('nobody')");
        first.stage(id, 1, "");
        expectAbort(first.prepare(id, 1));
        expectAbort(second.prepare(id, 1));
        expectNothingPrepared();
    }

    @ParameterizedTest
    @ValueSource(strings = {"commit", "rollback", "autocommit", "close"})
    void work_cannot_end_the_transaction_of_the_database(String call) {
        first.work = (connection, item) -> {
            ServiceProcess.add(connection, item);
            switch (call) {
                case "commit" -> connection.commit();
                case "rollback" -> connection.rollback();
                case "autocommit" -> connection.setAutoCommit(true);
                default -> connection.close();
            }
        };
        first.stage(id, 1, "a+5");
        expectAbort(first.prepare(id, 1));
        assertEquals("0", balance("a"));
    }

    @Test
    void work_that_takes_too_long_votes_abort() {
        first.work = (connection, item) -> execute(connection, "SELECT pg_sleep(30)");
        first.stage(id, 1, "");
        expectAbort(first.prepare(id, 1));
        expectNothingPrepared();
    }

    @Test
    void a_row_of_a_transaction_in_doubt_is_locked_until_the_outcome() {
        UUID other = UUID.randomUUID();
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        second.stage(other, 1, "a+1");
        expectAbort(second.prepare(other, 1));
        first.commit(id);
        UUID next = UUID.randomUUID();
        second.stage(next, 1, "a+2");
        assertEquals(Reply.VOTED_COMMIT, second.prepare(next, 1));
        second.commit(next);
        assertEquals("7", balance("a"));
    }

    /** So a serial order holds only if a transaction locks what it reads. */
    @Test
    void a_row_that_the_work_has_locked_for_reading_does_not_change_until_the_outcome() {
        first.work = (connection, item) -> execute(connection, "SELECT 1 FROM account WHERE id = 'a' FOR SHARE");
        first.stage(id, 1, "");
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 1));
        UUID other = UUID.randomUUID();
        second.stage(other, 1, "a+1");
        expectAbort(second.prepare(other, 1));
        first.rollback(id);
    }

    @Test
    void a_broken_connection_is_not_a_vote() {
        first.work = (connection, item) -> {
            try (var row = connection.createStatement().executeQuery("SELECT pg_backend_pid()")) {
                row.next();
                server.execute(database, "SELECT pg_terminate_backend(" + row.getInt(1) + ")");
            }
            ServiceProcess.add(connection, item);
        };
        first.stage(id, 1, "a+5");
        expectUnavailable(first.prepare(id, 1));
        assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1));
        second.commit(id);
        assertEquals("5", balance("a"));
    }

    /** The answer of the database to PREPARE TRANSACTION is lost. */
    @Test
    void after_a_lost_answer_to_prepare_the_transaction_is_found_prepared() {
        first.dialect.once(Point.AFTER_PREPARE, () -> {
            throw new IllegalStateException("lost");
        });
        first.stage(id, 1, "a+5");
        expectUnavailable(first.prepare(id, 1));
        assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1));
        assertEquals(Reply.ACKNOWLEDGED, second.rollback(id));
        expectNothingPrepared();
    }

    // The order of reads

    /** If the outcome were read first, a commit between both reads would be missed. */
    @ParameterizedTest
    @ValueSource(strings = {"", "?options=-c%20default_transaction_isolation=repeatable%5C%20read"})
    void a_commit_before_the_prepared_transactions_are_read_is_found(String options) throws SQLException {
        ServiceProcess process = new ServiceProcess(new ServiceProcess.Settings(server, database, options));
        second.stage(id, 1, "a+5");
        second.prepare(id, 1);
        process.dialect.once(Point.BEFORE_PREPARED_IS_READ, () -> second.commit(id));
        assertEquals(Knowledge.of(State.COMMITTED), process.store.lookup(id));
        assertTrue(process.dialect.isDone());
    }

    /** If the outcome were read with the snapshot of the first read, it would be missed. */
    @ParameterizedTest
    @ValueSource(strings = {"", "?options=-c%20default_transaction_isolation=repeatable%5C%20read"})
    void a_vote_and_a_commit_after_the_prepared_transactions_are_read_are_found(String options) throws SQLException {
        ServiceProcess process = new ServiceProcess(new ServiceProcess.Settings(server, database, options));
        second.stage(id, 1, "a+5");
        process.dialect.once(Point.AFTER_PREPARED_IS_READ, () -> {
            second.prepare(id, 1);
            second.commit(id);
        });
        assertEquals(Knowledge.of(State.COMMITTED), process.store.lookup(id));
        assertTrue(process.dialect.isDone());
    }

    @Test
    void a_repeated_prepare_during_the_commit_gets_the_same_vote() {
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        second.dialect.once(Point.BEFORE_PREPARED_IS_READ, () -> first.commit(id));
        assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1));
        assertEquals("5", balance("a"));
    }

    @Test
    void a_commit_that_another_process_carries_out_is_acknowledged_once_applied() {
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        second.dialect.once(Point.AFTER_PREPARED_IS_READ, () -> first.commit(id));
        assertEquals(Reply.ACKNOWLEDGED, second.commit(id));
        assertEquals("5", balance("a"));
    }

    /** The commit waits for a replica that does not exist, so the other session holds the prepared transaction. */
    @Test
    void a_transaction_that_another_session_is_ending_is_busy() throws Exception {
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        server.execute(database, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()");
        Waiting.until(
                "the setting is active",
                () -> Objects.equals(server.value(database, "SHOW synchronous_standby_names"), "nobody"));
        CompletableFuture<Reply> commit = CompletableFuture.supplyAsync(() -> first.commit(id));
        try {
            Waiting.until(
                    "the commit waits",
                    () -> !Objects.equals(
                            server.value(
                                    database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"),
                            "0"));
            expectUnavailable(second.commit(id));
            expectUnavailable(second.rollback(id));
            assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1));
        } finally {
            server.execute(database, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
        }
        assertEquals(Reply.ACKNOWLEDGED, commit.get(60, TimeUnit.SECONDS));
        assertEquals(Reply.ACKNOWLEDGED, second.commit(id));
        assertEquals("5", balance("a"));
    }

    // A rollback leaves a trace

    @Test
    void a_late_prepare_after_a_rollback_votes_abort() {
        first.stage(id, 1, "a+5");
        assertEquals(Reply.ACKNOWLEDGED, second.rollback(id));
        expectAbort(first.prepare(id, 1));
        expectConflict(first.stage(id, 1, "a+5"));
        expectNothingPrepared();
    }

    @Test
    void a_rollback_of_an_unknown_transaction_is_recorded() {
        assertEquals(Reply.ACKNOWLEDGED, first.rollback(id));
        expectConflict(second.stage(id, 1, "a+5"));
        expectAbort(second.prepare(id, 1));
    }

    /** Without the record, the prepare would complete after the rollback, and stay for ever. */
    @Test
    void a_rollback_during_a_vote_is_not_acknowledged_until_it_is_carried_out() throws Exception {
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch rolledBack = new CountDownLatch(1);
        first.work = (connection, item) -> {
            ServiceProcess.add(connection, item);
            working.countDown();
            assertTrue(rolledBack.await(60, TimeUnit.SECONDS));
        };
        first.stage(id, 1, "a+5");
        CompletableFuture<Reply> vote = CompletableFuture.supplyAsync(() -> first.prepare(id, 1));
        assertTrue(working.await(60, TimeUnit.SECONDS));
        expectUnavailable(second.rollback(id));
        rolledBack.countDown();
        vote.get(60, TimeUnit.SECONDS);
        assertEquals(Reply.ACKNOWLEDGED, second.rollback(id));
        expectAbort(first.prepare(id, 1));
        expectNothingPrepared();
        assertEquals("0", balance("a"));
    }

    @Test
    void a_rollback_just_before_the_transaction_is_prepared_is_not_acknowledged() {
        first.stage(id, 1, "a+5");
        first.dialect.once(Point.BEFORE_PREPARE, () -> expectUnavailable(second.rollback(id)));
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 1));
        assertTrue(first.dialect.isDone());
        assertEquals(Reply.ACKNOWLEDGED, second.rollback(id));
        expectNothingPrepared();
    }

    /** A repeated prepare comes between the two steps of a rollback. */
    @Test
    void a_prepare_between_the_rollback_and_its_record_is_rolled_back_too() {
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        first.dialect.once(Point.AFTER_FINISH, () -> assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1)));
        assertEquals(Reply.ACKNOWLEDGED, first.rollback(id));
        expectAbort(second.prepare(id, 1));
        expectNothingPrepared();
    }

    @Test
    void a_second_prepare_during_a_vote_is_not_answered() throws Exception {
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch answered = new CountDownLatch(1);
        first.work = (connection, item) -> {
            working.countDown();
            assertTrue(answered.await(60, TimeUnit.SECONDS));
        };
        first.stage(id, 1, "a+5");
        CompletableFuture<Reply> vote = CompletableFuture.supplyAsync(() -> first.prepare(id, 1));
        assertTrue(working.await(60, TimeUnit.SECONDS));
        expectUnavailable(second.prepare(id, 1));
        answered.countDown();
        // The work may have taken too long by now. It must not have been done twice in any case.
        boolean prepared = assertInstanceOf(Reply.Voted.class, vote.get(60, TimeUnit.SECONDS))
                .commit();
        assertEquals(0, second.runs.get());
        assertEquals(prepared ? Reply.VOTED_COMMIT : vote.get(), second.prepare(id, 1));
        second.rollback(id);
    }

    /** The first vote may have been sent. Only the coordinator may roll back then. */
    @Test
    void a_failed_repeated_vote_does_not_roll_back_what_another_process_has_prepared() {
        second.stage(id, 1, "a+5");
        first.work = (connection, item) -> {
            throw new IllegalStateException("out of memory");
        };
        // After the failure, before it is recorded.
        first.dialect.once(
                Point.BEFORE_SHORT_TRANSACTION,
                () -> first.dialect.once(
                        Point.BEFORE_SHORT_TRANSACTION, () -> assertEquals(Reply.VOTED_COMMIT, second.prepare(id, 1))));
        assertEquals(Reply.VOTED_COMMIT, first.prepare(id, 1));
        assertTrue(first.dialect.isDone());
        assertEquals(1, first.runs.get());
        assertEquals(Reply.ACKNOWLEDGED, second.commit(id));
        assertEquals("5", balance("a"));
    }

    // One-phase commit

    @Test
    void a_one_phase_commit_is_applied_once() {
        first.stage(id, 1, "a+5");
        assertEquals(Reply.ACKNOWLEDGED, second.commitOnePhase(id, 1));
        assertEquals(Reply.ACKNOWLEDGED, first.commitOnePhase(id, 1));
        assertEquals("5", balance("a"));
        expectConflict(first.rollback(id));
        expectNothingPrepared();
    }

    @Test
    void a_refused_one_phase_commit_is_recorded() {
        first.stage(id, 1, "nobody+5");
        assertEquals(new Reply.Conflict("there is no account nobody"), first.commitOnePhase(id, 1));
        server.execute(database, "INSERT INTO account VALUES ('nobody', 0)");
        expectConflict(second.commitOnePhase(id, 1));
        assertEquals(Reply.ACKNOWLEDGED, second.rollback(id));
        assertEquals("0", balance("nobody"));
    }

    @Test
    void a_one_phase_commit_without_all_work_is_refused_and_the_missing_work_then_too() {
        first.stage(id, 1, "a+5");
        expectConflict(second.commitOnePhase(id, 2));
        expectConflict(first.stage(id, 2, "b+5"));
        expectConflict(second.commitOnePhase(id, 2));
        assertEquals("0", balance("a"));
    }

    @Test
    void a_one_phase_commit_after_a_rollback_is_refused() {
        first.stage(id, 1, "a+5");
        first.rollback(id);
        expectConflict(second.commitOnePhase(id, 1));
        assertEquals("0", balance("a"));
    }

    // Unknown and old transactions

    @Test
    void the_refusal_of_an_unknown_commit_is_recorded() {
        assertInstanceOf(Reply.Unknown.class, first.commit(id));
        expectConflict(second.stage(id, 1, "a+5"));
        expectAbort(second.prepare(id, 1));
    }

    @Test
    void a_transaction_that_is_not_newer_than_the_newest_forgotten_one_is_refused_without_a_record() {
        UUID old = UUID.fromString("01900000-0000-7000-8000-000000000001");
        UUID forgotten = UUID.fromString("81900000-0000-7000-8000-000000000000");
        UUID newer = UUID.fromString("91900000-0000-7000-8000-000000000000");
        server.execute(database, "UPDATE dtc_participant SET newest_forgotten = '" + forgotten + "'");
        for (UUID ended : List.of(old, forgotten)) {
            expectConflict(first.stage(ended, 1, "a+5"));
            expectAbort(first.prepare(ended, 1));
            assertInstanceOf(Reply.Unknown.class, first.commit(ended));
            assertInstanceOf(Reply.Unknown.class, first.commitOnePhase(ended, 1));
            assertInstanceOf(Reply.Unknown.class, first.rollback(ended));
        }
        assertEquals("0", server.value(database, "SELECT count(*) FROM dtc_outcome"));
        assertEquals(Reply.ACKNOWLEDGED, first.stage(newer, 1, "a+5"));
    }

    // Housekeeping

    @Test
    void outcomes_are_forgotten_by_observed_time_and_the_newest_id_is_kept() throws SQLException {
        UUID older = UUID.fromString("01900000-0000-7000-8000-000000000001");
        UUID newer = UUID.fromString("01900000-0000-7000-9000-000000000001");
        UUID random = UUID.fromString("f1900000-0000-4000-9000-000000000001");
        for (UUID ended : List.of(newer, older, random)) {
            first.rollback(ended);
        }
        // A step of the clock by a year counts as two minutes.
        server.execute(database, "UPDATE dtc_participant SET observed_at = now() - interval '365 days'");
        first.housekeeping.observeTime(Duration.ofMinutes(2));
        assertEquals("120", server.value(database, "SELECT observed_seconds FROM dtc_participant"));
        first.rollback(id);
        assertEquals(0, first.housekeeping.forgetOutcomes(Duration.ofMinutes(2)));
        assertEquals(3, first.housekeeping.forgetOutcomes(Duration.ofMinutes(1)));
        assertEquals(newer, first.store.identity().newestForgotten());
        assertEquals(0, first.housekeeping.forgetOutcomes(Duration.ofMinutes(1)));
        assertEquals(newer, first.store.identity().newestForgotten());
        assertEquals(State.ROLLED_BACK, first.store.lookup(id).state());
        assertEquals(State.FORGOTTEN, first.store.lookup(older).state());
    }

    @Test
    void work_that_arrives_after_the_end_is_removed() throws SQLException {
        first.stage(UUID.randomUUID(), 1, "a+1");
        first.rollback(id);
        // What a process inserts that has read the outcome before.
        server.execute(database, "INSERT INTO dtc_work VALUES ('accounts', '" + id + "', 1, 0, 'add', 'a+5')");
        assertEquals(1, first.housekeeping.removeLateWork());
        assertEquals("1", server.value(database, "SELECT count(*) FROM dtc_work"));
    }

    @Test
    void work_expires_only_before_the_vote() throws SQLException {
        UUID prepared = UUID.randomUUID();
        first.stage(id, 1, "a+5");
        first.stage(prepared, 1, "b+5");
        server.execute(database, "UPDATE dtc_work SET staged_at = now() - interval '3 hours'");
        first.prepare(prepared, 1);
        assertEquals(List.of(id), first.housekeeping.stagedBefore(Duration.ofHours(2)));
        assertEquals(List.of(), first.housekeeping.stagedBefore(Duration.ofHours(4)));
        first.rollback(prepared);
    }

    @Test
    void housekeeping_does_not_wait_for_prepared_transactions() throws SQLException {
        first.stage(id, 1, "a+5");
        first.prepare(id, 1);
        second.housekeeping.removeLateWork();
        second.housekeeping.observeTime(Duration.ofSeconds(1));
        second.housekeeping.forgetOutcomes(Duration.ZERO);
        assertEquals(List.of(), second.housekeeping.stagedBefore(Duration.ZERO));
        assertEquals(State.PREPARED, second.store.lookup(id).state());
        assertNull(server.value(database, "SELECT newest_forgotten FROM dtc_participant"));
        second.store.finish(id, Outcome.ROLLBACK);
    }
}

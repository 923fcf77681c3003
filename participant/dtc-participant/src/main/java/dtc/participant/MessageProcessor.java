package dtc.participant;

import dtc.participant.protocol.Knowledge;
import dtc.participant.protocol.Knowledge.State;
import dtc.participant.protocol.Outcome;
import dtc.participant.protocol.Reply;
import dtc.participant.protocol.Rules;
import dtc.participant.protocol.Step;
import dtc.participant.sql.ParticipantStore;
import dtc.participant.sql.ParticipantStore.Recorded;
import dtc.participant.sql.ParticipantStore.RunResult;
import dtc.participant.sql.SqlDialect.Finished;
import dtc.participant.sql.WorkItem;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Carries out messages: reads what the database contains, takes the step that {@link Rules} require, and begins again
 * if another process was faster. Thread-safe.
 */
final class MessageProcessor {

    private static final System.Logger LOG = System.getLogger(MessageProcessor.class.getName());

    /** More than any sequence of steps of one message. Reached only if processes keep overtaking each other. */
    private static final int ROUNDS_MAX = 5;

    private final ParticipantStore store;
    private final ParticipantStore.WorkRunner runner;
    private final Counters counters;

    MessageProcessor(ParticipantStore store, ParticipantStore.WorkRunner runner, Counters counters) {
        this.store = store;
        this.runner = runner;
        this.counters = counters;
    }

    /** @param number null for the next number */
    Reply stage(UUID id, @Nullable Integer number, List<WorkItem> items) {
        return process(new Message(id, Rules::stage, null, number, items));
    }

    Reply prepare(UUID id, @Nullable Integer count) {
        Reply reply = process(new Message(id, Rules::prepare, count, null, List.of()));
        if (reply instanceof Reply.Voted vote) {
            (vote.commit() ? counters.votesCommit : counters.votesAbort).increment();
        }
        return reply;
    }

    /** @param count null if there was a vote */
    Reply commit(UUID id, @Nullable Integer count) {
        Reply reply =
                process(new Message(id, knowledge -> Rules.commit(knowledge, count != null), count, null, List.of()));
        if (reply instanceof Reply.Acknowledged) {
            counters.commits.increment();
        }
        return reply;
    }

    Reply rollback(UUID id) {
        return rollback(id, null);
    }

    /** @param reason recorded, and named in later refusals */
    Reply rollback(UUID id, @Nullable String reason) {
        Reply reply = process(new Message(id, Rules::rollback, null, null, List.of(), reason));
        if (reply instanceof Reply.Acknowledged) {
            counters.rollbacks.increment();
        }
        return reply;
    }

    private record Message(
            UUID id,
            Function<Knowledge, Step> rule,
            @Nullable Integer count,
            @Nullable Integer number,
            List<WorkItem> items,
            @Nullable String reason) {

        Message(
                UUID id,
                Function<Knowledge, Step> rule,
                @Nullable Integer count,
                @Nullable Integer number,
                List<WorkItem> items) {
            this(id, rule, count, number, items, null);
        }
    }

    private Reply process(Message message) {
        try {
            boolean inProgress = false;
            for (int round = 0; round < ROUNDS_MAX; round++) {
                Knowledge knowledge = store.lookup(message.id());
                if (inProgress && knowledge.state() == State.UNKNOWN) {
                    return unavailable("another process is working on the transaction");
                }
                Progress progress = take(message.rule().apply(knowledge), message);
                if (progress.reply() != null) {
                    return progress.reply();
                }
                inProgress = progress.inProgress();
            }
            return unavailable("other processes are working on the transaction");
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "transaction " + message.id() + ": the database failed: " + e);
            return unavailable("the database failed");
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "transaction " + message.id() + ": failed", e);
            return unavailable("the message failed");
        }
    }

    private Reply unavailable(String reason) {
        counters.unavailable.increment();
        return new Reply.Unavailable(reason);
    }

    /**
     * The result of a step.
     *
     * @param reply null if another process was faster, or another step follows
     * @param inProgress whether a vote of another process is in progress
     */
    private record Progress(@Nullable Reply reply, boolean inProgress) {

        static final Progress AGAIN = new Progress(null, false);

        static Progress done(Reply reply) {
            return new Progress(reply, false);
        }
    }

    private Progress take(Step step, Message message) throws SQLException {
        if (step instanceof Step.Finish finish) {
            return finish(finish.outcome(), message.id());
        }
        if (step instanceof Step.Run run) {
            return run(run.onePhase(), message);
        }
        if (step instanceof Step.RecordRollback rollback) {
            return recordRollback(message.id(), message.reason(), rollback.reply());
        }
        if (step instanceof Step.Stage) {
            return store.stage(message.id(), message.number(), message.items())
                    ? Progress.done(Reply.ACKNOWLEDGED)
                    : Progress.AGAIN;
        }
        return Progress.done(((Step.Answer) step).reply());
    }

    private Progress finish(Outcome outcome, UUID id) throws SQLException {
        Finished finished = store.finish(id, outcome);
        if (finished == Finished.BUSY) {
            return Progress.done(unavailable("another process is ending the transaction"));
        }
        // After a rollback, its record follows.
        return finished == Finished.DONE && outcome == Outcome.COMMIT
                ? Progress.done(Reply.ACKNOWLEDGED)
                : Progress.AGAIN;
    }

    private Progress run(boolean onePhase, Message message) throws SQLException {
        RunResult result = store.run(message.id(), message.count(), onePhase, runner);
        if (result instanceof RunResult.Overtaken overtaken) {
            return new Progress(null, overtaken.inProgress());
        }
        if (result instanceof RunResult.Failed failed) {
            return recordRollback(
                    message.id(),
                    failed.reason(),
                    onePhase ? new Reply.Conflict(failed.reason()) : Reply.votedAbort(failed.reason()));
        }
        return Progress.done(onePhase ? Reply.ACKNOWLEDGED : Reply.VOTED_COMMIT);
    }

    private Progress recordRollback(UUID id, @Nullable String reason, Reply reply) throws SQLException {
        Recorded recorded = store.recordRollback(id, reason);
        return recorded == Recorded.DONE ? Progress.done(reply) : new Progress(null, recorded == Recorded.IN_PROGRESS);
    }
}

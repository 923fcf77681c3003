package dtc.simulation;

import static dtc.simulation.PlantedBug.plant;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import dtc.coordinator.ReplyTable;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.file.FileDecisionLog;
import dtc.protocol.JsonEquality;
import dtc.resource.Dictionary;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.messaging.BatchingParticipantClient;
import dtc.runtime.participant.InstanceCheck;
import dtc.testing.NoApplication;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bugs that this product or others had, planted one at a time: each is found within a stated number of seeds. */
@NoApplication
class PlantedBugsTest {

    private static final Logger LOG = Logger.getLogger(PlantedBugsTest.class);

    private static final int FEW = 100;
    private static final int MANY = 4_000;
    private static final int RARE = 20_000;

    private static final String SESSION = "dtc.runtime.participant.ResourceSession";
    private static final String DRIVER = "dtc.runtime.coordinator.TransactionDriver";

    static Stream<PlantedBug> log() {
        return Stream.of(
                plant("skips the force")
                        .in(FileDecisionLog.class, "write")
                        .remove("files.force();")
                        .foundWithin(FEW),
                plant("acknowledges a decision before the force")
                        .in(FileDecisionLog.class, "write")
                        .replace("files.force();", """
                                complete(new AppendResult.Stored());
                                files.force();
                                """)
                        .foundWithin(FEW),
                plant("retries a failed force")
                        .in("dtc.log.file.LogFiles", "force")
                        .replace("storage.force($segment);", """
                                try {
                                    storage.force($segment);
                                } catch (IOException e) {
                                    storage.force($segment);
                                }
                                """)
                        .foundWithin(MANY, 133),
                plant("reports a torn tail that was never forced as damage")
                        .in("dtc.log.file.SegmentReader", "findProof")
                        .replace("valid.forcedTo() <= offset", "valid.forcedTo() <= 0")
                        .foundWithin(MANY, 113),
                plant("does not copy the records behind the acknowledged position")
                        .in("dtc.log.file.LogOpener", "addOpenSegment")
                        .remove("files.addCopies(rest);")
                        .foundWithin(MANY),
                plant("keeps more of the last segment than was forced")
                        .in("dtc.log.file.LogOpener", "addOpenSegment")
                        .replace("Math.max(keptBytes, record.forcedTo())", "record.offset() + record.length()")
                        .foundWithin(MANY),
                plant("deletes a segment before the copies of its records are forced")
                        .in("dtc.log.file.LogFiles", "clean")
                        .remove("force();")
                        .foundWithin(MANY),
                plant("deletes a segment without copying its live records")
                        .in("dtc.log.file.LogFiles", "copyLive")
                        .remove("write(live);")
                        .foundWithin(MANY));
    }

    static Stream<PlantedBug> coordinator() {
        return Stream.of(
                plant("sends a commit before the decision is recorded")
                        .in(DRIVER, "appendForced")
                        .replace("entry.log().append(record)", """
                                {
                                    entry.log().append(record);
                                    return java.util.concurrent.CompletableFuture.<AppendResult>completedFuture(
                                            new AppendResult.Stored());
                                }
                                """)
                        .foundWithin(FEW),
                plant("presumes commit")
                        .in("dtc.runtime.coordinator.Inquiries", "outcome")
                        .replace("Outcome.ROLLBACK", "Outcome.COMMIT")
                        .foundWithin(FEW),
                plant("does not deliver recovered commits after a restart")
                        .in(Coordinator.class, "recover")
                        .remove("open.forEach($deliver);")
                        .foundWithin(FEW),
                plant("treats a participant that does not know the transaction as committed")
                        .in(ReplyTable.class, "event")
                        .replace("outcomeEvent(resourceManager, registered, reply)", """
                                message instanceof Message.Commit && reply instanceof NotFound
                                        ? new CoordinatorEvent.Acknowledged(resourceManager)
                                        : outcomeEvent(resourceManager, registered, reply)
                                """)
                        .foundWithin(MANY),
                plant("treats a lost answer to a one-phase commit as a refusal")
                        .in(ReplyTable.class, "commitOnePhaseEvent")
                        .replace(
                                "new CoordinatorEvent.Unanswered(resourceManager, reply.detail())",
                                "new CoordinatorEvent.OnePhaseRefused(resourceManager, Ballot.abort(reply.detail()))")
                        .foundWithin(FEW),
                plant("treats a participant that lost a one-phase commit as rolled back")
                        .in(ReplyTable.class, "event")
                        .replace("outcomeEvent(resourceManager, registered, reply)", """
                                message instanceof Message.Rollback && reply instanceof NotFound
                                        ? new CoordinatorEvent.Acknowledged(resourceManager)
                                        : outcomeEvent(resourceManager, registered, reply)
                                """)
                        .foundWithin(MANY, 2988),
                plant("stops asking for the outcome of a one-phase commit")
                        .in("dtc.coordinator.PhaseTwo", "unanswered")
                        .replace(
                                "before.unresponsive() ? Timing.AFTER_PAUSE : Timing.NOW",
                                "before.unresponsive() ? Timing.AFTER_PAUSE_OR_DROP : Timing.NOW")
                        .foundWithin(MANY, 286),
                plant("treats the messages of a failed batch as delivered")
                        .in(BatchingParticipantClient.class, "resend(PendingMessage, boolean)")
                        .replace(
                                "enqueue(registration, pending.asResent());",
                                "pending.reply().complete(new Reply.Acknowledged());")
                        .foundWithin(MANY, 1785),
                plant("mixes up the answers to a batch")
                        .in(BatchingParticipantClient.class, "complete(List<PendingMessage>, List<Optional<Reply>>)")
                        .replace("replies.get(i)", "replies.get(batch.size() - 1 - i)")
                        .foundWithin(MANY, 127),
                plant("answers a request with a rollback that is not recorded")
                        .in(TwoPhaseCommit.class, "rollBack")
                        .replace("t.origin().request() != null", "false")
                        .foundWithin(MANY, 84),
                plant("answers a request before its rollback is durable")
                        .in("dtc.runtime.coordinator.Waiters", "isMet")
                        .replace("!entry.hasUnrecordedOutcome()", "true")
                        .foundWithin(MANY, 84),
                plant("ignores the idempotency key of a request")
                        .in("dtc.runtime.coordinator.IdempotencyKeys", "bindIfAbsent")
                        .replace("bindings.putIfAbsent($key, binding)", "null")
                        .foundWithin(FEW),
                plant("loses the idempotency keys in a restart")
                        .in("dtc.runtime.coordinator.TransactionStore", "addRecovered")
                        .remove("keys.bind($origin, $id);")
                        .foundWithin(MANY),
                plant("forgets a transaction as soon as it has finished")
                        .in("dtc.runtime.coordinator.TransactionStore", "ended")
                        .replace("retain(ended, Duration.ZERO);", "forget(ended.id());")
                        .foundWithin(MANY),
                plant("keeps finished transactions for ever")
                        .in("dtc.runtime.coordinator.Retention", "add")
                        .replace("finished.size() > countMax", "false")
                        .foundWithin(FEW),
                plant("never lets a transaction expire")
                        .in("dtc.runtime.coordinator.BeginRequests", "begin(Origin, Duration)")
                        .remove("entry.setTimer(time.after(allowed, $expire));")
                        .foundWithin(FEW),
                plant("does not record that a transaction is forgotten")
                        .in("dtc.runtime.coordinator.TransactionStore", "forget")
                        .remove("entry.log().forget(id);")
                        .foundWithin(MANY),
                plant("decides to commit without waiting for all votes")
                        .in(TwoPhaseCommit.class, "voteArrived")
                        .replace("next.anyParticipant($hasNotVoted)", "next.allParticipants($hasNotVoted)")
                        .foundWithin(FEW),
                plant("counts the vote of a resource manager that has restarted")
                        .in(TwoPhaseCommit.class, "voteArrived")
                        .replace("participant.instance().equals(e.instance())", "true")
                        .foundWithin(RARE, 6891),
                plant("asks for a vote while a write is under way")
                        .in(TwoPhaseCommit.class, "prepareRequested")
                        .replace("p.writesInFlight() == 0", "true")
                        .foundWithin(MANY, 105),
                plant("rounds the timeout of a transaction down to whole seconds")
                        .in("dtc.runtime.coordinator.BeginRequests", "begin(Origin, Duration)")
                        .replace(
                                "time.after(allowed, $expire)",
                                "time.after(Duration.ofSeconds(allowed.toSeconds()), $expire)")
                        .foundWithin(FEW),
                plant("ignores a vote to abort")
                        .in(TwoPhaseCommit.class, "voteArrived")
                        .replace("ballot.vote() == Vote.ABORT", "false")
                        .foundWithin(FEW),
                plant("ends a commit with the first acknowledgement")
                        .in("dtc.coordinator.PhaseTwo", "finishCommit")
                        .replace("t.allParticipants($isSettled)", "t.anyParticipant($isSettled)")
                        .foundWithin(FEW),
                plant("gives up a commit after some attempts")
                        .in("dtc.coordinator.PhaseTwo", "unanswered")
                        .replace(
                                "new Deliver(name, Outcome.COMMIT, Timing.AFTER_PAUSE)",
                                "new Deliver(name, Outcome.COMMIT, Timing.AFTER_PAUSE_OR_DROP)")
                        .foundWithin(FEW),
                plant("rolls back while the commit is being recorded")
                        .in(TwoPhaseCommit.class, "rollbackRequested")
                        .replace("t.state()", """
                                t.state() == TransactionState.DECIDING ? TransactionState.ACTIVE : t.state()
                                """)
                        .foundWithin(MANY, 1670));
    }

    static Stream<PlantedBug> registry() {
        return Stream.of(
                plant("does not restore the registry after a restart")
                        .in("dtc.runtime.coordinator.Recovery", "restore")
                        .remove("register.accept(registered);")
                        .foundWithin(FEW),
                plant("answers a registration before it is durable")
                        .in("dtc.runtime.coordinator.Registrations", "register")
                        .replace(
                                "entry.result().thenApply($answer)",
                                "java.util.concurrent.CompletableFuture.completedFuture(answer)")
                        .foundWithin(MANY));
    }

    static Stream<PlantedBug> giveUp() {
        return Stream.of(
                plant("answers an inquiry with rollback after the commit was given up")
                        .in("dtc.runtime.coordinator.Inquiries", "outcome")
                        .replace("entry.transaction().decision()", """
                                entry.transaction().hasGivenUpParticipant() ? Outcome.ROLLBACK : entry.transaction().decision()
                                """)
                        .foundWithin(MANY, 80),
                plant("answers a give-up before it is durable")
                        .in("dtc.coordinator.PhaseTwo", "giveUp")
                        .replace(
                                "persist(finishCommit($given, now).transaction(), Durability.FORCED)",
                                "persist(finishCommit($given, now).transaction(), Durability.LAZY)")
                        .foundWithin(MANY, 80),
                plant("retries a refused record although a newer one is stored")
                        .in(DRIVER, "awaitStored")
                        .replace("apply(entry, new CoordinatorEvent.RecordRefused($reason));", """
                                if (entry.transaction().state().isFinal()) {
                                    entry.recordPending();
                                    time.after(REFUSED_RECORD_PAUSE, () -> {
                                        entry.log().append(forced.record());
                                        entry.recordDone();
                                        waiters.changed(entry);
                                    });
                                } else {
                                    apply(entry, new CoordinatorEvent.RecordRefused("the log refused: " + reason));
                                }
                                """)
                        .foundWithin(RARE, 6888),
                plant("gives up the other participants as well")
                        .in("dtc.coordinator.PhaseTwo", "giveUp")
                        .replace(
                                "t.updateParticipant(name, p -> p.giveUp(e.resolution(), reason))",
                                "t.updateParticipants(p -> p.isSettled() ? p : p.giveUp(e.resolution(), reason))")
                        .foundWithin(MANY, 80),
                plant("forgets a resolved transaction whose commit was given up")
                        .in("dtc.runtime.coordinator.TransactionStore", "retain")
                        .replace("ended.hasGivenUpParticipant()", "false")
                        .foundWithin(RARE, 10661));
    }

    static Stream<PlantedBug> enlistment() {
        return Stream.of(
                plant("gives a repeated enlistment another number")
                        .in("dtc.coordinator.WriteNumbering", "enlistRequested")
                        .replace("enlisted.sequenceOf(e.request())", "0")
                        .foundWithin(MANY),
                plant("enlists an instance that is not registered")
                        .in("dtc.coordinator.WriteNumbering", "enlistRequested")
                        .replace("!e.claimedInstance().equals(e.instance())", "false")
                        .foundWithin(MANY),
                plant("does not count the last enlistment when it asks for a vote")
                        .in(DRIVER, "requestVote")
                        .replace("participant.writes()", "Math.max(1, participant.writes() - 1)")
                        .foundWithin(MANY),
                plant("does not count the last enlistment in one phase")
                        .in("dtc.runtime.coordinator.Delivery", "commitOnePhase")
                        .replace("participant.writes()", "Math.max(1, participant.writes() - 1)")
                        .foundWithin(MANY),
                plant("votes to commit although numbers are missing")
                        .in("dtc.resource.WriteNumbers", "isComplete")
                        .replace("expected == null || $isAll", "true")
                        .foundWithin(MANY),
                plant("takes work after it refused to commit without it")
                        .in(Dictionary.class, "commitUnstaged")
                        .remove("remember(id, Outcome.ROLLBACK, Map.of(), effects);")
                        .foundWithin(MANY));
    }

    static Stream<PlantedBug> rollbackOnly() {
        return Stream.of(
                plant("answers rollback-only while the commit is being recorded")
                        .in(Coordinator.class, "rollbackOnly")
                        .replace("after.state() == TransactionState.MARKED_ROLLBACK", "!after.state().isFinal()")
                        .foundWithin(MANY),
                plant("rolls back at rollback-only while the commit is being recorded")
                        .in(TwoPhaseCommit.class, "rollbackOnlyRequested")
                        .replace("t.state()", """
                                t.state() == TransactionState.DECIDING ? TransactionState.PREPARING : t.state()
                                """)
                        .foundWithin(MANY));
    }

    static Stream<PlantedBug> conditions() {
        return Stream.of(
                plant("evaluates a condition against the writes of its own transaction")
                        .in("dtc.resource.StagedTransaction", "keyOfFailedCondition")
                        .replace("values.get(staged.getKey())", """
                                staged.getValue().update instanceof Update.Put(JsonText own)
                                        ? own
                                        : values.get(staged.getKey())
                                """)
                        .foundWithin(MANY),
                plant("does not hold keys that are only checked")
                        .in(Dictionary.class, "lockKeys")
                        .replace(
                                "locks.lock(transaction.keys.keySet(), id);",
                                "locks.lock(transaction.updates(false).keySet(), id);")
                        .foundWithin(MANY),
                plant("keeps only the last condition of a key")
                        .in("dtc.resource.StagedKey", "add")
                        .replace("conditions.add(condition);", """
                                conditions.clear();
                                conditions.add(condition);
                                """)
                        .foundWithin(MANY, 1234),
                plant("checks no condition in one phase")
                        .in(Dictionary.class, "loaded")
                        .replace("failed != null", "failed != null && !transaction.onePhase")
                        .foundWithin(MANY),
                plant("compares values as texts")
                        .in(JsonEquality.class, "isEqual")
                        .replace("a.text().equals(b.text()) || $isEqual", "a.text().equals(b.text())")
                        .foundWithin(MANY, 102),
                plant("keeps what a transaction deleted")
                        .in("dtc.resource.StagedTransaction", "updates")
                        .replace("!(staged.update instanceof Update.None)", "staged.update instanceof Update.Put")
                        .foundWithin(MANY));
    }

    static Stream<PlantedBug> resourceManager() {
        return Stream.of(
                plant("accepts messages for an earlier instance")
                        .in(InstanceCheck.class, "of")
                        .replace("targetInstance.equals($instance)", "true")
                        .foundWithin(MANY, 153),
                plant("decides alone when the coordinator does not answer")
                        .in("dtc.runtime.participant.Inquiry", "inquire")
                        .replace("""
                                if (failure != null) {
                                    scheduleInquiry(transaction, attempt + 1);
                                    return;
                                }
                                """, """
                                if (failure != null) {
                                    listener.accept(transaction, Outcome.ROLLBACK);
                                    return;
                                }
                                """)
                        .foundWithin(FEW),
                plant("does not ask for outcomes in doubt after a restart")
                        .in(SESSION, "start")
                        .remove("inquiry.start(transaction);")
                        .foundWithin(MANY),
                plant("forgets the rollback of a transaction that it does not know")
                        .in(Dictionary.class, "rollback")
                        .remove("remember(id, Outcome.ROLLBACK, Map.of(), effects);")
                        .foundWithin(MANY),
                plant("discards what it voted to commit when the timeout of staged writes ends")
                        .in(Dictionary.class, "stagedExpired")
                        .replace("transaction.phase == Phase.STAGED", "true")
                        .foundWithin(MANY, 395),
                plant("does not lock the keys of a transaction that it votes to commit")
                        .in(Dictionary.class, "lockKeys")
                        .remove("locks.lock(transaction.keys.keySet(), id);")
                        .foundWithin(FEW),
                plant("accepts a write after the vote")
                        .in(Dictionary.class, "write")
                        .replace("transaction.phase != Phase.STAGED", "transaction.phase == Phase.WAITING")
                        .foundWithin(MANY),
                plant("accepts a write after the end of the transaction")
                        .in(Dictionary.class, "write")
                        .replace("isEnded(e.id())", "false")
                        .foundWithin(FEW),
                plant("treats an unknown transaction as new, however old it is")
                        .in(Dictionary.class, "isEnded")
                        .replace("outcomes.containsKey(id) || $isEvicted", "outcomes.containsKey(id)")
                        .foundWithin(MANY),
                plant("votes to commit a transaction that it has rolled back")
                        .in(Dictionary.class, "prepare")
                        .replace("outcomes.get(id) == Outcome.COMMIT", "outcomes.containsKey(id)")
                        .foundWithin(MANY, 296),
                plant("lets the younger transaction wait and votes the older one down")
                        .in(Dictionary.class, "lockKeys")
                        .replace("holder.isOlderThan(id)", "id.isOlderThan(holder)")
                        .foundWithin(FEW),
                plant("overwrites a later write with an earlier one")
                        .in("dtc.resource.StagedTransaction", "replacesUpdate")
                        .replace("before.sequence < sequence", "true")
                        .foundWithin(MANY, 1985));
    }

    @ParameterizedTest
    @MethodSource("dtc.simulation.StorageBugs#all")
    void every_planted_bug_of_the_storage_is_found(PlantedBug bug) throws Exception {
        every_planted_bug_is_found(bug);
    }

    @ParameterizedTest
    @MethodSource({
        "log",
        "coordinator",
        "registry",
        "giveUp",
        "enlistment",
        "rollbackOnly",
        "resourceManager",
        "conditions"
    })
    void every_planted_bug_is_found(PlantedBug bug) throws Exception {
        Map<Long, String> found = bug.find();
        assertFalse(
                found.isEmpty(),
                () -> String.format(Locale.ROOT, "%s: none of the seeds up to %d finds it", bug, bug.withinSeeds()));
        found.forEach((seed, violation) ->
                LOG.infof("%s: seed %d, known seed %d: %s", bug, seed, bug.knownSeed(), violation));
    }

    /** The seeds that find the bugs find nothing without them. */
    @Test
    void the_product_breaks_no_promise() throws Exception {
        assertNull(Hunt.play(1, MANY, Hunt.spareThreads()).found());
    }
}

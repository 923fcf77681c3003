package dtc.simulation;

import static dtc.simulation.PlantedBug.plant;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dtc.coordinator.Step;
import dtc.log.fenced.FencedDecisionLog;
import dtc.runtime.cluster.Replica;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.Takeovers;
import dtc.runtime.coordinator.TransactionIds;
import dtc.testing.NoApplication;
import java.util.Map;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bugs in the take-over of transactions, planted one at a time: {@link ClusterGenerator} finds each. */
@NoApplication
class PlantedClusterBugsTest {

    private static final Logger LOG = Logger.getLogger(PlantedClusterBugsTest.class);

    private static final int FEW = 300;
    private static final int MANY = 1_500;

    private static final String ENTRY = "dtc.runtime.coordinator.TransactionEntry";

    static Stream<PlantedBug> bugs() {
        return Stream.of(
                plant("reads the log of a number before it seals the number")
                        .in(Replica.class, "takeOver")
                        .replace("store.seal(number, owner, self).thenAccept($sealed)", """
                                store.head(number)
                                        .thenCompose(head -> open(new Held(number, owner, head), _ -> {}))
                                        .thenAccept(read -> store.seal(number, owner, self).thenAccept(result -> {
                                            acquiring.remove(number);
                                            if (result instanceof SealResult.Sealed(Held held) && read.isPresent()) {
                                                takenOver.put(number, new TakenOver(held, read.get()));
                                                coordinator().takeovers().complete(number, adapter.apply(read.get()));
                                            }
                                        }))
                                """)
                        .foundWithin(MANY),
                plant("answers for a number while its log is read")
                        .in(Replica.class, "locate")
                        .replace(
                                "coordinator().holds(id) ? Location.HERE : Location.ELSEWHERE",
                                "acquiring.contains(id.epoch()) ? Location.DONE : Location.ELSEWHERE")
                        .foundWithin(MANY),
                plant("treats the number of another process as done")
                        .in(Replica.class, "locate")
                        .replace("coordinator().holds(id) ? Location.HERE : Location.ELSEWHERE", "Location.DONE")
                        .foundWithin(FEW),
                plant("processes replies before the log is read")
                        .in(Takeovers.class, "deliverEarly")
                        .remove("entry.hold();")
                        .foundWithin(FEW),
                plant("drops the replies that arrived while the log was read")
                        .in(Takeovers.class, "complete")
                        .remove("driver.release(entry);")
                        .foundWithin(FEW),
                plant("does not end after its own number was sealed")
                        .in(Replica.class, "lost")
                        .replace("fenced.compareAndSet(false, true)", "false")
                        .foundWithin(FEW),
                plant("begins transactions under the number of another process")
                        .in(TransactionIds.class, "<init>")
                        .replace("identity.epoch()", "Math.max(1, identity.epoch() - 1)")
                        .foundWithin(FEW),
                plant("answers for the earlier processes after a restart")
                        .in(FencedDecisionLog.class, "identity")
                        .replace(
                                "new LogIdentity($tag, held.number(), $number, $adopted, $until)",
                                "new LogIdentity($tag, 1, $number, $adopted, $until)")
                        .foundWithin(FEW),
                plant("shows a heuristic outcome before it is stored")
                        .in(Step.class, "conclusion")
                        .replace(
                                "(forced && !isDecision) || becomesHeuristic || isResolved",
                                "(forced && !isDecision) || isResolved")
                        .foundWithin(MANY),
                plant("shows a resolution before it is stored")
                        .in(Step.class, "conclusion")
                        .replace(
                                "(forced && !isDecision) || becomesHeuristic || isResolved",
                                "(forced && !isDecision) || becomesHeuristic")
                        .foundWithin(MANY),
                plant("publishes a conclusion that is not stored")
                        .in("dtc.runtime.coordinator.Conclusions", "append")
                        .replace("Stages.call($append)", """
                                Stages.call(() -> {
                                    entry.log().append(record);
                                    return java.util.concurrent.CompletableFuture.<AppendResult>completedStage(
                                            new AppendResult.Stored());
                                })
                                """)
                        .foundWithin(MANY),
                plant("drops the events that arrive while a conclusion is stored")
                        .in(ENTRY, "defer")
                        .remove("deferred.add(event);")
                        .foundWithin(FEW),
                plant("lets a single participant decide although the log is shared")
                        .in(Coordinator.class, "<init>")
                        .replace("!log.isFenced()", "true")
                        .foundWithin(FEW),
                plant("deletes a number whose commits are not delivered")
                        .in(Takeovers.class, "isFinished")
                        .replace("log != null && !store.hasAnyRecordedIn(log)", "log != null")
                        .foundWithin(FEW),
                FencingBugs.claimNotCompared().foundWithin(MANY),
                FencingBugs.fencedTreatedAsRefused().foundWithin(MANY),
                FencingBugs.noAnswerTreatedAsRefusal().foundWithin(MANY));
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void a_planted_bug_is_found(PlantedBug bug) throws Exception {
        Map<Long, String> found = bug.find(ClusterGenerator.class);
        assertFalse(found.isEmpty(), () -> "not found: " + bug);
        LOG.infof("%s: %s", bug, found);
    }
}

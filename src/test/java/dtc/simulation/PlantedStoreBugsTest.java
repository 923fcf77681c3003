package dtc.simulation;

import static dtc.simulation.PlantedBug.plant;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dtc.log.fenced.FencedDecisionLog;
import dtc.log.fenced.FencedStore;
import dtc.log.fenced.LogExploration;
import dtc.testing.NoApplication;
import java.util.Map;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bugs in the fencing of logs, planted one at a time: {@link LogExploration} finds each. */
@NoApplication
class PlantedStoreBugsTest {

    private static final Logger LOG = Logger.getLogger(PlantedStoreBugsTest.class);

    private static final int SEEDS = 500;

    static Stream<PlantedBug> bugs() {
        return Stream.of(
                plant("does not compare the head")
                        .in(FencedStore.class, "append")
                        .replace("headIs(number, sequence - 1)", "storeIsUnchanged()")
                        .foundWithin(SEEDS),
                FencingBugs.claimNotCompared().foundWithin(SEEDS),
                plant("uses the claim of an earlier seal again")
                        .in(FencedStore.class, "seal")
                        .replace("newClaim()", "self.owner().claim()")
                        .foundWithin(SEEDS),
                plant("does not confirm the claim after a read")
                        .in("dtc.log.fenced.LogReader", "confirm")
                        .replace("store.confirm(held)", "CompletableFuture.completedStage(Holding.HELD)")
                        .foundWithin(SEEDS),
                FencingBugs.noAnswerTreatedAsRefusal().foundWithin(SEEDS),
                plant("treats an error after an attempt without an answer as a refusal")
                        .in(FencedStore.class, "append")
                        .replace("requests.ask($request).thenCompose($appended)", """
                                requests.askOnce($request).thenCompose(first -> first instanceof Attempt.Answered<Txn.Result> answered
                                        ? appended(held, sequence, value, answered.result())
                                        : requests.askOnce($request).thenCompose(second -> switch (second) {
                                            case Attempt.Answered<Txn.Result> again ->
                                                appended(held, sequence, value, again.result());
                                            case Attempt.NoAnswer<Txn.Result> none -> none.reason().startsWith("status")
                                                    ? completed(new AppendResult.Refused(none.reason()))
                                                    : requests.ask($request).thenCompose($appended);
                                        }))
                                """)
                        .foundWithin(SEEDS, 24),
                plant("treats a comparison that failed as success")
                        .in(FencedStore.class, "appended")
                        .replace("result.succeeded()", "true")
                        .foundWithin(SEEDS),
                FencingBugs.fencedTreatedAsRefused().foundWithin(SEEDS),
                plant("does not copy a record that is superseded by one that is not stored")
                        .in(FencedDecisionLog.class, "nextWrite")
                        .replace("stored.liveInOldest(oldest)", """
                                stored.liveInOldest(oldest).stream()
                                        .filter(entry -> {
                                            List<PendingEntry> pending = queue.takeAll();
                                            pending.forEach(queue::add);
                                            return pending.stream()
                                                    .noneMatch(one -> one.entry().id().equals(entry.id()));
                                        })
                                        .toList()
                                """)
                        .foundWithin(SEEDS, 325),
                plant("deletes a batch before the copies of its records are stored")
                        .in(FencedDecisionLog.class, "proceed")
                        .replace(
                                "cleaning == Cleaning.READ",
                                "cleaning == Cleaning.READ || cleaning == Cleaning.COPYING")
                        .foundWithin(SEEDS, 47),
                plant("gives a copy a new position")
                        .in(FencedDecisionLog.class, "nextWrite")
                        .replace("new ArrayList<>(copies)", """
                                new ArrayList<>(copies.stream()
                                        .map(copy -> new BatchEntry(++position, copy.id(), copy.record()))
                                        .toList())
                                """)
                        .foundWithin(SEEDS));
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void a_planted_bug_is_found(PlantedBug bug) throws Exception {
        Map<Long, String> found = bug.find(LogExploration.class);
        assertFalse(found.isEmpty(), () -> "not found: " + bug);
        LOG.infof("%s: %s", bug, found);
    }
}

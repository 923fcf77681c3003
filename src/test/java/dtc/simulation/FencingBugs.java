package dtc.simulation;

import static dtc.simulation.PlantedBug.plant;

import dtc.log.fenced.FencedStore;

/** Bugs in the fencing of a log that both {@link PlantedStoreBugsTest} and {@link PlantedClusterBugsTest} plant. */
final class FencingBugs {

    private FencingBugs() {}

    static PlantedBug.Change claimNotCompared() {
        return plant("does not compare the claim")
                .in(FencedStore.class, "append")
                .replace("holds(held)", "storeIsUnchanged()");
    }

    static PlantedBug.Change fencedTreatedAsRefused() {
        return plant("treats a fenced append as refused")
                .in(FencedStore.class, "appended")
                .replace("new AppendResult.Fenced()", """
                                new AppendResult.Refused("fenced")
                                """);
    }

    static PlantedBug.Change noAnswerTreatedAsRefusal() {
        return plant("treats no answer as a refusal")
                .in(FencedStore.class, "append")
                .replace("requests.ask($request).thenCompose($appended)", """
                                requests.askOnce($request)
                                        .thenCompose(attempt -> attempt instanceof Attempt.Answered<Txn.Result> answered
                                                ? appended(held, sequence, value, answered.result())
                                                : completed(new AppendResult.Refused("no answer")))
                                """);
    }
}

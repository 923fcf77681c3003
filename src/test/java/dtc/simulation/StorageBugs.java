package dtc.simulation;

import static dtc.simulation.PlantedBug.plant;

import dtc.resource.Dictionary;
import dtc.runtime.participant.ResourceManager;
import java.util.stream.Stream;

/** Bugs of durable resource managers, for {@link PlantedBugsTest}. */
final class StorageBugs {

    private static final int FEW = 100;
    private static final int MANY = 4_000;

    private static final String SESSION = "dtc.runtime.participant.ResourceSession";

    private StorageBugs() {}

    static Stream<PlantedBug> all() {
        return Stream.of(
                plant("answers before the change is durable")
                        .in("dtc.runtime.participant.PendingChanges", "whenDurable")
                        .replace("stored == added", "true")
                        .foundWithin(MANY, 13),
                plant("takes an append of unknown fate for stored")
                        .in(SESSION, "appendCompleted")
                        .replace(
                                "cause != null",
                                "cause != null && StoreException.of(cause).kind() == StoreException.Kind.FENCED")
                        .foundWithin(MANY, 19),
                plant("tries an append of unknown fate again in the same epoch")
                        .in(SESSION, "append()")
                        .replace("store.append(epoch, batch)", """
                                store.append(epoch, batch)
                                        .exceptionallyCompose(cause -> StoreException.of(cause).kind()
                                                        == StoreException.Kind.UNAVAILABLE
                                                ? store.append(epoch, batch)
                                                : CompletableFuture.failedFuture(cause))
                                """)
                        .foundWithin(MANY, 440),
                plant("opens the store again after another process has taken it over")
                        .in(ResourceManager.class, "sessionFailed")
                        .replace("!closed && cause.kind() != StoreException.Kind.FENCED", "!closed")
                        .foundWithin(MANY, 25),
                plant("renews its lease without a check of the epoch")
                        .in(ResourceManager.class, "identity")
                        .replace("current.checkEpoch()", "CompletableFuture.<@Nullable Void>completedFuture(null)")
                        .foundWithin(MANY, 1858),
                plant("changes its instance when it opens the store again")
                        .in(ResourceManager.class, "opened")
                        .replace(
                                "instance = loaded.instance();",
                                "instance = loaded.epoch() > 1 ? new UUID(0x4000, loaded.epoch()) : loaded.instance();")
                        .foundWithin(FEW, 12),
                plant("reads the values for conditions before it locks the keys")
                        .in(Dictionary.class, "lockKeys")
                        .replace("locks.lock(transaction.keys.keySet(), id);", """
                                if (transaction.keysToLoad(limits.hasStoredCharsMax()).isEmpty()) {
                                    locks.lock(transaction.keys.keySet(), id);
                                }
                                """)
                        .foundWithin(MANY),
                plant("does not wait for the keys of a transaction whose conditions are being evaluated")
                        .in(Dictionary.class, "lockKeys")
                        .replace("locks.findHolders(transaction.keys.keySet())", """
                                locks.findHolders(transaction.keys.keySet()).stream()
                                        .filter(holder -> open.get(holder).phase != Phase.LOADING)
                                        .toList()
                                """)
                        .foundWithin(MANY, 3289),
                plant("forgets in a restart that a transaction has voted")
                        .in("dtc.resource.StagedTransaction", "restore")
                        .replace("transaction.phase = Phase.PREPARED;", "transaction.phase = Phase.STAGED;")
                        .foundWithin(MANY, 6),
                plant("does not lock the keys of prepared transactions after a restart")
                        .in(Dictionary.class, "<init>")
                        .remove("locks.lock(transaction.keys.keySet(), prepared.id());")
                        .foundWithin(MANY, 12),
                plant("does not store the keys that are only checked")
                        .in(Dictionary.class, "accept")
                        .replace("transaction.updates(true)", "transaction.updates(false)")
                        .foundWithin(MANY, 2042),
                plant("does not store a rollback")
                        .in(Dictionary.class, "remember")
                        .replace(
                                "effects.add(new ResourceEffect.Persist(new Change.Ended(id, outcome, updates)));", """
                                if (outcome == Outcome.COMMIT) {
                                    effects.add(new ResourceEffect.Persist(new Change.Ended(id, outcome, updates)));
                                }
                                """)
                        .foundWithin(MANY));
    }
}

package dtc.log.fenced;

import dtc.log.AppendResult;
import dtc.log.fenced.KeyValueStore.Entry;
import dtc.log.fenced.Txn.Condition;
import dtc.log.fenced.Txn.Operation;
import dtc.log.fenced.Txn.Operation.Delete;
import dtc.log.fenced.Txn.Operation.DeleteRange;
import dtc.log.fenced.Txn.Operation.Put;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a cluster of coordinators and their logs, in a shared key-value store.
 *
 * <p>Each start of a coordinator takes a new number, and appends batches of records to the log of the number. The owner
 * key of the number contains a random claim. Another process takes over the number by a seal, which replaces the claim.
 * Each append compares the claim, so a process whose number was sealed can no longer append, no matter how long it was
 * paused. The owner key is deleted when the number is done.
 *
 * <p>Each request is sent until it is answered, without limit. Only the result of a transaction is an answer: without
 * one, any earlier attempt may still be executed. Requests are therefore idempotent: a late or repeated execution
 * changes nothing, and the result of a later attempt shows whether an earlier one was executed.
 *
 * <p>Appends of one number must be sent one after the other. A seal needs a new claim each time, so that late attempts
 * of appends under an earlier claim fail.
 *
 * <p>If the store has lost data or was replaced, {@code fatal} is called and no request completes normally.
 */
public final class FencedStore {

    private final KeyValueStore store;
    private final StoreRequests requests;
    private final StoreKeys keys;
    private final RandomGenerator random;
    private final Owner.Formats formats;

    private final AtomicReference<@Nullable StoreIdentity> identity = new AtomicReference<>();

    /**
     * @param cluster names the cluster of coordinators; several may use the same store
     * @param random for claims; must not be predictable
     * @param fatal must halt the process without sending messages
     */
    public FencedStore(
            KeyValueStore store,
            String cluster,
            RandomGenerator random,
            Timers timers,
            Consumer<String> fatal,
            Owner.Formats formats) {
        this.store = store;
        this.requests = new StoreRequests(timers, fatal);
        this.keys = new StoreKeys(cluster);
        this.random = random;
        this.formats = formats;
    }

    /** Returns why the last request without an answer had none, for operators. */
    public String lastFailure() {
        return requests.lastFailure();
    }

    /** Returns the identity of the store. Must be called after {@link #create}. */
    public StoreIdentity identity() {
        return Objects.requireNonNull(identity.get(), "no number was created yet");
    }

    CompletionStage<OptionalDouble> usage() {
        return store.usage();
    }

    // Numbers

    /**
     * Creates a number and acquires it. Must be the first call; assigns the identity of a new store.
     *
     * @param address where other replicas reach this process
     */
    public CompletionStage<Held> create(String address) {
        return requests.ask(() -> store.commit(Txn.read(keys.store(), keys.next())))
                .thenCompose(read -> identify(read.value(keys.store())).thenCompose(_ -> {
                    StoredValue next = read.value(keys.next());
                    return create(address, newClaim(), next == null ? 1 : (int) next.number());
                }));
    }

    /** @param stored the identity in the store; null if it has none */
    private CompletionStage<StoreIdentity> identify(@Nullable StoredValue stored) {
        String answering = requests.storeId();
        if (stored == null) {
            StoredValue created =
                    new StoreIdentity(answering, List.of(random.nextInt(TransactionId.TAG_MAX + 1))).encode();
            Txn txn = new Txn(
                    List.of(new Condition(keys.store(), null), new Condition(keys.next(), null)),
                    List.of(new Put(keys.store(), created)),
                    Txn.gets(keys.store()));
            return requests.ask(() -> store.commit(txn)).thenCompose(result -> {
                StoredValue now = result.succeeded() ? created : result.value(keys.store());
                return now == null ? requests.halt("the store has numbers, but no identity") : identify(now);
            });
        }
        StoreIdentity found = StoreIdentity.decode(stored);
        if (!found.storeId().equals(answering)) {
            return requests.halt("the store has the id %s, but its content is from the store %s"
                    .formatted(answering, found.storeId()));
        }
        identity.set(found);
        return CompletableFuture.completedStage(found);
    }

    private CompletionStage<Held> create(String address, String claim, int number) {
        if (number > TransactionId.EPOCH_MAX) {
            return requests.halt("no numbers are left");
        }
        Owner owner = new Owner(claim, number, formats, address);
        Txn txn = new Txn(
                List.of(storeIsUnchanged(), nextIs(number)),
                List.of(new Put(keys.next(), StoredValue.of(number + 1L)), new Put(keys.owner(number), owner.encode())),
                Txn.gets(keys.store(), keys.next(), keys.owner(number)));
        return requests.ask(() -> store.commit(txn)).thenCompose(result -> {
            if (result.succeeded() || owner.encode().equals(result.value(keys.owner(number)))) {
                return CompletableFuture.completedStage(new Held(number, owner, 0));
            }
            StoredValue next = result.value(keys.next());
            if (next == null || next.number() <= number) {
                return requests.halt("a number could not be created, although %s is next".formatted(number));
            }
            // Another process has taken the number, so an earlier attempt can no longer be executed.
            return create(address, claim, (int) next.number());
        });
    }

    private Condition nextIs(int number) {
        return new Condition(keys.next(), number == 1 ? null : StoredValue.of(number));
    }

    /** Reads the state of a number. */
    public CompletionStage<NumberState> find(int number) {
        return requests.ask(() -> store.commit(Txn.read(keys.owner(number), keys.next())))
                .thenApply(result -> {
                    StoredValue owner = result.value(keys.owner(number));
                    if (owner != null) {
                        return new NumberState.Issued(Owner.decode(owner));
                    }
                    StoredValue next = result.value(keys.next());
                    return next != null && number < next.number()
                            ? new NumberState.Done()
                            : new NumberState.NeverIssued();
                });
    }

    /** Reads the owners of all numbers that are not done. */
    public CompletionStage<SortedMap<Integer, Owner>> owners() {
        return requests.ask(() -> store.range(keys.owners(), StoreKeys.after(keys.owners()), Integer.MAX_VALUE))
                .thenApply(entries -> {
                    SortedMap<Integer, Owner> owners = new TreeMap<>();
                    entries.forEach(entry -> owners.put(keys.ownedNumber(entry.key()), Owner.decode(entry.value())));
                    return owners;
                });
    }

    /**
     * Selects the numbers that this process must seal: those whose holder is not live, and those that name this process
     * although it does not hold them, because it got no answer to a seal.
     *
     * @param self the number that this process has created
     * @param held the numbers that this process holds, including its own
     */
    public static SortedMap<Integer, Owner> abandoned(
            SortedMap<Integer, Owner> owners, IntPredicate isLive, int self, Set<Integer> held) {
        SortedMap<Integer, Owner> abandoned = new TreeMap<>(owners);
        abandoned
                .entrySet()
                .removeIf(entry -> entry.getValue().holder() == self
                        ? held.contains(entry.getKey())
                        : isLive.test(entry.getValue().holder()));
        return abandoned;
    }

    /**
     * Takes over a number from another process. From then on, that process cannot append to the log of the number.
     *
     * @param expected the owner as read before
     * @param self the number that this process has created
     */
    public CompletionStage<SealResult> seal(int number, Owner expected, Held self) {
        if (!formats.canRead(expected.formats())) {
            return CompletableFuture.completedStage(new SealResult.UnknownFormat());
        }
        Owner sealed =
                new Owner(newClaim(), self.number(), formats, self.owner().address());
        Txn txn = new Txn(
                List.of(storeIsUnchanged(), holds(self), new Condition(keys.owner(number), expected.encode())),
                List.of(new Put(keys.owner(number), sealed.encode()), new Operation.Get(keys.head(number))),
                Txn.gets(keys.store(), keys.owner(self.number()), keys.owner(number), keys.head(number)));
        return requests.ask(() -> store.commit(txn)).thenCompose(result -> {
            // If the owner key contains the new claim, an earlier attempt was executed.
            if (result.succeeded() || sealed.encode().equals(result.value(keys.owner(number)))) {
                return completed(new SealResult.Sealed(new Held(number, sealed, head(number, result))));
            }
            if (isOtherStore(result)) {
                return haltForOtherStore();
            }
            return completed(isHeld(self, result) ? new SealResult.Changed() : new SealResult.Fenced());
        });
    }

    /** Reads the sequence number of the newest batch of a number; 0 if there is none. */
    public CompletionStage<Long> head(int number) {
        return requests.ask(() -> store.commit(Txn.read(keys.head(number)))).thenApply(result -> head(number, result));
    }

    private long head(int number, Txn.Result result) {
        StoredValue head = result.value(keys.head(number));
        return head == null ? 0 : head.number();
    }

    /** Deletes a number whose transactions have finished, with its log. */
    public CompletionStage<Holding> finish(Held held) {
        int number = held.number();
        Txn txn = ifHeld(
                held,
                new Delete(keys.owner(number)),
                new Delete(keys.head(number)),
                new DeleteRange(keys.log(number), StoreKeys.after(keys.log(number))));
        return requests.ask(() -> store.commit(txn)).thenCompose(result -> {
            // Without an owner key, an earlier attempt was executed, or another process has finished the number.
            boolean isDone = result.succeeded() || result.value(keys.owner(number)) == null;
            return isDone ? CompletableFuture.completedStage(Holding.HELD) : holding(result);
        });
    }

    // The log of a number

    /**
     * Appends a batch to the log of a number. The next batch must not be appended before this one is stored.
     *
     * @param sequence one more than that of the batch before; 1 for the first one
     * @return refused only if the batch was not sent
     */
    public CompletionStage<AppendResult> append(Held held, long sequence, ByteBuffer batch) {
        if (batch.remaining() > LogBatch.BYTES_MAX) {
            return CompletableFuture.completedStage(
                    new AppendResult.Refused("a batch of " + batch.remaining() + " bytes is too long"));
        }
        int number = held.number();
        StoredValue value = new StoredValue(batch);
        Txn txn = new Txn(
                List.of(storeIsUnchanged(), holds(held), headIs(number, sequence - 1)),
                List.of(
                        new Put(keys.batch(number, sequence), value),
                        new Put(keys.head(number), StoredValue.of(sequence))),
                Txn.gets(keys.store(), keys.owner(number), keys.head(number), keys.batch(number, sequence)));
        return requests.ask(() -> store.commit(txn)).thenCompose(result -> appended(held, sequence, value, result));
    }

    private Condition headIs(int number, long sequence) {
        return new Condition(keys.head(number), sequence == 0 ? null : StoredValue.of(sequence));
    }

    private CompletionStage<AppendResult> appended(Held held, long sequence, StoredValue batch, Txn.Result result) {
        if (result.succeeded()) {
            return completed(new AppendResult.Stored());
        }
        if (isOtherStore(result)) {
            return haltForOtherStore();
        }
        if (!isHeld(held, result)) {
            return completed(new AppendResult.Fenced());
        }
        if (batch.equals(result.value(keys.batch(held.number(), sequence)))) {
            return completed(new AppendResult.Stored()); // by an earlier attempt
        }
        return requests.halt("batch %s of number %s cannot be appended: the newest batch is %s"
                .formatted(sequence, held.number(), head(held.number(), result)));
    }

    /**
     * Reads the log of a number, newest batch first. The records are complete only if the result is
     * {@link Holding#HELD}: until then, another process may have sealed the number and appended to its log. A stored
     * decision to commit may be sent earlier, because it never changes.
     */
    public CompletionStage<Holding> read(Held held, LogReader.Consumer consumer) {
        return new LogReader(this, requests, held, consumer).read();
    }

    /** Reads batches {@code from} to {@code to}. A batch that does not exist is omitted. */
    CompletionStage<Attempt<List<Entry>>> readOnce(int number, long from, long to) {
        return store.range(keys.batch(number, from), keys.batch(number, to + 1), (int) (to + 1 - from));
    }

    /** Whether the log of a number has a batch before this one. */
    CompletionStage<Boolean> hasBatchBefore(int number, long sequence) {
        return requests.ask(() -> store.range(keys.batch(number, 0), keys.batch(number, sequence), 1))
                .thenApply(entries -> !entries.isEmpty());
    }

    String batchKey(int number, long sequence) {
        return keys.batch(number, sequence);
    }

    /** Reads whether this process still holds a number. */
    public CompletionStage<Holding> confirm(Held held) {
        return requests.ask(() -> store.commit(Txn.read(keys.store(), keys.owner(held.number()))))
                .thenCompose(result -> isHeld(held, result) && !isOtherStore(result)
                        ? CompletableFuture.completedStage(Holding.HELD)
                        : holding(result));
    }

    /** Reads a batch. Completes with an empty result if another process has sealed the number. */
    CompletionStage<Optional<ByteBuffer>> batch(Held held, long sequence) {
        String key = keys.batch(held.number(), sequence);
        Txn txn = ifHeld(held, new Operation.Get(key));
        return requests.ask(() -> store.commit(txn)).thenCompose(result -> {
            StoredValue value = result.value(key);
            if (result.succeeded()) {
                return value == null ? haltForMissingBatch(held, sequence) : completed(Optional.of(value.bytes()));
            }
            return holding(result).thenApply(_ -> Optional.empty());
        });
    }

    /** Deletes the oldest batch, whose records are superseded or stored in a later batch. */
    CompletionStage<Holding> delete(Held held, long sequence) {
        Txn txn = ifHeld(held, new Delete(keys.batch(held.number(), sequence)));
        return requests.ask(() -> store.commit(txn))
                .thenCompose(result ->
                        result.succeeded() ? CompletableFuture.completedStage(Holding.HELD) : holding(result));
    }

    // Claims

    private String newClaim() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(random.nextLong()) + hex.toHexDigits(random.nextLong());
    }

    private Condition storeIsUnchanged() {
        return new Condition(keys.store(), identity().encode());
    }

    private Condition holds(Held held) {
        return new Condition(keys.owner(held.number()), held.owner().encode());
    }

    private Txn ifHeld(Held held, Operation... then) {
        return new Txn(
                List.of(storeIsUnchanged(), holds(held)),
                List.of(then),
                Txn.gets(keys.store(), keys.owner(held.number())));
    }

    private boolean isHeld(Held held, Txn.Result result) {
        return held.owner().encode().equals(result.value(keys.owner(held.number())));
    }

    private boolean isOtherStore(Txn.Result result) {
        return !identity().encode().equals(result.value(keys.store()));
    }

    /** The result of a request that was not executed because its conditions did not hold. */
    private CompletionStage<Holding> holding(Txn.Result result) {
        return isOtherStore(result) ? haltForOtherStore() : CompletableFuture.completedStage(Holding.FENCED);
    }

    private static <T> CompletionStage<T> completed(T result) {
        return CompletableFuture.completedStage(result);
    }

    private <R> CompletionStage<R> haltForOtherStore() {
        return requests.halt("the identity of the store has changed; it was " + identity());
    }

    <R> CompletionStage<R> haltForMissingBatch(Held held, long sequence) {
        return requests.halt("batch %s of number %s is missing".formatted(sequence, held.number()));
    }
}

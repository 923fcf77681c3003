package dtc.simulation;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.RecordCodec;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionState;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.protocol.Vote;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.Coordinator;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All that is known of a run, independent of what the product remembers. Calls the checks. */
final class Ledger {

    static final String DELETE = "delete";
    static final String CHECK = "check";
    static final String ABSENT = "absent";

    private final World world;
    private final List<Check> checks;
    private final Map<TransactionId, Seen> transactions = new LinkedHashMap<>();
    private final Map<String, Shadow> shadows = new LinkedHashMap<>();
    /** Whether a transaction has changed in the current event. */
    private boolean changed;

    /** A transaction. */
    static final class Seen {
        final TransactionId id;
        final String name;
        /** The name of the request that began it. */
        final @Nullable String key;

        /** By resource manager. */
        final Map<String, Part> parts = new LinkedHashMap<>();
        /** Someone outside has been told. */
        boolean toldCommit;

        boolean toldRollback;
        /** The commit has been given to the log by the coordinator that runs now, which may have it. */
        boolean handedOver;
        /** The coordinator had its log forget it, as it may. */
        boolean forgotten;
        /** How the coordinator last told its log that it had ended. */
        @Nullable
        State recordedEnd;
        /** An operator has looked after its end, so that it may be forgotten. */
        boolean resolved;
        /** The coordinator that began it, or was the last one that changed or recovered it. */
        CoordinatorNode holder;
        /** Taken up by the coordinator that runs now. */
        boolean recovered;
        /** Where the coordinator that runs now has it; null where it does not. */
        @Nullable
        TransactionState state;
        /** It was, at some time, left to its only participant. */
        boolean delegated;

        private String latest = "(begin)>ACTIVE";

        private Seen(CoordinatorNode holder, TransactionId id, String name, @Nullable String key) {
            this.holder = holder;
            this.id = id;
            this.name = name;
            this.key = key;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** What a transaction has at one resource manager. */
    static final class Part {
        final UUID instance;
        /** The writes that the coordinator sent, and those that followed an enlistment. */
        final Staged sent = new Staged();
        /** The numbers that the coordinator gave to writes and enlistments. */
        final Set<Integer> numbers = new TreeSet<>();

        boolean votedCommit;
        boolean votedReadOnly;
        boolean applied;
        /** The coordinator knows that it has the outcome, or that it is lost. */
        boolean settled;
        /** Writes that the coordinator sent and that are not answered. */
        int writesUnderWay;
        /** Its vote arrived when another instance was registered. */
        boolean votedTooLate;
        /** An operator gave up the delivery of its outcome. */
        boolean givenUp;
        /** An operator discarded its commit. */
        boolean discarded;

        private Part(UUID instance) {
            this.instance = instance;
        }
    }

    record Sent(int sequence, String value) {}

    /** What must hold of a key: {@link #ABSENT}, or a value. */
    record Requirement(String key, String value) {
        boolean holds(Map<String, String> entries) {
            String is = entries.get(key);
            return value.equals(ABSENT)
                    ? is == null
                    : is != null && new BigDecimal(is).compareTo(new BigDecimal(value)) == 0;
        }
    }

    /** The writes of a transaction at a resource manager. */
    static final class Staged {
        /** By key, the number and the value of the last write; {@link #CHECK} if the key is only checked. */
        final Map<String, Sent> writes = new TreeMap<>();

        final Set<Requirement> requirements = new LinkedHashSet<>();
        final Set<Integer> numbers = new TreeSet<>();

        void add(Written write) {
            if (!numbers.add(write.sequence())) {
                return;
            }
            Sent before = writes.get(write.key());
            if (before == null || (!write.text().equals(CHECK) && before.sequence() < write.sequence())) {
                int sequence = write.text().equals(CHECK) ? 0 : write.sequence();
                writes.put(write.key(), new Sent(sequence, write.text()));
            }
            if (write.condition() != null) {
                requirements.add(new Requirement(write.key(), write.condition()));
            }
        }

        /** Without keys that are only checked. */
        Map<String, String> values() {
            Map<String, String> values = new TreeMap<>();
            writes.forEach((key, sent) -> {
                if (!sent.value().equals(CHECK)) {
                    values.put(key, sent.value());
                }
            });
            return values;
        }
    }

    /** A write, as words. */
    record Written(
            int sequence, String key, String text, @Nullable String condition) {
        static Written of(Message.Write write) {
            return of(write.sequence(), write.key(), write.update(), write.condition());
        }

        static Written of(int sequence, String key, Update update, @Nullable Condition condition) {
            return new Written(
                    sequence,
                    key,
                    switch (update) {
                        case Update.Put(JsonText value) -> value.text();
                        case Update.Delete() -> DELETE;
                        case Update.None() -> CHECK;
                    },
                    switch (condition) {
                        case Condition.HasValue(JsonText value) -> value.text();
                        case Condition.Absent() -> ABSENT;
                        case null -> null;
                    });
        }
    }

    /** What one resource manager should hold, as one who watched its messages would think. */
    static final class Shadow {
        final String name;
        final boolean durable;
        UUID instance;
        final Map<TransactionId, Staged> staged = new LinkedHashMap<>();
        final Set<TransactionId> inDoubt = new LinkedHashSet<>();
        /** Asked for their votes, and not answered. */
        final Set<TransactionId> waiting = new TreeSet<>();

        /** Everything that has ended here, since it was last empty. */
        final Set<TransactionId> ended = new HashSet<>();

        final Map<String, String> entries = new TreeMap<>();
        /** It has lost what it had, this many times. */
        int losses;

        private Shadow(String name, boolean durable, UUID instance) {
            this.name = name;
            this.durable = durable;
            this.instance = instance;
        }

        Set<String> lockedKeys() {
            if (inDoubt.isEmpty()) {
                return Set.of();
            }
            Set<String> keys = new TreeSet<>();
            for (TransactionId id : inDoubt) {
                keys.addAll(keys(id));
            }
            return keys;
        }

        /** The keys that a transaction writes or checks. */
        Set<String> keys(TransactionId id) {
            Staged of = staged.get(id);
            return of == null ? Set.of() : of.writes.keySet();
        }
    }

    /**
     * How a transaction stands to others that share keys with it, at a resource manager before it is asked for its
     * vote.
     */
    record Standing(boolean isStaged, List<TransactionId> holders, List<TransactionId> waiting) {}

    Ledger(World world) {
        this.world = world;
        this.checks = List.of(
                new AtomicityCheck(world),
                new OneDecisionCheck(world),
                new AllVotedCheck(world),
                new AcknowledgedIsLoggedCheck(world),
                new InDoubtCheck(world),
                new LateMessagesCheck(world),
                new LocksCheck(world),
                new SerialOrderCheck(world),
                new EnlistmentCheck(world),
                new NothingForgottenCheck(world),
                new WaitDieCheck(world),
                new OneRequestCheck(world),
                new GiveUpCheck(world),
                new ExpiryCheck(world),
                new LimitsCheck(world),
                new RegistrationsCheck(world),
                new BankSumCheck(world),
                new StoredConclusionsCheck(world));
    }

    Collection<Seen> transactions() {
        return transactions.values();
    }

    @Nullable
    Seen find(TransactionId id) {
        return transactions.get(id);
    }

    Shadow shadow(String resourceManager) {
        Shadow shadow = shadows.get(resourceManager);
        if (shadow == null) {
            throw new IllegalStateException("no such resource manager: " + resourceManager);
        }
        return shadow;
    }

    Collection<Shadow> shadows() {
        return shadows.values();
    }

    private void each(Consumer<Check> telling) {
        checks.forEach(telling);
    }

    private void of(TransactionId id, Consumer<Seen> telling) {
        Seen seen = transactions.get(id);
        if (seen != null) {
            telling.accept(seen);
        }
    }

    // At the coordinator

    void began(CoordinatorNode holder, TransactionId id, String name, @Nullable String key) {
        Seen seen = new Seen(holder, id, name, key);
        seen.state = TransactionState.ACTIVE;
        transactions.put(id, seen);
        each(check -> check.began(seen));
    }

    void answeredBegin(TransactionId id, Ask ask, Outcome outcome) {
        String key = switch (ask) {
            case Ask.Begin begin -> begin.key();
            case Ask.Run run -> run.key();
            case Ask.Put _, Ask.Call _, Ask.Prepare _, Ask.Commit _, Ask.Rollback _, Ask.RollbackOnly _ -> null;
            case Ask.Get _, Ask.ListAll _, Ask.Wait _ -> null;
            case Ask.Stop _, Ask.Deliver _, Ask.Resolve _, Ask.Remove _ -> null;
            case Ask.GiveUp _, Ask.Discard _, Ask.GiveUpAll _, Ask.DiscardAll _ -> null;
        };
        if (key != null) {
            of(id, seen -> each(check -> check.begun(seen, key, outcome)));
        }
    }

    /** The coordinator applied an event. */
    void applied(Transaction before, CoordinatorEvent event, Transaction after) {
        of(after.id(), seen -> {
            switch (event) {
                case CoordinatorEvent.GiveUpRequested e ->
                    part(seen, e.resourceManager(), part -> {
                        if (!Objects.equals(
                                before.participant(e.resourceManager()), after.participant(e.resourceManager()))) {
                            part.givenUp = true;
                        }
                    });
                case CoordinatorEvent.DiscardRequested e ->
                    part(seen, e.resourceManager(), part -> {
                        if (before.isGivenUp(e.resourceManager())) {
                            part.discarded = true;
                        }
                    });
                default -> {}
            }
            each(check -> check.applied(seen, before, event, after));
        });
    }

    private static void part(Seen seen, String resourceManager, Consumer<Part> telling) {
        Part part = seen.parts.get(resourceManager);
        if (part != null) {
            telling.accept(part);
        }
    }

    /** An operator was told that the commit to this participant is given up. */
    void toldGivenUp(TransactionId id, String resourceManager) {
        of(id, seen -> each(check -> check.toldGivenUp(seen, resourceManager)));
    }

    void writeUnderWay(TransactionId id, String resourceManager, int more) {
        of(
                id,
                seen -> part(
                        seen, resourceManager, part -> part.writesUnderWay = Math.max(0, part.writesUnderWay + more)));
    }

    void asksForVote(TransactionId id, String resourceManager) {
        of(
                id,
                seen -> part(
                        seen, resourceManager, part -> each(check -> check.asksForVote(seen, resourceManager, part))));
    }

    void votedTooLate(TransactionId id, String resourceManager) {
        of(id, seen -> part(seen, resourceManager, part -> part.votedTooLate = true));
    }

    void changed(CoordinatorNode holder, Transaction before, Transaction after) {
        of(after.id(), seen -> {
            seen.holder = holder;
            changed = true;
            seen.state = after.state();
            seen.delegated |= after.state().isDelegated();
            seen.latest = before.state() + ">" + after.state();
            world.coverage.made(seen.latest);
            each(check -> check.changed(seen, before, after));
        });
    }

    void sendsWrite(Registration target, Message.Write write) {
        of(write.id(), seen -> {
            Part part = enlisted(seen, target.id(), target.instance());
            part.numbers.add(write.sequence());
            part.sent.add(Written.of(write));
        });
    }

    private static Part enlisted(Seen seen, String resourceManager, UUID instance) {
        Part part = seen.parts.get(resourceManager);
        if (part == null || !part.instance.equals(instance)) {
            part = new Part(instance);
            seen.parts.put(resourceManager, part);
        }
        return part;
    }

    /** The coordinator gave a number to an enlistment, maybe once more. */
    void enlisted(Transaction before, CoordinatorEvent.EnlistRequested event, Transaction after, int number) {
        of(after.id(), seen -> {
            enlisted(seen, event.resourceManager(), event.instance()).numbers.add(number);
            each(check -> check.enlisted(seen, before, event, number));
        });
    }

    /** A resource manager that enlisted itself has written. */
    void wrote(ResourceManagerNode node, TransactionId id, Written write) {
        of(
                id,
                seen -> part(seen, node.name, part -> {
                    if (part.instance.equals(node.instance())) {
                        part.sent.add(write);
                    }
                }));
    }

    void deciding(TransactionRecord decision) {
        of(decision.id(), seen -> {
            // Of several coordinators, the one that could append may not be the one that tells: the store knows.
            seen.handedOver = decision.state() == State.COMMITTING && !world.isCluster();
            each(check -> check.deciding(seen, decision));
        });
    }

    /** The store has executed an append with this record. */
    void stored(LogRecord record) {
        of(record.id(), seen -> {
            TransactionRecord stored = RecordCodec.decode(record.id(), record.bytes());
            for (TransactionRecord.ParticipantRecord participant : stored.participants()) {
                if (participant.state() == State.HEURISTIC) {
                    // The coordinator that gave it up may end before it applies that.
                    part(seen, participant.resourceManager(), part -> {
                        part.discarded |= part.givenUp && participant.givenUp() == null;
                        part.givenUp |= participant.givenUp() != null;
                    });
                }
            }
            each(check -> check.stored(seen, stored));
        });
    }

    /** The decision surely never will be recorded. */
    void refusedByLog(TransactionId id) {
        of(id, seen -> seen.handedOver = false);
    }

    void ended(TransactionRecord ended) {
        of(ended.id(), seen -> {
            seen.recordedEnd = ended.state();
            seen.resolved = ended.resolution() != null;
            each(check -> check.ended(seen, ended));
        });
    }

    void forgotten(TransactionId id) {
        of(id, seen -> {
            each(check -> check.forgotten(seen));
            seen.forgotten = true;
            seen.state = null;
        });
    }

    /** A message of phase two leaves. Of one phase, it says no outcome: the participant makes it. */
    void tells(TransactionId id, Outcome outcome, String resourceManager) {
        of(id, seen -> {
            if (seen.state != null && !seen.state.isDelegated()) {
                told(id, outcome, resourceManager);
            }
            each(check -> check.tells(seen, resourceManager));
        });
    }

    void answered(TransactionId id, Outcome outcome, String resourceManager, Reply reply) {
        of(id, seen -> {
            Part part = seen.parts.get(resourceManager);
            if (part != null) {
                part.settled |= switch (reply) {
                    case Reply.Acknowledged _, Reply.NotFound _, Reply.Conflict _ -> true;
                    // A one-phase commit that was refused is not sent again.
                    case Reply.Unreachable _, Reply.NoRoom _ ->
                        outcome == Outcome.COMMIT && seen.state == TransactionState.DELEGATED;
                    case Reply.Unavailable _, Reply.ProtocolError _, Reply.NoAnswer _, Reply.Voted _ -> false;
                };
            }
            each(check -> check.answered(seen, resourceManager));
        });
    }

    /** An answer says how a transaction stands. */
    void told(Transaction t, String whom) {
        of(t.id(), seen -> each(check -> check.shown(seen, t, whom)));
        if (t.decision() != Outcome.PENDING) {
            told(t.id(), t.decision(), whom);
        }
    }

    void told(TransactionId id, Outcome outcome, String whom) {
        of(id, seen -> {
            if (seen.delegated && seen.state == TransactionState.HEURISTIC) {
                return; // the only participant lost its memory or was given up: nobody knows
            }
            if (seen.forgotten && outcome == Outcome.ROLLBACK) {
                each(check -> check.unknown(seen, whom)); // presumed, and not a decision
                return;
            }
            each(check -> check.told(seen, outcome, whom));
            seen.toldCommit |= outcome == Outcome.COMMIT;
            seen.toldRollback |= outcome == Outcome.ROLLBACK;
        });
    }

    void refused(@Nullable TransactionId id, Ask ask, Refusal refusal, String whom) {
        if (id == null) {
            return;
        }
        if (refusal.kind() == Refusal.Kind.UNKNOWN_TRANSACTION) {
            of(id, seen -> each(check -> check.unknown(seen, whom)));
        }
        if (refusal.kind() == Refusal.Kind.WRONG_STATE) {
            if (ask instanceof Ask.Commit) {
                told(id, Outcome.ROLLBACK, whom);
            }
            Seen seen = transactions.get(id);
            boolean commits = seen != null
                    && (seen.state == TransactionState.COMMITTING || seen.state == TransactionState.COMMITTED);
            if (ask instanceof Ask.Rollback
                    || ask instanceof Ask.Stop
                    || (ask instanceof Ask.RollbackOnly && commits)) {
                told(id, Outcome.COMMIT, whom);
            }
        }
    }

    void crashes(Node node) {
        each(check -> check.crashed(node));
        if (node instanceof CoordinatorNode) {
            for (Seen seen : transactions.values()) {
                if (seen.holder == node) {
                    seen.state = null;
                    seen.recovered = false;
                    seen.handedOver = false; // what the disk kept of it will tell
                }
            }
        }
    }

    void registering(String resourceManager, RegistrationsCheck.Registered state) {
        each(check -> check.registering(resourceManager, state));
    }

    void registered(String resourceManager, RegistrationsCheck.Registered state) {
        each(check -> check.registered(resourceManager, state));
    }

    void removed(String resourceManager) {
        each(check -> check.removed(resourceManager));
    }

    void recovered(Registry registry) {
        each(check -> check.recovered(registry));
    }

    /** @param inScope of which transactions the coordinator has read the records */
    void recovered(CoordinatorNode holder, Coordinator coordinator, Predicate<Seen> inScope) {
        for (Transaction t : coordinator.list(null, null, Integer.MAX_VALUE)) {
            of(t.id(), seen -> {
                if (!inScope.test(seen)) {
                    return;
                }
                seen.holder = holder;
                seen.state = t.state();
                seen.recovered = !t.state().isFinal();
                if (!world.isCluster()) { // there, one that no longer holds the number may still read it
                    seen.forgotten = false; // it was to be forgotten, and the crash came first
                }
                seen.latest = "(log)>" + t.state();
                world.coverage.made(seen.latest);
            });
        }
        each(check -> check.recovered(coordinator, inScope));
    }

    // At resource managers

    void isEmpty(ResourceManagerNode node, UUID instance) {
        Shadow before = shadows.get(node.name);
        Shadow now = new Shadow(node.name, node.durable, instance);
        if (before != null) {
            now.losses = before.losses;
        }
        shadows.put(node.name, now);
    }

    void isGone(ResourceManagerNode node) {
        Shadow shadow = shadow(node.name);
        shadow.losses++;
        shadow.staged.clear();
        shadow.inDoubt.clear();
        shadow.waiting.clear();
        shadow.entries.clear();
    }

    void staged(ResourceManagerNode node, TransactionId id, Written write) {
        Shadow shadow = shadow(node.name);
        of(id, seen -> each(check -> check.staged(shadow, seen)));
        shadow.staged.computeIfAbsent(id, _ -> new Staged()).add(write);
    }

    /** Writes came along with a request for a vote, and are staged unless that is too late. */
    void carried(ResourceManagerNode node, Message.Prepare prepare) {
        Shadow shadow = shadow(node.name);
        TransactionId id = prepare.id();
        if (!shadow.ended.contains(id) && !shadow.inDoubt.contains(id) && !shadow.waiting.contains(id)) {
            prepare.writes().forEach(write -> staged(node, id, Written.of(write)));
        }
    }

    Standing standing(ResourceManagerNode node, TransactionId id) {
        Shadow shadow = shadow(node.name);
        Set<String> keys = shadow.keys(id);
        return new Standing(
                shadow.staged.containsKey(id),
                sharing(shadow, shadow.inDoubt, id, keys),
                sharing(shadow, shadow.waiting, id, keys));
    }

    private static List<TransactionId> sharing(
            Shadow shadow, Set<TransactionId> others, TransactionId id, Set<String> keys) {
        List<TransactionId> sharing = new ArrayList<>();
        for (TransactionId other : others) {
            if (!other.equals(id) && shadow.keys(other).stream().anyMatch(keys::contains)) {
                sharing.add(other);
            }
        }
        return sharing;
    }

    void asked(
            ResourceManagerNode node, TransactionId id, UUID addressee, Standing standing, @Nullable Ballot immediate) {
        Shadow shadow = shadow(node.name);
        if (!addressee.equals(shadow.instance)) {
            return;
        }
        if (node.storeDelayMax() == 0) { // else each vote waits for the store, and who holds a key is known too late
            of(id, seen -> each(check -> check.asked(shadow, seen, standing, immediate)));
        }
        if (immediate == null) {
            shadow.waiting.add(id);
        }
    }

    /** It has refused a vote or rolled back, maybe without ever having heard of the transaction before. */
    void refusesFromNowOn(ResourceManagerNode node, TransactionId id) {
        shadow(node.name).ended.add(id);
    }

    /** A commit in one phase waits for keys. */
    void waits(ResourceManagerNode node, TransactionId id) {
        Shadow shadow = shadow(node.name);
        if (shadow.staged.containsKey(id) && !shadow.inDoubt.contains(id)) {
            shadow.waiting.add(id);
        }
    }

    void voted(ResourceManagerNode node, TransactionId id, Ballot ballot) {
        Shadow shadow = shadow(node.name);
        shadow.waiting.remove(id);
        if (ballot.vote() == Vote.ABORT) {
            shadow.ended.add(id);
        }
        of(id, seen -> {
            Part part = seen.parts.get(node.name);
            if (part != null && part.instance.equals(node.instance())) {
                part.votedCommit |= ballot.vote() == Vote.COMMIT;
                part.votedReadOnly |= ballot.vote() == Vote.READ_ONLY;
            }
            each(check -> check.voted(shadow, seen, ballot));
        });
    }

    /** The store was opened: what was not stored is lost. */
    void opened(ResourceManagerNode node) {
        Shadow shadow = shadow(node.name);
        shadow.staged.keySet().retainAll(shadow.inDoubt);
        shadow.waiting.clear();
    }

    /** An event at the process is over. */
    void observe(ResourceManagerNode node) {
        stored(node);
        Shadow shadow = shadow(node.name);
        each(check -> check.observed(shadow, node));
    }

    /** Looks at what is stored. */
    void stored(ResourceManagerNode node) {
        Shadow shadow = shadow(node.name);
        if (!node.inDoubt().isEmpty() || !shadow.staged.isEmpty()) {
            observeOpen(shadow, node);
        }
    }

    private void observeOpen(Shadow shadow, ResourceManagerNode node) {
        List<TransactionId> prepared = new ArrayList<>(0);
        for (TransactionId id : node.inDoubt()) {
            if (shadow.inDoubt.add(id)) {
                shadow.waiting.remove(id);
                prepared.add(id);
            }
        }
        List<TransactionId> gone = new ArrayList<>(0);
        for (TransactionId id : shadow.staged.keySet()) {
            if (node.outcome(id) != null) {
                gone.add(id);
            }
        }
        gone.sort(Comparator.comparingInt(node::endNumber));
        for (TransactionId id : gone) {
            Outcome how = node.outcome(id);
            boolean doubted = shadow.inDoubt.remove(id);
            shadow.waiting.remove(id);
            Staged staged = Objects.requireNonNull(shadow.staged.remove(id));
            shadow.ended.add(id);
            of(id, seen -> {
                if (doubted) {
                    each(check -> check.outOfDoubt(shadow, seen, how, node.told(id)));
                }
                if (how == Outcome.COMMIT) {
                    Part part = seen.parts.get(node.name);
                    if (part != null && part.instance.equals(node.instance())) {
                        part.applied = true;
                    }
                    each(check -> check.applies(shadow, seen, staged));
                    Map<String, String> writes = staged.values();
                    writes.forEach((key, value) -> {
                        if (value.equals(DELETE)) {
                            shadow.entries.remove(key);
                        } else {
                            shadow.entries.put(key, value);
                        }
                    });
                    each(check -> check.applied(shadow, seen, writes));
                } else {
                    each(check -> check.discards(shadow, seen, staged));
                }
            });
        }
        // After those that ended, because they released the keys.
        for (TransactionId id : prepared) {
            of(id, seen -> each(check -> check.prepared(shadow, seen)));
        }
    }

    // Over all

    void afterEvent() {
        if (changed) {
            changed = false;
            each(Check::afterChange);
        }
    }

    void end() {
        each(Check::end);
    }

    /** Adds the last transition of each transaction that is not final. */
    void addLatestTransitions(Set<String> latest) {
        for (Seen seen : transactions.values()) {
            if (seen.state != null && !seen.state.isFinal()) {
                latest.add(seen.latest);
            }
        }
        for (Shadow shadow : shadows.values()) {
            if (!shadow.inDoubt.isEmpty()) {
                latest.add("participant>PREPARED");
            }
            if (!shadow.waiting.isEmpty()) {
                latest.add("participant>WAITING");
            }
            if (shadow.staged.size() > shadow.inDoubt.size() + shadow.waiting.size()) {
                latest.add("participant>STAGED");
            }
        }
    }

    /** By name. */
    Map<String, Seen> byName() {
        Map<String, Seen> byName = new HashMap<>();
        transactions.values().forEach(seen -> byName.put(seen.name, seen));
        return byName;
    }
}

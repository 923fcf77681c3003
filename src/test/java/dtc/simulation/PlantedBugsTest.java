package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bugs of others, and of ours, planted one at a time: each is found within a stated number of seeds. */
class PlantedBugsTest {

    private static final Logger LOG = Logger.getLogger(PlantedBugsTest.class);

    private static final int FEW = 100;
    private static final int MANY = 4_000;

    static List<PlantedBug> bugs() {
        return List.of(
                // The log
                new PlantedBug("skips the force", "log/FileDecisionLog.java", "files.force();", "", FEW),
                new PlantedBug("acknowledges before the force", "log/FileDecisionLog.java", """
                        if (batch.stream().anyMatch(record -> record.decided() != null)) {
                            files.force();
                        }
                        """, """
                        for (Waiting record : batch) {
                            if (record.decided() != null) {
                                record.decided().complete(null);
                            }
                        }
                        files.force();
                        """, FEW),
                new PlantedBug("tries a failed force again", "log/LogFiles.java", """
                        if (dirty) {
                            storage.force(segments.getLast().name());
                        """, """
                        if (dirty) {
                            try {
                                storage.force(segments.getLast().name());
                            } catch (IOException e) {
                                storage.force(segments.getLast().name());
                            }
                        """, MANY),
                new PlantedBug(
                        "takes what was written and not forced for damage",
                        "log/SegmentReader.java",
                        "good.forced() <= offset",
                        "good.forced() <= 0",
                        MANY),
                new PlantedBug(
                        "leaves room in a segment that is complete",
                        "log/LogFiles.java",
                        "if (!segment.isTrim()) {",
                        "if (segment.number() < 0) {",
                        FEW),
                new PlantedBug(
                        "deletes a segment before the copies of it are forced",
                        "log/LogFiles.java",
                        "force(); // the copies, and the ends that made other records useless",
                        "",
                        MANY),
                // The coordinator
                new PlantedBug(
                        "tells a commit before it is recorded",
                        "runtime/Coordinator.java",
                        "Ports.call(() -> log.decide(Records.decision(entry.transaction, now)))",
                        """
                        log.decide(Records.decision(entry.transaction, now));
                        CompletableFuture.completedFuture(null)
                        """,
                        FEW),
                new PlantedBug(
                        "presumes commit",
                        "runtime/Coordinator.java",
                        "return entry == null ? Outcome.ROLLBACK : entry.transaction.decision();",
                        "return entry == null ? Outcome.COMMIT : entry.transaction.decision();",
                        FEW),
                new PlantedBug(
                        "forgets its commits where it starts again",
                        "runtime/Coordinator.java",
                        "open.forEach(entry -> apply(entry, new Event.Recovered()));",
                        "",
                        FEW),
                new PlantedBug(
                        "takes a participant for committed that knows nothing of the transaction",
                        "runtime/Coordinator.java",
                        "apply(entry, toldOutcome(name, reply)); if",
                        """
                        apply(entry, reply.kind() == Participants.Reply.Kind.UNKNOWN
                                ? new Event.Acknowledged(name)
                                : toldOutcome(name, reply));
                        if
                        """,
                        MANY),
                new PlantedBug(
                        "takes a lost answer to one phase for a refusal",
                        "runtime/Coordinator.java",
                        "case UNAVAILABLE, WRONG, SILENT -> new Event.Unanswered(name, reply.detail());",
                        "case UNAVAILABLE, WRONG, SILENT -> new Event.OnePhaseRefused(name, Ballot.abort(reply.detail()));",
                        FEW),
                new PlantedBug(
                        "takes a participant for rolled back that lost its memory after one phase",
                        "runtime/Coordinator.java",
                        "reply -> apply(entry, toldOutcome(name, reply))",
                        """
                        reply -> apply(entry, reply.kind() == Participants.Reply.Kind.UNKNOWN
                                ? new Event.Acknowledged(name)
                                : toldOutcome(name, reply))
                        """,
                        MANY),
                new PlantedBug(
                        "no longer asks what became of one phase",
                        "runtime/Coordinator.java",
                        "} else if (entry.transaction.state().isLeftToParticipant()) {",
                        "} else if (entry.beganNanos == Long.MIN_VALUE) {",
                        MANY),
                new PlantedBug(
                        "drops what a request failed to bring across as a whole",
                        "runtime/Lanes.java",
                        "give(target, one.onceMore());",
                        "one.answer().complete(Reply.DONE);",
                        MANY),
                new PlantedBug(
                        "takes one answer of several for another",
                        "runtime/Lanes.java",
                        "replies.get(i).ifPresentOrElse(",
                        "replies.get(batch.size() - 1 - i).ifPresentOrElse(",
                        MANY),
                new PlantedBug(
                        "ignores the name of a request",
                        "runtime/Coordinator.java",
                        "Begun earlier = requests.putIfAbsent(name, mine);",
                        "Begun earlier = null;",
                        FEW),
                new PlantedBug(
                        "decides without waiting for all votes",
                        "coordinator/TwoPhaseCommit.java",
                        "if (next.participants().stream().anyMatch(p -> p.ballot() == null)) {",
                        "if (next.participants().stream().allMatch(p -> p.ballot() == null)) {",
                        FEW),
                new PlantedBug(
                        "ends a commit with its first acknowledgement",
                        "coordinator/TwoPhaseCommit.java",
                        """
                        return t.participants().stream().allMatch(Participant::isSettled)
                                ? Step.of(t.to(finalState(t, TransactionState.COMMITTED), now))
                        """,
                        """
                        return t.participants().stream().anyMatch(Participant::isSettled)
                                ? Step.of(t.to(finalState(t, TransactionState.COMMITTED), now))
                        """,
                        FEW),
                new PlantedBug(
                        "gives a commit up after three tries",
                        "coordinator/TwoPhaseCommit.java",
                        "case COMMITTING -> Step.of(next, new Effect.SendCommit(e.resourceManager(), tries));",
                        """
                        case COMMITTING ->
                            tries > 3 ? Step.of(next) : Step.of(next, new Effect.SendCommit(e.resourceManager(), tries));
                        """,
                        FEW),
                new PlantedBug(
                        "rolls back while the commit is on its way to the log",
                        "coordinator/TwoPhaseCommit.java",
                        """
                        case ACTIVE, PREPARING -> rollBack(t, e.cause(), e.reason(), now);
                        case MARKED_ROLLBACK -> rollBack(t, Cause.WRITE_FAILED, t.reason(), now);
                        // On its way to the log, or decided: too late.
                        case DECIDING,
                        """,
                        """
                        case ACTIVE, PREPARING, DECIDING -> rollBack(t, e.cause(), e.reason(), now);
                        case MARKED_ROLLBACK -> rollBack(t, Cause.WRITE_FAILED, t.reason(), now);
                        case
                        """,
                        MANY),
                // Resource managers
                new PlantedBug(
                        "ignores for which instance a message is",
                        "runtime/ResourceManager.java",
                        "return addressee != null && !addressee.equals(instance.toString());",
                        "return false;",
                        MANY),
                new PlantedBug(
                        "decides alone when the coordinator does not answer",
                        "runtime/ResourceManager.java",
                        """
                        if (failure != null) {
                            inquireLater(transaction, tries + 1);
                        """,
                        """
                        if (failure != null) {
                            apply(new Event.Rollback(transaction));
                        """,
                        FEW),
                new PlantedBug(
                        "forgets what is in doubt where it starts again",
                        "runtime/ResourceManager.java",
                        "carryOut(new Effect.InDoubt(transaction), nobodyWaits);",
                        "",
                        MANY),
                new PlantedBug(
                        "does not remember a rollback of what it does not know",
                        "resource/Dictionary.java",
                        """
                        } else {
                            remember(id, false);
                        }
                        effects.add(new Effect.RolledBack(id));
                        """,
                        """
                        }
                        effects.add(new Effect.RolledBack(id));
                        """,
                        MANY),
                new PlantedBug(
                        "unlocks at the vote",
                        "resource/Dictionary.java",
                        "transaction.writes.keySet().forEach(key -> locks.put(key, id));",
                        "",
                        FEW),
                new PlantedBug(
                        "accepts a write after the vote",
                        "resource/Dictionary.java",
                        "if (transaction != null && transaction.phase != Phase.STAGED) {",
                        "if (transaction != null && transaction.phase == Phase.WAITING_ONE_PHASE) {",
                        MANY),
                new PlantedBug(
                        "accepts a write after the end",
                        "resource/Dictionary.java",
                        "if (transaction == null && isEnded(e.id())) {",
                        "if (transaction == null && limits.endedMax() < 0) {",
                        FEW),
                new PlantedBug(
                        "takes an unknown id for a new one, however old", "resource/Dictionary.java", """
                        || (newestForgotten != null && id.isOrderedByTime() && !newestForgotten.isOlderThan(id));
                        """, ";", MANY),
                new PlantedBug("votes for commit where it has rolled back", "resource/Dictionary.java", """
                        if (ended.getOrDefault(id, false)) {
                            effects.add(new Effect.Voted(id, Ballot.COMMIT)); // asked again, the same vote
                        """, """
                        if (ended.containsKey(id)) {
                            effects.add(new Effect.Voted(id, Ballot.COMMIT));
                        """, MANY),
                new PlantedBug(
                        "lets the younger wait and the older give way",
                        "resource/Dictionary.java",
                        "if (holder.isOlderThan(id)) {",
                        "if (id.isOlderThan(holder)) {",
                        FEW),
                new PlantedBug(
                        "lets an overtaken write undo a later one",
                        "resource/Dictionary.java",
                        "if (before != null && before.sequence >= sequence) {",
                        "if (before != null && before.sequence == sequence) {",
                        MANY));
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void is_found(PlantedBug bug) throws Exception {
        String found = bug.found();
        assertFalse(found.isEmpty(), () -> "%s: none of the seeds up to %d finds it".formatted(bug, bug.withinSeeds()));
        LOG.infof("%s: %s", bug, found);
    }

    /** What finds the planted bugs finds nothing where nothing is planted. */
    @Test
    void the_product_has_none() throws Exception {
        assertEquals("", PlantedBug.foundInTheProduct(MANY));
    }
}

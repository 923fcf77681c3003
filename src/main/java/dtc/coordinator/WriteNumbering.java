package dtc.coordinator;

import dtc.coordinator.CoordinatorEvent.EnlistRequested;
import dtc.coordinator.CoordinatorEvent.WriteRequested;
import dtc.protocol.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The part of {@link TwoPhaseCommit} that enlists participants, and numbers their writes and enlistments without a gap.
 */
record WriteNumbering(int participantsMax, int writesMax) {

    Step writeRequested(Transaction t, WriteRequested e) {
        return assignNumber(t, e.resourceManager(), e.instance(), e.onePhase(), Participant::withWriteSent);
    }

    /**
     * Enlists a resource manager at its own request, before it does its work. The work gets the next number. If the
     * work is not done or is lost, this number is missing, and the vote is ABORT. The same applies if the answer to the
     * call is lost, unless the call is repeated with the same request.
     */
    Step enlistRequested(Transaction t, EnlistRequested e) {
        if (t.state() != TransactionState.ACTIVE) {
            // This includes a repeated call, because the votes may have been requested already.
            return Step.refuseWrite(t, WriteResult.Reason.WRONG_STATE);
        }
        if (e.claimedInstance() != null && !e.claimedInstance().equals(e.instance())) {
            // One of the two instances has lost its state, or will not receive the prepare message.
            return refuseOtherInstance(t, e.resourceManager());
        }
        Participant enlisted = t.participant(e.resourceManager());
        int known =
                enlisted == null || !enlisted.instance().equals(e.instance()) ? 0 : enlisted.sequenceOf(e.request());
        return known > 0
                ? Step.ofWrite(t, new WriteResult.Accepted(known))
                : assignNumber(t, e.resourceManager(), e.instance(), e.onePhase(), p -> p.withEnlistment(e.request()));
    }

    /**
     * Assigns the next number of the participant to a write or an enlistment. The first one enlists the participant.
     */
    private Step assignNumber(
            Transaction t, String resourceManager, UUID instance, boolean onePhase, UnaryOperator<Participant> update) {
        if (t.state() != TransactionState.ACTIVE) {
            return Step.refuseWrite(t, WriteResult.Reason.WRONG_STATE);
        }
        if (t.writes() >= writesMax) {
            return Step.refuseWrite(t, WriteResult.Reason.TOO_MANY_WRITES);
        }
        Participant enlisted = t.participant(resourceManager);
        if (enlisted == null) {
            if (t.participants().size() >= participantsMax) {
                return Step.refuseWrite(t, WriteResult.Reason.TOO_MANY_PARTICIPANTS);
            }
            List<Participant> participants = new ArrayList<>(t.participants());
            participants.add(update.apply(Participant.enlist(resourceManager, instance, onePhase)));
            return Step.ofWrite(t.withParticipants(participants), new WriteResult.Accepted(1));
        }
        if (!enlisted.instance().equals(instance)) {
            return refuseOtherInstance(t, resourceManager);
        }
        return Step.ofWrite(
                t.updateParticipant(resourceManager, update), new WriteResult.Accepted(enlisted.writes() + 1));
    }

    /** The new instance does not have the earlier writes. */
    private static Step refuseOtherInstance(Transaction t, String resourceManager) {
        Step marked = TwoPhaseCommit.markRollback(
                t,
                Cause.WRITE_FAILED,
                "resource manager %s restarted and lost earlier writes".formatted(resourceManager));
        return Step.refuseWrite(marked.transaction(), WriteResult.Reason.WRONG_STATE);
    }
}

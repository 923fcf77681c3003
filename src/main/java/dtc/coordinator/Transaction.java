package dtc.coordinator;

import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.TransactionId;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * All the coordinator knows of one transaction; immutable.
 *
 * @param decision {@link Outcome#PENDING} until decided, and never changed after
 * @param reason why it rolled back or ended badly; null where it did neither, or the client asked for it
 * @param participants in the order of their enlisting
 * @param resolution that an operator has looked after its heuristic outcome; null where nobody has
 */
public record Transaction(
        TransactionId id,
        Origin origin,
        TransactionState state,
        Outcome decision,
        Instant startedAt,
        Instant expiresAt,
        @Nullable Instant decidedAt,
        @Nullable Instant finishedAt,
        @Nullable Cause cause,
        @Nullable String reason,
        List<Participant> participants,
        @Nullable Resolution resolution) {

    public static Transaction begin(TransactionId id, Origin origin, Instant startedAt, Instant expiresAt) {
        return new Transaction(
                id,
                origin,
                TransactionState.ACTIVE,
                Outcome.PENDING,
                startedAt,
                expiresAt,
                null,
                null,
                null,
                null,
                List.of(),
                null);
    }

    public @Nullable Participant participant(String resourceManager) {
        for (Participant participant : participants) {
            if (participant.resourceManager().equals(resourceManager)) {
                return participant;
            }
        }
        return null;
    }

    Transaction to(TransactionState next, Instant now) {
        if (!next.mayFollow(state)) {
            throw new IllegalStateException(id + ": " + next + " may not follow " + state);
        }
        return new Transaction(
                id,
                origin,
                next,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                next.isFinal() ? now : null,
                cause,
                reason,
                participants,
                resolution);
    }

    Transaction decided(Outcome outcome, Instant now) {
        if (decision != Outcome.PENDING) {
            throw new IllegalStateException(id + ": decided twice");
        }
        return new Transaction(
                id,
                origin,
                state,
                outcome,
                startedAt,
                expiresAt,
                now,
                finishedAt,
                cause,
                reason,
                participants,
                resolution);
    }

    Transaction because(Cause why, @Nullable String said) {
        return new Transaction(
                id,
                origin,
                state,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                why,
                said,
                participants,
                resolution);
    }

    Transaction with(List<Participant> changed) {
        return new Transaction(
                id,
                origin,
                state,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                List.copyOf(changed),
                resolution);
    }

    Transaction resolved(@Nullable Resolution by) {
        return new Transaction(
                id,
                origin,
                state,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                participants,
                by);
    }

    Transaction each(UnaryOperator<Participant> change) {
        return with(participants.stream().map(change).toList());
    }

    Transaction change(String resourceManager, UnaryOperator<Participant> change) {
        return each(p -> p.resourceManager().equals(resourceManager) ? change.apply(p) : p);
    }
}

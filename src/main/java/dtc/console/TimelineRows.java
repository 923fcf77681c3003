package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.WriteResult;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Describes the events of a {@link Timeline} as the rows of a {@link SequenceDiagram}. */
final class TimelineRows {

    private final Timeline.Snapshot snapshot;
    private final Transaction transaction;
    private final Instant began;
    private final SequenceDiagram diagram;
    private final FoldedRetries retries;
    /** The participants whose writes are sent with the request for their vote. */
    private final Set<String> carried = new HashSet<>();

    private TimelineRows(Timeline.Snapshot snapshot, Instant now) {
        this.snapshot = snapshot;
        this.transaction = snapshot.transaction();
        this.began = now.minusNanos(snapshot.nowNanos());
        this.diagram = new SequenceDiagram(
                began,
                transaction.participants().stream()
                        .map(Participant::resourceManager)
                        .toList());
        this.retries = new FoldedRetries(snapshot.events());
    }

    static List<SequenceDiagram.Row> of(Timeline.Snapshot snapshot, Instant now) {
        TimelineRows rows = new TimelineRows(snapshot, now);
        rows.draw();
        return rows.diagram.rows();
    }

    private void draw() {
        initial();
        for (int i = 0; i < snapshot.events().size(); i++) {
            TimelineEvent event = snapshot.events().get(i);
            if (retries.isFolded(event)) {
                continue;
            }
            unfold(event);
            switch (event) {
                case TimelineEvent.Applied applied -> applied(applied, i);
                case TimelineEvent.Sent sent -> sent(sent);
                case TimelineEvent.RetryScheduled retry -> retryScheduled(retry, i);
                case TimelineEvent.Omitted omitted -> omitted(omitted);
            }
        }
    }

    private void unfold(TimelineEvent m) {
        for (Map.Entry<String, Integer> folded : retries.takeFolded().entrySet()) {
            String attempts = Format.count(folded.getValue(), "more attempt", "more attempts");
            row(m, Tone.WARN, attempts + " to " + folded.getKey() + " without an answer", null);
        }
    }

    private void omitted(TimelineEvent.Omitted m) {
        String text = m.writes() ? "Further writes are omitted" : "Events are omitted";
        row(m, Tone.PLAIN, text, Format.count(m.number(), "event", "events"));
    }

    private void initial() {
        if (snapshot.initial().state() == TransactionState.ACTIVE) {
            Duration timeout = Duration.between(transaction.startedAt(), transaction.expiresAt());
            String detail = "Its timeout is %s.".formatted(Format.coarse(timeout));
            diagram.row(0, Tone.BUSY, true, "A client began the transaction", detail, List.of());
            return;
        }
        snapshot.initial().participants().forEach(p -> diagram.participant(p.resourceManager(), lookAfterRestart(p)));
        if (snapshot.initial().state() == TransactionState.COMMITTING) {
            diagram.coordinator("committed");
        }
        String text = "Recovered from the decision log after a restart";
        diagram.row(0, Tone.WARN, true, text, "Earlier events are not kept.", List.of());
    }

    private static String lookAfterRestart(Participant p) {
        return p.isReadOnly()
                ? "away"
                : switch (p.state()) {
                    case COMMITTED -> "committed";
                    case ROLLED_BACK -> "rolled-back";
                    case HEURISTIC -> "broken";
                    case ACTIVE, MARKED_ROLLBACK, PREPARING, PREPARED, COMMITTING, ROLLING_BACK -> "doubt";
                };
    }

    private void applied(TimelineEvent.Applied m, int index) {
        switch (m.event()) {
            case CoordinatorEvent.WriteRequested e -> writeRequested(m, e);
            case CoordinatorEvent.EnlistRequested e -> enlistRequested(m, e);
            case CoordinatorEvent.RollbackOnlyRequested e ->
                milestone(m, Tone.BACK, "Marked for rollback by rollback-only", e.reason());
            case CoordinatorEvent.WriteNotSent e ->
                milestone(m, Tone.BACK, "A write could not be sent: the transaction can only roll back", e.reason());
            case CoordinatorEvent.WriteStaged e when carried.contains(e.resourceManager()) -> votesRequested(m);
            case CoordinatorEvent.WriteStaged e -> {
                diagram.participant(e.resourceManager(), "active");
                row(
                        m,
                        Tone.PLAIN,
                        e.resourceManager() + " staged the write",
                        null,
                        diagram.from(e.resourceManager(), Tone.PLAIN));
                votesRequested(m);
            }
            case CoordinatorEvent.WriteFailed e ->
                diagram.row(
                        m.nanos(),
                        Tone.BACK,
                        m.before() != m.after(),
                        "A write failed: the transaction can only roll back",
                        e.reason(),
                        e.noAnswer()
                                ? diagram.lost(e.resourceManager())
                                : diagram.from(e.resourceManager(), Tone.BACK));
            case CoordinatorEvent.PrepareRequested _ -> {
                milestone(m, Tone.BUSY, "The client requested prepare", null);
                votesRequested(m);
                if (m.after() == TransactionState.DECIDING) {
                    milestone(
                            m, Tone.BUSY, "There are no participants: the decision to commit is being recorded", null);
                }
                if (m.after() == TransactionState.DELEGATING) {
                    milestone(m, Tone.BUSY, "The only participant decides: this is being recorded", null);
                }
            }
            case CoordinatorEvent.RollbackRequested e ->
                milestone(
                        m,
                        Tone.BACK,
                        e.cause() == Cause.OPERATOR
                                ? "An operator requested rollback"
                                : "The client requested rollback",
                        e.reason());
            case CoordinatorEvent.Expired _ ->
                milestone(m, Tone.BACK, "Expired before it was prepared: roll back", null);
            case CoordinatorEvent.ShutdownStarted _ ->
                milestone(m, Tone.BACK, "The coordinator shut down: roll back", null);
            case CoordinatorEvent.VoteArrived e -> voteArrived(m, e);
            case CoordinatorEvent.VotesOverdue _ -> votesOverdue(m);
            case CoordinatorEvent.RecordRefused _ -> {} // shown as the decision to roll back
            case CoordinatorEvent.RecordRetryDue _ -> {}
            case CoordinatorEvent.Recorded e -> {
                diagram.coordinator(m.after() == TransactionState.DELEGATED ? "active" : "committed");
                milestone(
                        m,
                        Tone.GOOD,
                        m.after() == TransactionState.DELEGATED
                                ? "The delegation to the participant is durable"
                                : "The decision to commit is durable",
                        "Decided at %s."
                                .formatted(Format.time(Objects.requireNonNullElse(
                                        e.record().decidedAt(), began.plusNanos(m.nanos())))));
            }
            case CoordinatorEvent.Recovered _ ->
                row(m, Tone.WARN, "Delivery resumes to participants that have not acknowledged", null);
            case CoordinatorEvent.OnePhaseCommitted e ->
                answered(m, e.resourceManager(), Tone.GOOD, "committed in one phase", null);
            case CoordinatorEvent.OnePhaseRefused e ->
                answered(
                        m,
                        e.resourceManager(),
                        Tone.BACK,
                        "did not commit",
                        e.ballot().reason());
            case CoordinatorEvent.Acknowledged e -> {
                boolean commit = transaction.decision() == Outcome.COMMIT;
                answered(
                        m,
                        e.resourceManager(),
                        commit ? Tone.GOOD : Tone.BACK,
                        commit ? "acknowledged the commit" : "acknowledged the rollback",
                        null);
            }
            case CoordinatorEvent.Unanswered e ->
                row(
                        m,
                        Tone.WARN,
                        "No acknowledgement from " + e.resourceManager(),
                        whyAndNext(m, e, index),
                        diagram.lost(e.resourceManager()));
            case CoordinatorEvent.Lost e -> {
                // It had voted to commit, or may have committed. Otherwise there is nothing left to roll back.
                boolean damage = m.before() == TransactionState.COMMITTING || m.before() == TransactionState.RESOLVING;
                answered(
                        m,
                        e.resourceManager(),
                        damage ? Tone.BAD : Tone.BACK,
                        damage ? "lost the transaction" : "had nothing to roll back",
                        e.reason());
            }
            case CoordinatorEvent.Contradicted e -> {
                // If it decides, there is no other decision to contradict.
                boolean decides = m.before().isDelegated();
                answered(
                        m,
                        e.resourceManager(),
                        decides ? Tone.GOOD : Tone.BAD,
                        decides ? "had committed" : "had already done the opposite",
                        e.reason());
            }
            case CoordinatorEvent.GiveUpRequested(String rm, Resolution r) ->
                milestone(m, Tone.BAD, "Delivery to %s was given up by %s".formatted(rm, r.by()), r.reason());
            case CoordinatorEvent.DiscardRequested(String rm) ->
                milestone(m, Tone.BAD, "The commit for %s was discarded".formatted(rm), null);
            case CoordinatorEvent.ParticipantReturned _ -> {} // shown as the delivery
            case CoordinatorEvent.Resolved(Resolution r) ->
                milestone(m, Tone.GOOD, "Marked as resolved by " + r.by(), r.reason());
        }
        if (m.before() != m.after()) {
            decidedToRollBack(m);
            ended(m);
        }
    }

    private void writeRequested(TimelineEvent.Applied m, CoordinatorEvent.WriteRequested e) {
        String name = e.resourceManager();
        switch (m.write()) {
            case WriteResult.Accepted(int sequence)
            when e.sentWithPrepare() -> {
                carried.add(name);
                row(m, Tone.PLAIN, "Write " + sequence + " to " + name + " is sent with the prepare message", null);
            }
            case WriteResult.Accepted(int sequence) -> {
                diagram.participant(name, "active");
                String text = "Write " + sequence + " sent to " + name;
                row(m, Tone.PLAIN, text, null, diagram.to(name, Tone.PLAIN));
            }
            case WriteResult.Refused(WriteResult.Reason reason) -> {
                String text = "A write to %s was refused".formatted(name);
                String detail = Format.constant(reason.name());
                diagram.row(m.nanos(), Tone.BACK, m.before() != m.after(), text, detail, List.of());
            }
            case null -> {}
        }
    }

    private void enlistRequested(TimelineEvent.Applied m, CoordinatorEvent.EnlistRequested e) {
        boolean accepted = m.write() instanceof WriteResult.Accepted;
        if (accepted) {
            diagram.participant(e.resourceManager(), "active");
        }
        row(
                m,
                accepted ? Tone.PLAIN : Tone.BACK,
                e.resourceManager() + (accepted ? " enlisted itself" : " was not enlisted"),
                null);
    }

    private void votesRequested(TimelineEvent.Applied m) {
        List<String> recipients = m.voters();
        if (recipients.isEmpty()) {
            return;
        }
        row(
                m,
                Tone.BUSY,
                recipients.size() == 1
                        ? "Prepare sent to " + recipients.getFirst()
                        : "Prepare sent to " + Format.count(recipients.size()) + " participants",
                recipients.stream().anyMatch(carried::contains) ? "The writes are in the same message." : null,
                recipients.stream()
                        .flatMap(name -> diagram.to(name, Tone.BUSY).stream())
                        .toList());
    }

    private void voteArrived(TimelineEvent.Applied m, CoordinatorEvent.VoteArrived e) {
        String name = e.resourceManager();
        Ballot ballot = counted(e);
        switch (ballot.vote()) {
            case COMMIT -> {
                if (m.before() == TransactionState.PREPARING) { // later the outcome is already being sent
                    diagram.participant(name, "doubt");
                }
            }
            case READ_ONLY -> diagram.participant(name, "away");
            case ABORT -> {}
        }
        if (isCastByCoordinator(ballot)) {
            castByCoordinator(m, name, ballot);
        } else {
            Tone tone = ballot.vote() == Vote.ABORT ? Tone.BACK : Tone.GOOD;
            row(
                    m,
                    tone,
                    ballot.equals(e.ballot())
                            ? "%s voted %s".formatted(name, ballot.vote().name().replace('_', ' '))
                            : "The vote of %s counts as %s".formatted(name, ballot.vote()),
                    ballot.reason(),
                    diagram.from(name, tone));
        }
        if (m.after() == TransactionState.DECIDING) {
            milestone(m, Tone.GOOD, "All participants voted to commit: the decision is being recorded", null);
        }
    }

    /** There was no vote to abort before, so every vote that the coordinator cast was overdue. */
    private void votesOverdue(TimelineEvent.Applied m) {
        for (Participant p : transaction.participants()) {
            if (p.ballot() != null && isCastByCoordinator(p.ballot())) {
                castByCoordinator(m, p.resourceManager(), p.ballot());
            }
        }
    }

    private static boolean isCastByCoordinator(Ballot ballot) {
        return ballot.cause() != VoteCause.VOTED;
    }

    private void castByCoordinator(TimelineEvent.Applied m, String name, Ballot ballot) {
        row(
                m,
                Tone.BACK,
                "No vote from %s counts as ABORT (%s)"
                        .formatted(name, Format.constant(ballot.cause().name())),
                ballot.reason(),
                diagram.lost(name));
    }

    /** The ballot as it was counted. A participant votes once, so it is the one that the participant holds. */
    private Ballot counted(CoordinatorEvent.VoteArrived e) {
        Participant participant = transaction.participant(e.resourceManager());
        return participant == null || participant.ballot() == null ? e.ballot() : participant.ballot();
    }

    private void decidedToRollBack(TimelineEvent.Applied m) {
        boolean rollsBack = m.after() == TransactionState.ROLLING_BACK || m.after() == TransactionState.ROLLED_BACK;
        boolean wasDecided =
                m.before() == TransactionState.ROLLING_BACK || m.before().isDelegated();
        if (!rollsBack || wasDecided) {
            return;
        }
        diagram.coordinator("rolled-back");
        switch (m.event()) {
            case CoordinatorEvent.RollbackRequested _,
                    CoordinatorEvent.RollbackOnlyRequested _,
                    CoordinatorEvent.Expired _,
                    CoordinatorEvent.ShutdownStarted _ -> {} // these rows show the decision
            default -> milestone(m, Tone.BACK, "Decision: roll back", rollbackReason(m.event()));
        }
    }

    private @Nullable String rollbackReason(CoordinatorEvent event) {
        return switch (event) {
            case CoordinatorEvent.VotesOverdue _ -> "The vote timer expired.";
            case CoordinatorEvent.RecordRefused e -> e.reason();
            default -> transaction.reason();
        };
    }

    /** A participant's reply to the outcome. */
    private void answered(TimelineEvent.Applied m, String name, Tone tone, String what, @Nullable String detail) {
        diagram.participant(name, tone == Tone.GOOD ? "committed" : tone == Tone.BACK ? "rolled-back" : "broken");
        row(m, tone, name + " " + what, detail, diagram.from(name, tone));
    }

    private void ended(TimelineEvent.Applied m) {
        String took = "%s after %s."
                .formatted(
                        Format.duration(Duration.ofNanos(m.nanos())),
                        snapshot.initial().state() == TransactionState.ACTIVE ? "the start" : "the restart");
        switch (m.after()) {
            case COMMITTED -> {
                diagram.coordinator("committed");
                milestone(m, Tone.GOOD, "Committed", took);
            }
            case ROLLED_BACK -> {
                diagram.coordinator("rolled-back");
                milestone(m, Tone.BACK, "Rolled back", took);
            }
            case HEURISTIC -> {
                diagram.coordinator("broken");
                milestone(m, Tone.BAD, "Heuristic outcome: action required", took);
            }
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> {}
            case COMMITTING, ROLLING_BACK -> {}
        }
    }

    private void sent(TimelineEvent.Sent m) {
        boolean commit = m.outcome() == Outcome.COMMIT;
        row(
                m,
                m.number() > 1 ? Tone.WARN : Tone.PLAIN,
                "%s sent to %s%s"
                        .formatted(
                                commit ? "Commit" : "Rollback",
                                m.resourceManager(),
                                m.number() > 1 ? ", attempt " + m.number() : ""),
                null,
                diagram.to(m.resourceManager(), commit ? Tone.GOOD : Tone.BACK));
    }

    /** Why there was no acknowledgement, and when the outcome is sent again. */
    private String whyAndNext(TimelineEvent.Applied m, CoordinatorEvent.Unanswered e, int index) {
        TimelineEvent.RetryScheduled next = retries.next(e.resourceManager(), index);
        return next != null
                ? e.reason() + "; " + when(next)
                : m.hasEffects()
                        ? e.reason()
                        : e.reason() + "; not retried, since the participant asks for the outcome";
    }

    /** A scheduled retry has its own row only after a restart, when no attempt precedes it. */
    private void retryScheduled(TimelineEvent.RetryScheduled m, int index) {
        if (!retries.isAfterAttempt(m, index)) {
            row(m, Tone.WARN, "Delivery to " + m.resourceManager() + " is scheduled", when(m));
        }
    }

    private static String when(TimelineEvent.RetryScheduled m) {
        return m.pause() == null ? "next retry when it is registered" : "next retry in " + Format.duration(m.pause());
    }

    /** A row for a change of the transaction's state. */
    private void milestone(TimelineEvent m, Tone tone, String text, @Nullable String detail) {
        diagram.row(m.nanos(), tone, true, text, detail, List.of());
    }

    private void row(TimelineEvent m, Tone tone, String text, @Nullable String detail) {
        row(m, tone, text, detail, List.of());
    }

    private void row(
            TimelineEvent m, Tone tone, String text, @Nullable String detail, List<SequenceDiagram.Arrow> arrows) {
        diagram.row(m.nanos(), tone, false, text, detail, arrows);
    }
}

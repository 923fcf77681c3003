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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Describes the events of a {@link Timeline} as the rows of a {@link SequenceDiagram}. */
final class TimelineRows {

    private final Timeline.Snapshot snapshot;
    private final Transaction transaction;
    private final Instant began;
    private final SequenceDiagram diagram;
    private final List<TimelineEvent> events;
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
        this.events = snapshot.events();
    }

    static List<SequenceDiagram.Row> of(Timeline.Snapshot snapshot, Instant now) {
        TimelineRows rows = new TimelineRows(snapshot, now);
        rows.draw();
        return rows.diagram.rows();
    }

    private void draw() {
        initial();
        for (int i = 0; i < events.size(); i++) {
            TimelineEvent event = events.get(i);
            diagram.at(event.nanos());
            switch (event) {
                case TimelineEvent.Applied applied -> applied(applied, i);
                case TimelineEvent.Sent sent -> sent(sent);
                case TimelineEvent.RetryScheduled retry -> retryScheduled(retry, i);
                case TimelineEvent.Omitted omitted -> {
                    String text = omitted.writes() ? "Further writes are not shown" : "Some events are not shown";
                    row(Tone.PLAIN, text, Format.count(omitted.number(), "event", "events"));
                }
            }
        }
    }

    private void initial() {
        if (snapshot.initial().state() == TransactionState.ACTIVE) {
            Duration timeout = Duration.between(transaction.startedAt(), transaction.expiresAt());
            String detail = "Its timeout is %s.".formatted(Format.coarse(timeout));
            milestone(Tone.BUSY, "A client began the transaction", detail);
            return;
        }
        snapshot.initial().participants().forEach(p -> diagram.participant(p.resourceManager(), lookAfterRestart(p)));
        if (snapshot.initial().state() == TransactionState.COMMITTING) {
            diagram.coordinator("committed");
        }
        milestone(Tone.WARN, "Recovered from the decision log after a restart", "Earlier events are not kept.");
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
            case CoordinatorEvent.EnlistRequested e ->
                enlistRequested(e.resourceManager(), m.write() instanceof WriteResult.Accepted);
            case CoordinatorEvent.RollbackOnlyRequested e ->
                milestone(Tone.BACK, "Marked for rollback by rollback-only", e.reason());
            case CoordinatorEvent.WriteNotSent e ->
                milestone(Tone.BACK, "A write could not be sent: the transaction can only roll back", e.reason());
            case CoordinatorEvent.WriteStaged e -> writeStaged(m, e.resourceManager());
            case CoordinatorEvent.WriteFailed(String name, String reason, boolean noAnswer) -> {
                List<SequenceDiagram.Arrow> arrows = noAnswer ? diagram.lost(name) : diagram.from(name, Tone.BACK);
                String text = "A write to %s failed: the transaction can only roll back".formatted(name);
                diagram.row(Tone.BACK, m.before() != m.after(), text, reason, arrows);
            }
            case CoordinatorEvent.PrepareRequested _ -> prepareRequested(m);
            case CoordinatorEvent.RollbackRequested e -> {
                String who = e.cause() == Cause.OPERATOR ? "An operator" : "The client";
                milestone(Tone.BACK, who + " requested rollback", e.reason());
            }
            case CoordinatorEvent.Expired _ -> milestone(Tone.BACK, "Expired before prepare: roll back", null);
            case CoordinatorEvent.ShutdownStarted _ ->
                milestone(Tone.BACK, "The coordinator shut down: roll back", null);
            case CoordinatorEvent.VoteArrived e -> voteArrived(m, e);
            case CoordinatorEvent.VotesOverdue _ -> votesOverdue();
            case CoordinatorEvent.RecordRefused _ -> {} // shown as the decision to roll back
            case CoordinatorEvent.RecordRetryDue _ -> {}
            case CoordinatorEvent.Recorded e -> recorded(m, e.record().decidedAt());
            case CoordinatorEvent.Recovered _ ->
                row(Tone.WARN, "Delivery resumes to participants that have not acknowledged", null);
            case CoordinatorEvent.OnePhaseCommitted(String name) ->
                answered(name, Tone.GOOD, "committed in one phase", null);
            case CoordinatorEvent.OnePhaseRefused(String name, Ballot ballot) ->
                answered(name, Tone.BACK, "did not commit", ballot.reason());
            case CoordinatorEvent.Acknowledged(String name) ->
                answered(name, isCommit() ? Tone.GOOD : Tone.BACK, "acknowledged the " + decision(), null);
            case CoordinatorEvent.Unanswered e -> {
                String name = e.resourceManager();
                String text = "No acknowledgement from " + name;
                row(Tone.WARN, text, reasonAndNext(m, name, e.reason(), index), diagram.lost(name));
            }
            case CoordinatorEvent.Lost e -> {
                // It had voted to commit, or may have committed. Otherwise there is nothing left to roll back.
                boolean damage = m.before() == TransactionState.COMMITTING || m.before() == TransactionState.RESOLVING;
                String what = damage ? "lost the transaction" : "had nothing to roll back";
                answered(e.resourceManager(), damage ? Tone.BAD : Tone.BACK, what, e.reason());
            }
            case CoordinatorEvent.Contradicted e -> {
                // If it decides, there is no other decision to contradict.
                boolean decides = m.before().isDelegated();
                String what = decides ? "had committed" : "refused the " + decision();
                answered(e.resourceManager(), decides ? Tone.GOOD : Tone.BAD, what, e.reason());
            }
            case CoordinatorEvent.GiveUpRequested(String rm, Resolution r) ->
                milestone(Tone.BAD, "Delivery to %s was given up by %s".formatted(rm, r.by()), r.reason());
            case CoordinatorEvent.DiscardRequested(String rm) ->
                milestone(Tone.BAD, "The commit for %s was discarded".formatted(rm), null);
            case CoordinatorEvent.ParticipantReturned _ -> {} // shown as the delivery
            case CoordinatorEvent.Resolved(Resolution r) ->
                milestone(Tone.GOOD, "Marked as resolved by " + r.by(), r.reason());
        }
        if (m.before() != m.after()) {
            decidedToRollBack(m);
            ended(m);
        }
    }

    private String decision() {
        return Format.words(transaction.decision().name());
    }

    private boolean isCommit() {
        return transaction.decision() == Outcome.COMMIT;
    }

    private void writeRequested(TimelineEvent.Applied m, CoordinatorEvent.WriteRequested e) {
        String name = e.resourceManager();
        switch (m.write()) {
            case WriteResult.Accepted(int sequence)
            when e.sentWithPrepare() -> {
                carried.add(name);
                row(Tone.PLAIN, "Write " + sequence + " to " + name + " is sent with the prepare message", null);
            }
            case WriteResult.Accepted(int sequence) -> {
                diagram.participant(name, "active");
                row(Tone.PLAIN, "Write " + sequence + " sent to " + name, null, diagram.to(name, Tone.PLAIN));
            }
            case WriteResult.Refused(WriteResult.Reason reason) -> {
                String text = "A write to %s was refused".formatted(name);
                diagram.row(Tone.BACK, m.before() != m.after(), text, Format.words(reason.name()), List.of());
            }
            case null -> {}
        }
    }

    private void enlistRequested(String name, boolean accepted) {
        if (accepted) {
            diagram.participant(name, "active");
        }
        String what = accepted ? " enlisted itself" : " was not enlisted";
        row(accepted ? Tone.PLAIN : Tone.BACK, name + what, null);
    }

    private void writeStaged(TimelineEvent.Applied m, String name) {
        if (!carried.contains(name)) {
            diagram.participant(name, "active");
            row(Tone.PLAIN, name + " staged the write", null, diagram.from(name, Tone.PLAIN));
        }
        votesRequested(m.voters());
    }

    private void prepareRequested(TimelineEvent.Applied m) {
        milestone(Tone.BUSY, "The client requested prepare", null);
        votesRequested(m.voters());
        if (m.after() == TransactionState.DECIDING) {
            milestone(Tone.BUSY, "There are no participants: the decision to commit is being recorded", null);
        }
        if (m.after() == TransactionState.DELEGATING) {
            milestone(Tone.BUSY, "The only participant decides: this is being recorded", null);
        }
    }

    private void votesRequested(List<String> recipients) {
        if (recipients.isEmpty()) {
            return;
        }
        String whom = recipients.size() == 1
                ? recipients.getFirst()
                : Format.count(recipients.size(), "participant", "participants");
        boolean withWrites = recipients.stream().anyMatch(carried::contains);
        row(
                Tone.BUSY,
                "Prepare sent to " + whom,
                withWrites ? "The writes are in the same message." : null,
                recipients.stream()
                        .flatMap(name -> diagram.to(name, Tone.BUSY).stream())
                        .toList());
    }

    private void voteArrived(TimelineEvent.Applied m, CoordinatorEvent.VoteArrived e) {
        String name = e.resourceManager();
        Participant participant = transaction.participant(name);
        // A participant votes once, so its ballot is this one as it was counted.
        Ballot ballot = participant == null || participant.ballot() == null ? e.ballot() : participant.ballot();
        // After phase one the outcome is already being sent.
        boolean inDoubt = ballot.vote() == Vote.COMMIT && m.before() == TransactionState.PREPARING;
        if (inDoubt || ballot.vote() == Vote.READ_ONLY) {
            diagram.participant(name, inDoubt ? "doubt" : "away");
        }
        if (ballot.cause() != VoteCause.VOTED) {
            noVote(name, ballot);
        } else {
            Tone tone = ballot.vote() == Vote.ABORT ? Tone.BACK : Tone.GOOD;
            String vote = ballot.vote().name().replace('_', ' ');
            String text = ballot.equals(e.ballot())
                    ? "%s voted %s".formatted(name, vote)
                    : "The vote of %s counts as %s".formatted(name, vote);
            row(tone, text, ballot.reason(), diagram.from(name, tone));
        }
        if (m.after() == TransactionState.DECIDING) {
            milestone(Tone.GOOD, "All participants voted to commit: the decision is being recorded", null);
        }
    }

    /** There was no vote to abort before, so every missing vote was overdue. */
    private void votesOverdue() {
        for (Participant p : transaction.participants()) {
            if (p.ballot() != null && p.ballot().cause() != VoteCause.VOTED) {
                noVote(p.resourceManager(), p.ballot());
            }
        }
    }

    private void noVote(String name, Ballot ballot) {
        String cause = Format.words(ballot.cause().name());
        String text = "No vote from %s counts as ABORT (%s)".formatted(name, cause);
        row(Tone.BACK, text, ballot.reason(), diagram.lost(name));
    }

    private void recorded(TimelineEvent.Applied m, @Nullable Instant decidedAt) {
        boolean delegated = m.after() == TransactionState.DELEGATED;
        Instant at = decidedAt == null ? began.plusNanos(m.nanos()) : decidedAt;
        diagram.coordinator(delegated ? "active" : "committed");
        milestone(
                Tone.GOOD,
                delegated ? "The delegation to the participant is durable" : "The decision to commit is durable",
                "Decided at %s.".formatted(Format.time(at)));
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
            case CoordinatorEvent.VotesOverdue _ ->
                milestone(Tone.BACK, "Decision: roll back", "The vote timer expired.");
            case CoordinatorEvent.RecordRefused e -> milestone(Tone.BACK, "Decision: roll back", e.reason());
            default -> milestone(Tone.BACK, "Decision: roll back", transaction.reason());
        }
    }

    /** A participant's reply to the outcome. */
    private void answered(String name, Tone tone, String what, @Nullable String detail) {
        diagram.participant(name, lifeline(tone));
        row(tone, name + " " + what, detail, diagram.from(name, tone));
    }

    private void ended(TimelineEvent.Applied m) {
        if (!m.after().isFinal()) {
            return;
        }
        Tone tone = Tone.of(m.after().externalState());
        String text = tone == Tone.BAD
                ? "Heuristic outcome: action required"
                : tone == Tone.GOOD ? "Committed" : "Rolled back";
        String since = snapshot.initial().state() == TransactionState.ACTIVE ? "the start" : "the restart";
        diagram.coordinator(lifeline(tone));
        milestone(tone, text, "%s after %s.".formatted(Format.duration(Duration.ofNanos(m.nanos())), since));
    }

    /** The class of a lifeline after the end. */
    private static String lifeline(Tone tone) {
        return tone == Tone.GOOD ? "committed" : tone == Tone.BACK ? "rolled-back" : "broken";
    }

    private void sent(TimelineEvent.Sent m) {
        boolean commit = m.outcome() == Outcome.COMMIT;
        Tone tone = m.number() > 1 ? Tone.WARN : Tone.PLAIN;
        String text = (commit ? "Commit" : "Rollback") + " sent to " + m.resourceManager();
        String attempt = m.number() > 1 ? ", attempt " + m.number() : "";
        row(tone, text + attempt, null, diagram.to(m.resourceManager(), commit ? Tone.GOOD : Tone.BACK));
    }

    /** Why there was no acknowledgement, and when the outcome is sent again. */
    private String reasonAndNext(TimelineEvent.Applied m, String name, String reason, int index) {
        for (TimelineEvent event : events.subList(index + 1, events.size())) {
            if (event instanceof TimelineEvent.RetryScheduled retry && name.equals(retry.resourceManager())) {
                return reason + "; " + when(retry);
            }
            if (event instanceof TimelineEvent.Sent sent && name.equals(sent.resourceManager())) {
                return reason;
            }
        }
        return m.hasEffects() ? reason : reason + "; not retried, since the participant asks for the outcome";
    }

    /** A scheduled retry has its own row only after a restart, when no attempt precedes it. */
    private void retryScheduled(TimelineEvent.RetryScheduled m, int index) {
        String name = m.resourceManager();
        boolean isAfterAttempt = events.subList(0, index).stream()
                .anyMatch(event -> (event instanceof TimelineEvent.Sent sent && name.equals(sent.resourceManager()))
                        || (event instanceof TimelineEvent.Applied applied && name.equals(applied.unanswered())));
        if (!isAfterAttempt) {
            row(Tone.WARN, "Delivery to " + name + " is scheduled", when(m));
        }
    }

    private static String when(TimelineEvent.RetryScheduled m) {
        return m.pause() == null ? "next retry when it is registered" : "next retry in " + Format.duration(m.pause());
    }

    /** A row for a change of the transaction's state. */
    private void milestone(Tone tone, String text, @Nullable String detail) {
        diagram.row(tone, true, text, detail, List.of());
    }

    private void row(Tone tone, String text, @Nullable String detail) {
        row(tone, text, detail, List.of());
    }

    private void row(Tone tone, String text, @Nullable String detail, List<SequenceDiagram.Arrow> arrows) {
        diagram.row(tone, false, text, detail, arrows);
    }
}

package dtc.participant;

import dtc.participant.coordinator.CoordinatorLink;
import dtc.participant.coordinator.CoordinatorLink.RefusedException;
import dtc.participant.protocol.Reply;
import dtc.participant.sql.WorkItem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The work of one request in a transaction. The first work enlists the service, which gives the request a number. The
 * work is stored under this number when the request is complete. If that does not happen, for example because the
 * process crashes, the number is missing at the vote, and the transaction does not commit. Not thread-safe.
 */
public final class Work implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Work.class.getName());

    private final UUID transaction;
    private final Supplier<UUID> instance;
    private final CoordinatorLink coordinator;
    private final MessageProcessor processor;
    private final Runnable unbind;
    private final List<WorkItem> items = new ArrayList<>();

    private @Nullable Integer number;
    private boolean ended;

    Work(
            UUID transaction,
            Supplier<UUID> instance,
            CoordinatorLink coordinator,
            MessageProcessor processor,
            Runnable unbind) {
        this.transaction = transaction;
        this.instance = instance;
        this.coordinator = coordinator;
        this.processor = processor;
        this.unbind = unbind;
    }

    void stage(WorkItem item) {
        if (number == null) {
            number = enlist();
        }
        items.add(item);
    }

    private int enlist() {
        try {
            return coordinator.enlist(transaction, instance.get());
        } catch (RefusedException e) {
            // The transaction is unknown or has been prepared. Or the service has to register first.
            boolean isFinal = e.status() == 404 || e.status() == 409;
            throw new ParticipationException(isFinal ? 409 : 503, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new ParticipationException(503, "the coordinator did not answer: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ParticipationException(503, "interrupted");
        }
    }

    /** Whether the work has been completed or has failed. */
    public boolean hasEnded() {
        return ended;
    }

    /** Whether the request has work in the transaction. */
    public boolean hasWork() {
        return number != null;
    }

    /**
     * Stores the work. Afterwards the request can be answered.
     *
     * @throws ParticipationException if the work is not stored
     */
    public void complete() {
        if (ended) {
            return;
        }
        if (number != null) {
            Reply reply = processor.stage(transaction, number, items);
            if (reply instanceof Reply.Conflict conflict) {
                throw new ParticipationException(409, conflict.reason());
            }
            if (!(reply instanceof Reply.Acknowledged)) {
                throw new ParticipationException(503, "the work could not be stored");
            }
        }
        ended = true;
    }

    /** Prevents the commit of the transaction, because the request failed. */
    public void fail(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        try {
            coordinator.rollbackOnly(transaction, reason);
        } catch (IOException | RefusedException e) {
            // The caller gets an error. If it commits nevertheless, the number of the work is missing.
            LOG.log(System.Logger.Level.INFO, "transaction " + transaction + " is not marked for rollback: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Removes the transaction from this thread. Work that is not complete has failed. */
    @Override
    public void close() {
        fail("a request to a participant failed");
        unbind.run();
    }
}

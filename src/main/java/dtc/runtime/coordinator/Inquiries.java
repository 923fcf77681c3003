package dtc.runtime.coordinator;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.LogFields;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;

/** Answers inquiries of participants. */
final class Inquiries {

    private static final Logger LOG = Logger.getLogger(Inquiries.class);

    /** Maximum number of tags that are logged. */
    private static final int LOGGED_TAGS_MAX = 100;

    private final HeldLogs logs;
    private final TransactionStore store;
    private final LongAdder foreign = new LongAdder();
    private final Set<Integer> loggedTags = ConcurrentHashMap.newKeySet();

    Inquiries(HeldLogs logs, TransactionStore store) {
        this.logs = logs;
        this.store = store;
    }

    /**
     * Returns the outcome. A transaction without a record is presumed aborted, but only if a log of this process issued
     * its id. The record of another id may be in another log: rollback would contradict a commit that is recorded
     * there.
     */
    InquiryAnswer outcome(TransactionId id) {
        TransactionEntry entry = store.find(id);
        if (entry != null) {
            return new InquiryAnswer(entry.transaction().decision(), null);
        }
        if (logs.presumesAbort(id)) {
            return new InquiryAnswer(Outcome.ROLLBACK, null);
        }
        if (logs.mayBeElsewhere(id)) {
            return new InquiryAnswer(Outcome.PENDING, Refusals.elsewhere(id).detail());
        }
        foreign.increment();
        logOnce(id, Objects.requireNonNull(logs.own().identity()).tag());
        return new InquiryAnswer(
                Outcome.PENDING,
                "the decision log of this coordinator did not issue this id (tag %s), so its outcome may be recorded in another log"
                        .formatted(hex(id.tag())));
    }

    private void logOnce(TransactionId id, int ownTag) {
        if (loggedTags.size() < LOGGED_TAGS_MAX && loggedTags.add(id.tag())) {
            LogFields.log(
                    id,
                    null,
                    () -> LOG.warnf(
                            "a participant inquired about transaction %s, which this decision log did not issue"
                                    + " (tag %s, own tag %s); the answer is PENDING. If the log that issued it is lost, see"
                                    + " \"log adopt\" and \"rm resolve\" in docs/operations.md",
                            id, hex(id.tag()), hex(ownTag)));
        }
    }

    private static String hex(int tag) {
        return String.format(Locale.ROOT, "%04x", tag);
    }

    /** Number of inquiries about transactions that this log did not issue. */
    long foreignInquiries() {
        return foreign.sum();
    }
}

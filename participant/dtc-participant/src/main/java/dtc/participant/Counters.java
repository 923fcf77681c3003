package dtc.participant;

import java.util.concurrent.atomic.LongAdder;

/** Counts of messages. */
final class Counters {
    final LongAdder votesCommit = new LongAdder();
    final LongAdder votesAbort = new LongAdder();
    final LongAdder commits = new LongAdder();
    final LongAdder rollbacks = new LongAdder();
    final LongAdder unavailable = new LongAdder();
    final LongAdder inquiries = new LongAdder();
}

package dtc.log.memory;

import dtc.log.DecisionLog;
import dtc.log.DecisionLogContract;

/** The log exists as long as the process, so the next coordinator uses the same one. */
class MemoryDecisionLogTest extends DecisionLogContract {

    private final MemoryDecisionLog log = new MemoryDecisionLog();

    @Override
    protected DecisionLog log() {
        return log;
    }

    @Override
    protected DecisionLog reopened() {
        return log;
    }
}

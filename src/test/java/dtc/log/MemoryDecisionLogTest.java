package dtc.log;

/** As long as the process lives: the next coordinator is the same. */
class MemoryDecisionLogTest extends DecisionLogContract {

    private final MemoryDecisionLog log = new MemoryDecisionLog();

    @Override
    DecisionLog log() {
        return log;
    }

    @Override
    DecisionLog reopened() {
        return log;
    }
}

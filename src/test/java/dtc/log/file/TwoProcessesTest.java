package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogRecord;
import dtc.log.SampleLogRecords;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two processes use one directory, because the lock was removed or is ignored. The first process is paused between each
 * two accesses to the disk, while the second one opens the log, replays it and appends. Then the first one continues.
 */
class TwoProcessesTest {

    private static final int ROUNDS = 14;
    private static final int NUMBERS_MAX = 2000;

    static List<FileDecisionLog.Settings> settings() {
        return List.of(FileLogFixture.SMALL_SEGMENTS, FileLogFixture.WITH_PREALLOCATION);
    }

    /** What the second process does before the first continues. */
    enum Successor {
        /** It appends so much that segments are cleaned. */
        APPENDS,
        /** It replays the log, and appends after the first process has continued. */
        REPLAYS,
        /** The same; then a write of the first process fails, although all bytes are written. */
        REPLAYS_BEFORE_A_FAILED_WRITE,
        /** A third process opens the log before it. */
        IS_THE_SECOND_ONE,
        /** It is killed after it has replayed the log. */
        IS_KILLED,
        /** It closes the log. */
        CLOSES;

        private boolean isOver() {
            return this == IS_KILLED || this == CLOSES;
        }
    }

    /** A process that begins, ends and forgets transactions, so that segments are filled and cleaned. */
    private static final class Coordinator {
        private final FileLogFixture fixture;
        private final int firstNumber;
        private final Set<TransactionId> begun = new HashSet<>();
        private final Set<TransactionId> acknowledged = new HashSet<>();
        private boolean opened;

        private Coordinator(FaultyStorage storage, FileDecisionLog.Settings settings, int firstNumber) {
            this.fixture = new FileLogFixture(storage, settings);
            this.firstNumber = firstNumber;
        }

        private void run(int rounds) {
            try {
                fixture.open();
                opened = true;
            } catch (IOException _) {
                return; // the other process has claimed the log
            }
            append(firstNumber, rounds);
            if (fixture.fatal == null) {
                fixture.log().close();
            }
        }

        private boolean isLaterThan(Coordinator other) {
            return opened
                    && fixture.log().identity().epoch()
                            > other.fixture.log().identity().epoch();
        }

        /** Every fifth transaction stays open. */
        private void append(int from, int rounds) {
            for (int i = from; i < from + rounds && fixture.fatal == null; i++) {
                LogRecord record = SampleLogRecords.open(i);
                begun.add(record.id());
                fixture.append(record, () -> acknowledged.add(record.id()));
                if (i % 5 != 0) {
                    fixture.log().appendLazily(SampleLogRecords.ended(i));
                    fixture.log().forget(SampleLogRecords.id(i));
                }
            }
        }
    }

    /** Runs once, at one step of the first process. */
    private static final class Pause implements Runnable {
        private final FaultyStorage disk;
        private final Coordinator second;
        private final Successor successor;
        private final int at;
        private int steps;
        private Map<TransactionId, LogRecord> replayed = new LinkedHashMap<>();

        private Pause(FaultyStorage disk, Coordinator second, Successor successor, int at) {
            this.disk = disk;
            this.second = second;
            this.successor = successor;
            this.at = at;
        }

        @Override
        public void run() {
            if (steps++ != at) {
                return;
            }
            try {
                if (successor == Successor.IS_THE_SECOND_ONE) {
                    new FileLogFixture(disk.anotherProcess()).replayed();
                }
                replayed = second.fixture.replayed();
            } catch (IOException failure) {
                throw new AssertionError("the second process is refused at step " + at, failure);
            }
            second.opened = true;
            if (successor == Successor.APPENDS) {
                second.append(second.firstNumber, ROUNDS);
            }
            if (successor == Successor.CLOSES) {
                second.fixture.log().close();
            }
            if (successor == Successor.REPLAYS_BEFORE_A_FAILED_WRITE) {
                disk.failWrite();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Successor.class)
    void a_paused_process_acknowledges_nothing_that_its_successor_did_not_read(Successor successor) throws IOException {
        for (FileDecisionLog.Settings settings : settings()) {
            int steps = 0;
            while (pauseAt(steps, successor, settings)) {
                steps++;
            }
            assertTrue(steps > 400, String.format(Locale.ROOT, "%d steps", steps));
        }
    }

    /** The second process is slow: the first one appends between each two of its steps. */
    @Test
    void a_process_acknowledges_nothing_that_a_slow_successor_does_not_read() throws IOException {
        int step = 0;
        for (boolean more = true; more; step++) {
            FaultyStorage disk = new FaultyStorage();
            Coordinator first = new Coordinator(disk, FileLogFixture.SMALL_SEGMENTS, 0);
            first.fixture.open();
            first.append(0, 3);
            FaultyStorage secondDisk = disk.anotherProcess();
            int[] steps = {0};
            int at = step;
            secondDisk.atEachStep(() -> {
                if (steps[0]++ == at) {
                    first.append(3, ROUNDS);
                }
            });
            Map<TransactionId, LogRecord> replayed =
                    new FileLogFixture(secondDisk, FileLogFixture.SMALL_SEGMENTS).replayed();

            assertTrue(
                    replayed.keySet().containsAll(stillOpen(first.acknowledged)),
                    () -> String.format(
                            Locale.ROOT, "at step %d: %s of %s", at, replayed.keySet(), first.acknowledged));
            more = steps[0] > step;
        }
        assertTrue(step > 60, String.format(Locale.ROOT, "%d steps", step));
    }

    /** Returns whether the first process takes at least this many steps. */
    private static boolean pauseAt(int step, Successor successor, FileDecisionLog.Settings settings)
            throws IOException {
        FaultyStorage disk = new FaultyStorage();
        // Something to clean from a process before the two.
        Coordinator before = new Coordinator(disk, settings, 1000);
        before.run(ROUNDS);
        FaultyStorage firstDisk = disk.anotherProcess();
        Coordinator first = new Coordinator(firstDisk, settings, 0);
        Coordinator second = new Coordinator(disk.anotherProcess(), settings, 500);
        Pause pause = new Pause(firstDisk, second, successor, step);
        firstDisk.atEachStep(pause);
        first.run(ROUNDS);
        firstDisk.atEachStep(() -> {});
        if (pause.steps <= step) {
            return false;
        }
        String where = "paused at step " + step + ", " + successor;
        if (!successor.isOver()) {
            second.append(500 + ROUNDS, 1);
        }
        Map<TransactionId, LogRecord> found = new FileLogFixture(disk.anotherProcess(), settings).replayed();

        assertTrue(found.keySet().containsAll(stillOpen(first.acknowledged)), where);
        assertTrue(found.keySet().containsAll(stillOpen(second.acknowledged)), where);
        if (first.isLaterThan(second)) {
            assertFalse(second.acknowledged.contains(SampleLogRecords.id(500 + ROUNDS)), where);
        } else {
            assertTrue(pause.replayed.keySet().containsAll(stillOpen(first.acknowledged)), where);
            assertEquals(!successor.isOver(), second.acknowledged.contains(SampleLogRecords.id(500 + ROUNDS)), where);
            Map<TransactionId, LogRecord> notFromSecond = new LinkedHashMap<>(found);
            notFromSecond.keySet().removeIf(id -> second.begun.contains(id));
            assertEquals(pause.replayed, notFromSecond, where);
        }
        return true;
    }

    private static Set<TransactionId> stillOpen(Set<TransactionId> acknowledged) {
        Set<TransactionId> open = new HashSet<>();
        for (int i = 0; i < NUMBERS_MAX; i += 5) {
            if (acknowledged.contains(SampleLogRecords.id(i))) {
                open.add(SampleLogRecords.id(i));
            }
        }
        return open;
    }
}

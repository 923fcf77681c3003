package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.log.LogRecord;
import dtc.log.SampleLogRecords;
import dtc.log.file.FaultyStorage.PowerFailure;
import dtc.protocol.TransactionId;
import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Simulates a power failure before each change of the disk, while the log writes, rotates, cleans, opens and closes,
 * with each prefix and each suffix of the unforced bytes. The log must then contain the result of a prefix of the calls
 * that includes all acknowledged appends.
 */
@NoApplication
class FileDecisionLogCrashTest {

    private static final int ROUNDS = 25;

    static List<FileDecisionLog.Settings> settings() {
        return List.of(FileLogFixture.SMALL_SEGMENTS, FileLogFixture.WITH_PREALLOCATION);
    }

    /** A call of the log; {@code record} is null if {@code id} is forgotten. */
    private record Call(TransactionId id, @Nullable LogRecord record) {}

    /** A process whose transactions begin, end and are forgotten; some stay open. */
    private static final class Workload {
        private final FileLogFixture process;
        private final List<Call> calls = new ArrayList<>();
        private int acknowledged;

        private Workload(FaultyStorage storage, FileDecisionLog.Settings settings) {
            process = new FileLogFixture(storage, settings);
        }

        private void run() throws IOException {
            try {
                process.open();
            } catch (PowerFailure _) {
                return;
            }
            for (int i = 0; i < ROUNDS && process.fatal == null; i++) {
                round(2 * i);
            }
            if (process.fatal == null) {
                process.log().close();
            }
        }

        /** Two decisions share a force, one of them ends, and one that ended before is forgotten. */
        private void round(int number) {
            process.hold();
            append(SampleLogRecords.open(number));
            append(SampleLogRecords.open(number + 1));
            process.release();
            if (number % 10 != 0) {
                callLazily(new Call(SampleLogRecords.id(number), SampleLogRecords.ended(number)));
            }
            if (number >= 4) {
                callLazily(new Call(SampleLogRecords.id(number - 4), null));
            }
            if (number >= 12 && number % 3 == 0) {
                callLazily(new Call(SampleLogRecords.id(number - 11), null));
            }
        }

        private void append(LogRecord record) {
            calls.add(new Call(record.id(), record));
            int including = calls.size();
            process.append(record, () -> acknowledged = Math.max(acknowledged, including));
        }

        private void callLazily(Call call) {
            if (process.fatal != null) {
                return;
            }
            calls.add(call);
            if (call.record() == null) {
                process.log().forget(call.id());
            } else {
                process.log().appendLazily(call.record());
            }
        }

        /** Returns the valid contents of the log: the results of the prefixes that include all acknowledged appends. */
        private Set<List<LogRecord>> allowed() {
            Set<List<LogRecord>> allowed = new HashSet<>();
            Map<TransactionId, LogRecord> held = new LinkedHashMap<>();
            for (int count = 0; count <= calls.size(); count++) {
                if (count >= acknowledged) {
                    allowed.add(List.copyOf(held.values()));
                }
                if (count < calls.size()) {
                    Call next = calls.get(count);
                    held.remove(next.id());
                    if (next.record() != null) {
                        held.put(next.id(), next.record());
                    }
                }
            }
            return allowed;
        }
    }

    /** The content of a disk, for fast comparison. */
    private static final class Snapshot {
        private final Map<String, ByteBuffer> files;
        private final int checksum;

        private Snapshot(Map<String, ByteBuffer> files) {
            this.files = files;
            CRC32C all = new CRC32C();
            files.values().forEach(bytes -> all.update(bytes.duplicate()));
            checksum = (int) all.getValue();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Snapshot that && checksum == that.checksum && files.equals(that.files);
        }

        @Override
        public int hashCode() {
            return checksum;
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void no_power_failure_loses_an_acknowledged_record_or_adds_one(FileDecisionLog.Settings settings)
            throws IOException {
        Workload whole = new Workload(new FaultyStorage(), settings);
        whole.run();
        int changes = whole.process.storage.changes;
        assertTrue(changes > 200, String.format(Locale.ROOT, "%d changes", changes));
        assertTrue(
                FileLogFixture.segments(whole.process.storage).getFirst().compareTo(FileName.segment(8, 1)) > 0,
                "cleaned: " + whole.process.storage.names());

        int images = 0;
        Map<Snapshot, List<LogRecord>> replayed = Map.of();
        for (int change = 0; change < changes; change++) {
            FaultyStorage storage = new FaultyStorage();
            storage.powerFailsAt(change);
            Workload workload = new Workload(storage, settings);
            workload.run();
            assertTrue(workload.acknowledged < whole.calls.size() || change > changes - 5);
            replayed = check(workload, storage, settings, replayed);
            images += replayed.size();
        }
        assertTrue(images > 10_000, String.format(Locale.ROOT, "%d images", images));
    }

    /**
     * Checks what is replayed from each image.
     *
     * @param before the replayed records of the previous images, by content. Most changes of the disk leave many images
     *     unchanged.
     * @return the replayed records of the images, by content
     */
    private static Map<Snapshot, List<LogRecord>> check(
            Workload workload,
            FaultyStorage storage,
            FileDecisionLog.Settings settings,
            Map<Snapshot, List<LogRecord>> before)
            throws IOException {
        Set<List<LogRecord>> allowed = workload.allowed();
        Map<Snapshot, List<LogRecord>> replayed = new HashMap<>();
        Map<Snapshot, List<LogRecord>> next = new HashMap<>();
        for (Map.Entry<Snapshot, FaultyStorage> image :
                distinct(storage.afterPowerFailure()).entrySet()) {
            List<LogRecord> found = before.get(image.getKey());
            if (found == null) {
                found = replayed(image.getValue(), settings);
                // The coordinator acts on the replayed records, so the next replay must return them too. Images that
                // contain the same records are mostly equal after they were opened.
                FaultyStorage opened = image.getValue().afterLosingNames();
                Snapshot content = new Snapshot(opened.content());
                List<LogRecord> foundNext = next.get(content);
                if (foundNext == null) {
                    foundNext = replayed(opened, settings);
                    next.put(content, foundNext);
                }
                assertEquals(found, foundNext);
            }
            replayed.put(image.getKey(), found);
            if (!allowed.contains(found)) {
                fail(String.format(
                        Locale.ROOT,
                        "change %d left %s of %s, acknowledged %d",
                        storage.changes,
                        found,
                        workload.calls,
                        workload.acknowledged));
            }
        }
        return replayed;
    }

    private static List<LogRecord> replayed(FaultyStorage storage, FileDecisionLog.Settings settings)
            throws IOException {
        return List.copyOf(new FileLogFixture(storage, settings).replayed().values());
    }

    /** Returns one image of each content. */
    private static Map<Snapshot, FaultyStorage> distinct(List<FaultyStorage> images) {
        Map<Snapshot, FaultyStorage> distinct = new LinkedHashMap<>();
        for (FaultyStorage image : images) {
            distinct.putIfAbsent(new Snapshot(image.content()), image);
        }
        return distinct;
    }

    @ParameterizedTest
    @MethodSource("settings")
    void the_log_can_be_opened_after_a_power_failure_while_many_segments_are_deleted(FileDecisionLog.Settings settings)
            throws IOException {
        for (int change = 0; change < 25; change++) {
            FaultyStorage storage = new FaultyStorage();
            FileLogFixture process = new FileLogFixture(storage, settings);
            process.open();
            for (int i = 0; i < 40; i++) {
                process.log().append(SampleLogRecords.open(i));
            }
            assertTrue(storage.names().size() > 4);
            process.hold();
            for (int i = 0; i < 39; i++) {
                process.log().forget(SampleLogRecords.id(i));
            }
            storage.powerFailsAt(storage.changes + change);
            process.release();
            for (FaultyStorage image : distinct(storage.afterPowerFailure()).values()) {
                assertEquals(
                        SampleLogRecords.open(39),
                        new FileLogFixture(image, settings).replayed().get(SampleLogRecords.id(39)));
            }
        }
    }

    /** Simulates a power failure before each change of a recovery. */
    @ParameterizedTest
    @MethodSource("settings")
    void a_power_failure_in_recovery_loses_nothing(FileDecisionLog.Settings settings) throws IOException {
        Workload workload = new Workload(new FaultyStorage(), settings);
        workload.process.storage.powerFailsAt(150);
        workload.run();
        Set<List<LogRecord>> allowed = workload.allowed();
        Set<Snapshot> checked = new HashSet<>();
        for (FaultyStorage image :
                distinct(workload.process.storage.afterPowerFailure()).values()) {
            for (int change = 0; change < 20; change++) {
                image.powerFailsAt(image.changes + change);
                FileLogFixture interrupted = new FileLogFixture(image, settings);
                try {
                    interrupted.replayed();
                } catch (PowerFailure _) {
                    // the power failure
                }
                for (FaultyStorage next : image.afterPowerFailure()) {
                    if (checked.add(new Snapshot(next.content()))) {
                        assertTrue(allowed.contains(replayed(next, settings)));
                    }
                }
                image.failing((_, _) -> {});
                image.close();
            }
        }
        assertTrue(checked.size() > 400, String.format(Locale.ROOT, "%d images", checked.size()));
    }

    /** Makes each force fail and then kills the process. The next process may read unacknowledged records. */
    @ParameterizedTest
    @MethodSource("settings")
    void no_failed_force_loses_an_acknowledged_record(FileDecisionLog.Settings settings) throws IOException {
        Workload whole = new Workload(new FaultyStorage(), settings);
        whole.run();
        for (int force = 1; force <= whole.process.storage.forces; force++) {
            FaultyStorage storage = new FaultyStorage();
            int failing = force;
            storage.failing((change, _) -> {
                if (change == FaultyStorage.Change.FORCE && storage.forces == failing) {
                    throw new IOException("Input/output error");
                }
            });
            Workload workload = new Workload(storage, settings);
            try {
                workload.run();
            } catch (IOException refusal) {
                assertTrue(workload.calls.isEmpty(), () -> "at opening: " + refusal);
            }
            Map<Snapshot, List<LogRecord>> replayed = check(workload, storage.afterKill(), settings, Map.of());
            check(workload, storage, settings, replayed);
        }
    }

    /**
     * Makes the disk full at various bytes. An append is then either refused and never replayed, or stored and
     * replayed.
     */
    @ParameterizedTest
    @MethodSource("settings")
    void on_a_full_disk_a_record_is_either_stored_or_refused(FileDecisionLog.Settings settings) throws IOException {
        for (int free = 0; free < 2500; free += 7) {
            FaultyStorage storage = new FaultyStorage();
            FileLogFixture process = new FileLogFixture(storage, settings);
            process.open();
            storage.capacity(storage.usedBytes() + free);
            TreeSet<TransactionId> stored = new TreeSet<>();
            for (int i = 0; i < 30; i++) {
                LogRecord record = SampleLogRecords.open(i);
                process.append(record, () -> stored.add(record.id()));
            }
            assertTrue(stored.size() < 30, "the disk was full");
            for (FaultyStorage image : distinct(storage.afterPowerFailure()).values()) {
                assertEquals(
                        stored,
                        new TreeSet<>(
                                new FileLogFixture(image, settings).replayed().keySet()));
            }
            storage.capacity(Long.MAX_VALUE);
            process.append(SampleLogRecords.open(99), () -> stored.add(SampleLogRecords.id(99)));
            assertTrue(stored.contains(SampleLogRecords.id(99)), "space was freed");
            assertEquals(stored, new TreeSet<>(FileLogFixture.replayed(storage).keySet()));
        }
    }

    @Test
    void the_check_of_the_workload_can_fail() {
        Workload workload = new Workload(new FaultyStorage(), FileLogFixture.SMALL_SEGMENTS);
        workload.calls.addAll(Arrays.asList(
                new Call(SampleLogRecords.id(1), SampleLogRecords.open(1)),
                new Call(SampleLogRecords.id(1), SampleLogRecords.ended(1)),
                new Call(SampleLogRecords.id(1), null)));
        workload.acknowledged = 1;
        assertTrue(workload.allowed().contains(List.of(SampleLogRecords.ended(1))));
        assertFalse(workload.allowed().contains(List.of(SampleLogRecords.open(2))));

        workload.acknowledged = 2;
        assertFalse(workload.allowed().contains(List.of(SampleLogRecords.open(1))));
    }
}

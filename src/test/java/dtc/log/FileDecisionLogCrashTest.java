package dtc.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.FaultyStorage.PowerFailure;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The machine goes off before every single change of the disk, in writing, rotation, cleaning, opening and closing; and
 * of what was not forced every first part is left, or every last one. Then the log must hold what it was given up to
 * some moment, and that is not before the last acknowledged decision.
 */
class FileDecisionLogCrashTest {

    private static final int ROUNDS = 25;

    static List<FileDecisionLog.Settings> settings() {
        return List.of(FileLogFixture.SMALL_SEGMENTS, FileLogFixture.WITH_ROOM);
    }

    /** What the log was told, in this order; {@code record} is null where {@code id} is forgotten. */
    private record Told(TransactionId id, @Nullable TransactionRecord record) {}

    /** A process that tells its log of transactions that come and go; some stay open. */
    private static final class Story {
        private final FileLogFixture process;
        private final List<Told> told = new ArrayList<>();
        private int acknowledged;

        private Story(FaultyStorage storage, FileDecisionLog.Settings settings) {
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
            decide(Records.committing(number));
            decide(Records.committing(number + 1));
            process.release();
            if (number % 10 != 0) {
                tell(new Told(Records.id(number), Records.committed(number)));
            }
            if (number >= 4) {
                tell(new Told(Records.id(number - 4), null));
            }
            if (number >= 12 && number % 3 == 0) {
                tell(new Told(Records.id(number - 11), null));
            }
        }

        private void decide(TransactionRecord decision) {
            told.add(new Told(decision.id(), decision));
            int including = told.size();
            process.log().decide(decision).thenRun(() -> acknowledged = Math.max(acknowledged, including));
        }

        private void tell(Told one) {
            if (process.fatal != null) {
                return;
            }
            told.add(one);
            if (one.record() == null) {
                process.log().forget(one.id());
            } else {
                process.log().end(one.record());
            }
        }

        /**
         * Whether this is what the log holds if it was told no more than to some moment after the last acknowledgement.
         */
        private boolean mayHold(List<TransactionRecord> found) {
            Map<TransactionId, TransactionRecord> held = new LinkedHashMap<>();
            for (int count = 0; count <= told.size(); count++) {
                if (count >= acknowledged && List.copyOf(held.values()).equals(found)) {
                    return true;
                }
                if (count < told.size()) {
                    Told next = told.get(count);
                    held.remove(next.id());
                    if (next.record() != null) {
                        held.put(next.id(), next.record());
                    }
                }
            }
            return false;
        }
    }

    @ParameterizedTest
    @MethodSource("settings")
    void whenever_the_power_fails_nothing_acknowledged_is_lost_and_nothing_invented(FileDecisionLog.Settings settings)
            throws IOException {
        Story whole = new Story(new FaultyStorage(), settings);
        whole.run();
        int changes = whole.process.storage.changes;
        assertTrue(changes > 200, "%d changes".formatted(changes));
        assertTrue(
                whole.process.storage.names().getFirst().compareTo(Segment.name(8)) > 0,
                "cleaned: " + whole.process.storage.names());

        int images = 0;
        for (int change = 0; change < changes; change++) {
            FaultyStorage storage = new FaultyStorage();
            storage.powerFailsAt(change);
            Story story = new Story(storage, settings);
            story.run();
            assertTrue(story.acknowledged < whole.told.size() || change > changes - 5);
            images += check(story, storage, settings);
        }
        assertTrue(images > 10_000, "%d images".formatted(images));
    }

    private static int check(Story story, FaultyStorage storage, FileDecisionLog.Settings settings) throws IOException {
        Map<Object, FaultyStorage> images = new LinkedHashMap<>();
        for (FaultyStorage image : storage.afterPowerFailure()) {
            images.putIfAbsent(image.whatIsSeen(), image);
        }
        for (FaultyStorage image : images.values()) {
            List<TransactionRecord> found =
                    List.copyOf(new FileLogFixture(image, settings).replayed().values());
            assertTrue(
                    story.mayHold(found),
                    () -> "change %d left %s of %s, acknowledged %d"
                            .formatted(storage.changes, found, story.told, story.acknowledged));
            // What was found is acted upon, and so must be found again.
            assertEquals(
                    found,
                    List.copyOf(new FileLogFixture(image.afterPowerFailure().getFirst(), settings)
                            .replayed()
                            .values()));
        }
        return images.size();
    }

    /** Of names that were deleted any may come back, and no gap may be left by that. */
    @ParameterizedTest
    @MethodSource("settings")
    void whenever_the_power_fails_while_many_segments_are_deleted_the_log_can_be_opened(
            FileDecisionLog.Settings settings) throws IOException {
        for (int change = 0; change < 25; change++) {
            FaultyStorage storage = new FaultyStorage();
            FileLogFixture process = new FileLogFixture(storage, settings);
            process.open();
            for (int i = 0; i < 40; i++) {
                process.log().decide(Records.committing(i));
            }
            assertTrue(storage.names().size() > 4);
            process.hold();
            for (int i = 0; i < 39; i++) {
                process.log().forget(Records.id(i));
            }
            storage.powerFailsAt(storage.changes + change);
            process.release();
            for (FaultyStorage image : storage.afterPowerFailure()) {
                assertEquals(
                        Records.committing(39),
                        new FileLogFixture(image, settings).replayed().get(Records.id(39)));
            }
        }
    }

    /** Recovery itself is interrupted, before each of its changes, and then again. */
    @ParameterizedTest
    @MethodSource("settings")
    void whenever_the_power_fails_in_recovery_the_next_one_finds_the_same(FileDecisionLog.Settings settings)
            throws IOException {
        Story story = new Story(new FaultyStorage(), settings);
        story.process.storage.powerFailsAt(150);
        story.run();
        for (FaultyStorage image : story.process.storage.afterPowerFailure()) {
            for (int change = 0; change < 6; change++) {
                image.powerFailsAt(image.changes + change);
                FileLogFixture interrupted = new FileLogFixture(image, settings);
                try {
                    interrupted.replayed();
                } catch (PowerFailure _) {
                    // as planned
                }
                for (FaultyStorage next : image.afterPowerFailure()) {
                    assertTrue(story.mayHold(List.copyOf(
                            new FileLogFixture(next, settings).replayed().values())));
                }
                image.failing((_, _) -> {});
                image.close();
            }
        }
    }

    /** A failing force, at each force in turn, and a kill: the next process may see more than was acknowledged. */
    @ParameterizedTest
    @MethodSource("settings")
    void whichever_force_fails_nothing_acknowledged_is_lost(FileDecisionLog.Settings settings) throws IOException {
        Story whole = new Story(new FaultyStorage(), settings);
        whole.run();
        for (int force = 1; force <= whole.process.storage.forces; force++) {
            FaultyStorage storage = new FaultyStorage();
            int failing = force;
            storage.failing((change, _) -> {
                if (change == FaultyStorage.Change.FORCE && storage.forces == failing) {
                    throw new IOException("Input/output error");
                }
            });
            Story story = new Story(storage, settings);
            try {
                story.run();
            } catch (IOException _) {
                assertEquals(1, force, "at opening");
            }
            check(story, storage.afterKill(), settings);
            check(story, storage, settings);
        }
    }

    /**
     * The disk fills up at every byte; a decision then either fails, and is never found, or is acknowledged and found.
     */
    @ParameterizedTest
    @MethodSource("settings")
    void whenever_the_disk_is_full_a_decision_is_acknowledged_or_surely_not_recorded(FileDecisionLog.Settings settings)
            throws IOException {
        for (int room = 0; room < 2500; room += 7) {
            FaultyStorage storage = new FaultyStorage();
            FileLogFixture process = new FileLogFixture(storage, settings);
            process.open();
            storage.capacity(storage.usedBytes() + room);
            TreeSet<TransactionId> decided = new TreeSet<>();
            for (int i = 0; i < 30; i++) {
                TransactionRecord decision = Records.committing(i);
                process.log().decide(decision).thenRun(() -> decided.add(decision.id()));
            }
            assertTrue(decided.size() < 30, "it was full");
            for (FaultyStorage image : storage.afterPowerFailure()) {
                assertEquals(
                        decided,
                        new TreeSet<>(
                                new FileLogFixture(image, settings).replayed().keySet()));
            }
            storage.capacity(Long.MAX_VALUE);
            process.log().decide(Records.committing(99)).thenRun(() -> decided.add(Records.id(99)));
            assertTrue(decided.contains(Records.id(99)), "there is room again");
            assertEquals(decided, new TreeSet<>(FileLogFixture.replayed(storage).keySet()));
        }
    }

    @Test
    void what_the_story_expects_is_told_apart() {
        Story story = new Story(new FaultyStorage(), FileLogFixture.SMALL_SEGMENTS);
        story.told.addAll(Arrays.asList(
                new Told(Records.id(1), Records.committing(1)),
                new Told(Records.id(1), Records.committed(1)),
                new Told(Records.id(1), null)));
        story.acknowledged = 1;

        assertTrue(story.mayHold(List.of(Records.committed(1))));
        assertTrue(!story.mayHold(List.of(Records.committing(2))));
        story.acknowledged = 2;
        assertTrue(!story.mayHold(List.of(Records.committing(1))));
    }
}

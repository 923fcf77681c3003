package dtc.simulation;

import dtc.log.DecisionLog;
import dtc.log.file.FileDecisionLog;
import dtc.log.file.Storage;
import dtc.log.file.UnreadableLogException;
import dtc.log.memory.MemoryDecisionLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The coordinator's disk. Of what was not forced, a crash keeps any first or any last part, whole records or not. A
 * force may fail: what it was to write is then lost after a crash, although it can still be read, and a second force
 * succeeds.
 */
final class Disk {

    private static final int SECOND_START_MILLIS = 500;
    private static final long ROOM = 1L << 30;
    private static final long FREE_MIN = 1_000;
    private static final int DECISIONS_WAITING_MAX = 30;

    private final World world;
    private Map<String, Content> files = new TreeMap<>();
    private Map<String, Content> forcedNames = new TreeMap<>();
    private boolean failNext;
    private long fullUntil;

    /** What is in a file, as it reads and as it is on the disk. */
    private static final class Content {
        private byte[] read = {};
        private byte[] forced = {};
        /** The system dropped what it could not write. */
        private boolean dropped;
    }

    Disk(World world) {
        this.world = world;
    }

    void failNextForce() {
        failNext = true;
    }

    void fillUntil(long millis) {
        fullUntil = Math.max(fullUntil, millis);
    }

    /** The log that one life of the coordinator finds. */
    DecisionLog open(Node.Life life) {
        failNext = false;
        try {
            return FileDecisionLog.open(
                    new Files(life),
                    task -> world.after(1 + world.number("disk", world.setting(Setting.DISK)), life, task),
                    new FileDecisionLog.Settings(
                            world.setting(Setting.SEGMENT),
                            world.setting(Setting.SEGMENT) / 3,
                            FREE_MIN,
                            DECISIONS_WAITING_MAX),
                    new LifeTime(life)::nanos,
                    () -> world.number("identity of the log", Long.MAX_VALUE),
                    new FileDecisionLog.Listener() {
                        @Override
                        public void notice(String what) {}

                        @Override
                        public void fatal(String what, Throwable cause) {
                            world.fatal(life, SECOND_START_MILLIS);
                        }
                    });
        } catch (UnreadableLogException e) {
            world.fail("the log is readable", String.valueOf(e.getMessage()));
        } catch (IOException _) {
            world.fatal(life, SECOND_START_MILLIS); // the disk is full, or failed
        }
        return new MemoryDecisionLog();
    }

    /** {@code kept}: of what was not forced, so many bytes in a hundred; all where only the process dies. */
    void crash(int kept) {
        if (kept == 100) {
            return;
        }
        if (kept < 50) {
            files = new TreeMap<>(forcedNames);
        } else {
            forcedNames = new TreeMap<>(files);
        }
        for (Content file : files.values()) {
            if (file.read.length < file.forced.length) {
                file.read = kept < 50 ? file.forced : file.read; // it had been cut
            } else {
                file.read = torn(file.forced, file.read, kept);
            }
            file.forced = file.read;
            file.dropped = false;
        }
    }

    /** {@code kept} per cent of what was written: the first of it, or the last, in whose way a hole reads as zeros. */
    private static byte[] torn(byte[] forced, byte[] read, int kept) {
        int from = Arrays.mismatch(forced, read);
        if (from < 0) {
            return forced;
        }
        byte[] left = Arrays.copyOf(forced, read.length);
        int to = read.length;
        while (read[to - 1] == left[to - 1] && to > from + 1) {
            to--; // room is no part of what was written
        }
        int count = (to - from) * kept / 100;
        if (kept % 2 == 1) {
            System.arraycopy(read, to - count, left, to - count, count);
            return left;
        }
        System.arraycopy(read, from, left, from, count);
        return Arrays.copyOf(left, Math.max(from + count, forced.length));
    }

    /** The disk in the hands of one life of the process. */
    private final class Files implements Storage {
        private final Node.Life life;
        private final Map<String, Content> opened = new TreeMap<>();

        private Files(Node.Life life) {
            this.life = life;
        }

        private void moment(String what) throws IOException {
            if (!life.isOver()) {
                world.moment(life, life.node.name + " " + what, false);
            }
            if (life.isOver()) {
                throw new IOException("the process has died");
            }
        }

        /** "log" for a segment, else "claim", "manifest" or "format". */
        private static String kind(String name) {
            if (name.equals("segment-0000000000.log")) {
                return "format";
            }
            return name.startsWith("segment-") ? "log" : name.substring(0, name.indexOf('-'));
        }

        private Content file(String name) throws IOException {
            Content content = files.get(name);
            if (content == null) {
                throw new IOException("no such file: " + name);
            }
            return content;
        }

        @Override
        public String location() {
            return "the simulated disk";
        }

        @Override
        public void lock() {}

        @Override
        public List<String> names() {
            return List.copyOf(files.keySet());
        }

        @Override
        public boolean isFile(String name) {
            return files.containsKey(name);
        }

        @Override
        public long size(String name) throws IOException {
            return file(name).read.length;
        }

        private Content opened(String name) throws IOException {
            Content content = opened.get(name);
            if (content == null) {
                content = file(name);
                opened.put(name, content);
            }
            return content;
        }

        @Override
        public ByteBuffer read(String name, long offset, int length) throws IOException {
            byte[] all = opened(name).read;
            int from = (int) Math.min(offset, all.length);
            return ByteBuffer.wrap(Arrays.copyOfRange(all, from, Math.min(all.length, from + length)));
        }

        @Override
        public void create(String name) throws IOException {
            moment("creates " + kind(name));
            roomOrFail();
            Content content = new Content();
            if (files.putIfAbsent(name, content) != null) {
                throw new IOException("there is one already: " + name);
            }
            opened.put(name, content);
        }

        @Override
        public void write(String name, long offset, ByteBuffer bytes) throws IOException {
            // The noise fills the disk at a share of the writes of the log. Of what is tried again while the disk is
            // full,
            // only the records count. Otherwise each attempt could fill it again, without an end.
            boolean isRetried = offset == 0 && isFull();
            moment((kind(name).equals("log") && !isRetried ? "writes " : "updates ") + kind(name));
            Content content = opened(name);
            int room = isFull() ? bytes.remaining() / 2 : bytes.remaining();
            byte[] written = Arrays.copyOf(content.read, Math.max(content.read.length, (int) offset + room));
            bytes.get(written, (int) offset, room);
            content.read = written;
            roomOrFail();
        }

        private boolean isFull() {
            return fullUntil > world.millis();
        }

        private void roomOrFail() throws IOException {
            if (isFull()) {
                throw new IOException("no room on the disk");
            }
        }

        @Override
        public void truncate(String name, long size) throws IOException {
            moment("cuts " + kind(name));
            Content content = opened(name);
            content.read = Arrays.copyOf(content.read, (int) size);
        }

        @Override
        public void force(String name) throws IOException {
            moment("forces " + kind(name));
            Content content = opened(name);
            if (failNext) {
                failNext = false;
                content.dropped = true;
                throw new IOException("the disk failed");
            }
            if (!content.dropped) {
                content.forced = content.read;
            }
        }

        @Override
        public void rename(String from, String to) throws IOException {
            moment("renames " + kind(from));
            files.put(to, file(from));
            files.remove(from);
            opened.remove(to);
            Content content = opened.remove(from);
            if (content != null) {
                opened.put(to, content);
            }
        }

        @Override
        public void delete(String name) throws IOException {
            moment("deletes " + kind(name));
            file(name);
            files.remove(name);
            opened.remove(name);
        }

        @Override
        public void forceDirectory() throws IOException {
            moment("forces names");
            if (failNext) {
                failNext = false;
                throw new IOException("the disk failed");
            }
            forcedNames = new TreeMap<>(files);
        }

        @Override
        public boolean isInPlace(String name) {
            Content content = opened.get(name);
            return content != null && files.get(name) == content;
        }

        @Override
        public long freeBytes() {
            return isFull() ? 0 : ROOM;
        }

        @Override
        public void close() {}
    }
}

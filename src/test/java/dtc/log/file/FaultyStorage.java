package dtc.log.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A simulated disk in memory. It distinguishes forced from unforced content, and tests can inject failures. */
final class FaultyStorage implements Storage {

    /** A kind of change. */
    enum Change {
        CREATE,
        WRITE,
        TRUNCATE,
        FORCE,
        RENAME,
        DELETE,
        FORCE_DIRECTORY
    }

    /** Called before each change; throws to make it fail. */
    interface Fault {
        void before(Change change, String name) throws IOException;
    }

    /** Simulates a power failure. */
    static final class PowerFailure extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static final class Content {
        private byte[] seen = {};
        private byte[] forced = {};
        /** Whether a force failed. The system has then dropped the data, and the next force succeeds. */
        private boolean dropped;

        private Content() {}

        private Content(byte[] bytes) {
            seen = bytes;
            forced = bytes;
        }
    }

    private final Map<String, Content> seenNames;
    private final Map<String, Content> forcedNames;
    private final Set<String> directories;
    /** The files that this process has opened. */
    private final Map<String, Content> open = new HashMap<>();

    private final Set<String> created = new HashSet<>();
    private Fault fault = (_, _) -> {};
    private Runnable step = () -> {};
    private long capacityBytes = Long.MAX_VALUE;
    private boolean locked;
    private boolean failingWrite;

    int changes;
    int forces;

    FaultyStorage() {
        this(new TreeMap<>(), new TreeMap<>(), new TreeSet<>());
    }

    private FaultyStorage(Map<String, Content> seenNames, Map<String, Content> forcedNames, Set<String> directories) {
        this.seenNames = seenNames;
        this.forcedNames = forcedNames;
        this.directories = directories;
    }

    /** Returns the same disk as another process uses it concurrently, despite the lock. */
    FaultyStorage anotherProcess() {
        return new FaultyStorage(seenNames, forcedNames, directories);
    }

    /** Runs before and after each use of the disk. */
    void atEachStep(Runnable action) {
        step = action;
    }

    void failing(Fault next) {
        fault = next;
    }

    /** Makes the current write fail after all bytes are written. */
    void failWrite() {
        failingWrite = true;
    }

    /** Limits the capacity. A write beyond it writes the bytes that fit, and fails. */
    void capacity(long bytes) {
        capacityBytes = bytes;
    }

    /** Simulates a power failure at the change with this number, counted from 0. */
    void powerFailsAt(int change) {
        failing((_, _) -> {
            if (changes > change) {
                throw new PowerFailure();
            }
        });
    }

    private void change(Change change, String name) throws IOException {
        step.run();
        changes++;
        fault.before(change, name);
    }

    /** Returns the disk after a crash of the process. */
    FaultyStorage afterKill() {
        return new FaultyStorage(new TreeMap<>(seenNames), new TreeMap<>(forcedNames), new TreeSet<>(directories));
    }

    /**
     * Returns the possible contents of the disk after a power failure: with or without unforced names, and with any
     * prefix or any suffix of the unforced bytes.
     */
    List<FaultyStorage> afterPowerFailure() {
        List<FaultyStorage> images = new ArrayList<>();
        images.addAll(images(forcedNames));
        if (!seenNames.equals(forcedNames)) {
            images.addAll(images(seenNames));
        }
        forcedNames.forEach((name, content) -> {
            if (!seenNames.containsKey(name)) {
                Map<String, Content> oneIsBack = new TreeMap<>(seenNames);
                oneIsBack.put(name, content);
                images.addAll(images(oneIsBack));
            }
        });
        return images;
    }

    /** Returns the disk after all unforced names are lost and all bytes are kept. */
    FaultyStorage afterLosingNames() {
        return image(forcedNames, "", new byte[0], true);
    }

    /**
     * Returns the disks on which one unforced file is partly written, up to each byte or from each byte (for files
     * without records, some bytes), while the others are written completely or not at all.
     */
    private static List<FaultyStorage> images(Map<String, Content> names) {
        List<FaultyStorage> images = new ArrayList<>();
        images.add(image(names, "", new byte[0], true));
        images.add(image(names, "", new byte[0], false));
        names.forEach((name, content) -> {
            int step = name.startsWith("segment-") ? 1 : 24;
            for (byte[] left : whatMayBeLeft(content, step)) {
                images.add(image(names, name, left, true));
                images.add(image(names, name, left, false));
            }
        });
        return images;
    }

    private static FaultyStorage image(
            Map<String, Content> names, String partial, byte[] left, boolean othersAreWhole) {
        TreeMap<String, Content> all = new TreeMap<>(names);
        all.replaceAll((name, content) -> new Content(
                name.equals(partial) ? left : othersAreWhole && !content.dropped ? content.seen : content.forced));
        return new FaultyStorage(all, new TreeMap<>(all), new TreeSet<>());
    }

    private static List<byte[]> whatMayBeLeft(Content content, int step) {
        if (Arrays.equals(content.seen, content.forced)) {
            return List.of();
        }
        List<byte[]> left = new ArrayList<>();
        if (content.dropped) {
            left.add(content.forced);
            left.add(content.seen);
            return left;
        }
        if (content.seen.length < content.forced.length) { // truncated, and perhaps written to before
            byte[] uncut = content.forced.clone();
            System.arraycopy(content.seen, 0, uncut, 0, content.seen.length);
            left.addAll(
                    List.of(content.forced, content.seen, uncut, Arrays.copyOf(content.forced, content.seen.length)));
            return left;
        }
        int from = Arrays.mismatch(content.forced, content.seen);
        byte[] before = Arrays.copyOf(content.forced, content.seen.length); // a hole reads as zeros
        for (int at = from; at <= content.seen.length; at += step) {
            byte[] first = Arrays.copyOf(content.seen, Math.max(at, content.forced.length));
            System.arraycopy(before, at, first, at, first.length - at);
            left.add(first);
            byte[] last = content.seen.clone();
            System.arraycopy(before, 0, last, 0, at);
            left.add(last);
        }
        return left;
    }

    /** Returns a copy of the disk. */
    FaultyStorage copy() {
        FaultyStorage copy = new FaultyStorage();
        seenNames.forEach((name, content) -> copy.put(name, content.seen));
        copy.directories.addAll(directories);
        return copy;
    }

    /** Replaces a file with a directory. */
    void putDirectory(String name) {
        lose(name);
        directories.add(name);
    }

    /** Puts content into the file, forced. The file is created if it does not exist. */
    void put(String name, byte[] bytes) {
        Content content = seenNames.getOrDefault(name, new Content());
        content.seen = bytes;
        content.forced = bytes;
        seenNames.put(name, content);
        forcedNames.put(name, content);
    }

    byte[] bytes(String name) throws IOException {
        return content(name).seen.clone();
    }

    /** Removes a file, forced. */
    void lose(String name) {
        directories.remove(name);
        seenNames.remove(name);
        forcedNames.remove(name);
    }

    long usedBytes() {
        return seenNames.values().stream()
                .mapToLong(content -> content.seen.length)
                .sum();
    }

    /** Returns the content of all files. */
    Map<String, ByteBuffer> content() {
        Map<String, ByteBuffer> all = new TreeMap<>();
        seenNames.forEach((name, content) -> all.put(name, ByteBuffer.wrap(content.seen)));
        return all;
    }

    private Content content(String name) throws IOException {
        Content content = seenNames.get(name);
        if (content == null) {
            throw new IOException("no file " + name);
        }
        return content;
    }

    private Content opened(String name) throws IOException {
        Content content = open.get(name);
        if (content == null) {
            content = content(name);
            if (locked) {
                open.put(name, content);
            }
        }
        return content;
    }

    private Content created(String name) throws IOException {
        if (!created.contains(name)) {
            throw new IOException("this process did not create " + name);
        }
        return opened(name);
    }

    private void close(String name) {
        open.remove(name);
        created.remove(name);
    }

    @Override
    public String location() {
        return "memory";
    }

    @Override
    public void lock() throws IOException {
        if (locked) {
            throw new IOException("the log in memory is in use by another process");
        }
        locked = true;
    }

    @Override
    public List<String> names() {
        step.run();
        TreeSet<String> names = new TreeSet<>(seenNames.keySet());
        names.addAll(directories);
        step.run();
        return List.copyOf(names);
    }

    @Override
    public boolean isFile(String name) {
        return seenNames.containsKey(name);
    }

    @Override
    public long size(String name) throws IOException {
        return content(name).seen.length;
    }

    @Override
    public ByteBuffer read(String name, long offset, int length) throws IOException {
        step.run();
        byte[] bytes = opened(name).seen;
        int from = (int) Math.min(offset, bytes.length);
        step.run();
        return ByteBuffer.wrap(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + length)));
    }

    @Override
    public void create(String name) throws IOException {
        change(Change.CREATE, name);
        Content content = new Content();
        if (directories.contains(name) || seenNames.putIfAbsent(name, content) != null) {
            throw new IOException("there is a file " + name);
        }
        open.put(name, content);
        created.add(name);
        step.run();
    }

    @Override
    public void write(String name, long offset, ByteBuffer bytes) throws IOException {
        change(Change.WRITE, name);
        Content content = created(name);
        if (offset > content.seen.length) {
            throw new IOException("a hole in " + name);
        }
        long most = content.seen.length + Math.max(0, capacityBytes - usedBytes());
        int room = (int) Math.min(bytes.remaining(), most - offset);
        boolean fits = room == bytes.remaining();
        byte[] written = Arrays.copyOf(content.seen, Math.max(content.seen.length, (int) offset + room));
        bytes.get(written, (int) offset, room);
        content.seen = written;
        if (!fits) {
            throw new IOException("No space left on device");
        }
        step.run();
        if (failingWrite) {
            failingWrite = false;
            throw new IOException("Input/output error");
        }
    }

    @Override
    public void truncate(String name, long size) throws IOException {
        change(Change.TRUNCATE, name);
        Content content = created(name);
        content.seen = Arrays.copyOf(content.seen, (int) Math.min(size, content.seen.length));
        step.run();
    }

    @Override
    public void force(String name) throws IOException {
        forces++;
        Content content = created(name);
        try {
            change(Change.FORCE, name);
        } catch (IOException failure) {
            content.dropped = true;
            throw failure;
        }
        if (!content.dropped) {
            content.forced = content.seen;
        }
        step.run();
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change(Change.RENAME, from);
        if (directories.remove(from)) {
            directories.add(to);
            return;
        }
        seenNames.put(to, content(from));
        seenNames.remove(from);
        close(to);
        boolean isCreated = created.contains(from);
        Content content = open.get(from);
        close(from);
        if (content != null) {
            open.put(to, content);
        }
        if (isCreated) {
            created.add(to);
        }
        step.run();
    }

    @Override
    public void delete(String name) throws IOException {
        change(Change.DELETE, name);
        close(name);
        content(name);
        seenNames.remove(name);
        step.run();
    }

    @Override
    public void forceDirectory() throws IOException {
        change(Change.FORCE_DIRECTORY, "");
        forcedNames.clear();
        forcedNames.putAll(seenNames);
        step.run();
    }

    @Override
    public boolean isInPlace(String name) {
        step.run();
        boolean inPlace = open.get(name) != null && open.get(name) == seenNames.get(name);
        step.run();
        return inPlace;
    }

    @Override
    public long freeBytes() {
        return capacityBytes - usedBytes();
    }

    @Override
    public void close() {
        locked = false;
        open.clear();
        created.clear();
    }
}

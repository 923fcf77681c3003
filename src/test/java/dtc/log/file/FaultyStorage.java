package dtc.log.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A disk in memory that knows which of its content is forced, and whose failures the test controls. */
final class FaultyStorage implements Storage {

    /** A kind of change. */
    enum Change {
        CREATE,
        WRITE,
        REWRITE,
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

    /** The machine has no power. */
    static final class PowerFailure extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static final class Content {
        private byte[] seen = {};
        private byte[] forced = {};
        /**
         * A force failed: the system has dropped what it could not write, and a further force says that all is well.
         */
        private boolean dropped;
    }

    private final Map<String, Content> seenNames = new TreeMap<>();
    private final Map<String, Content> forcedNames = new TreeMap<>();
    private Fault fault = (_, _) -> {};
    private long capacityBytes = Long.MAX_VALUE;
    private boolean locked;

    int changes;
    int forces;

    void failing(Fault next) {
        fault = next;
    }

    /** A write beyond this capacity writes what fits, and fails. */
    void capacity(long bytes) {
        capacityBytes = bytes;
    }

    /** The power fails at change number {@code change}, counted from 0. */
    void powerFailsAt(int change) {
        failing((_, _) -> {
            if (changes > change) {
                throw new PowerFailure();
            }
        });
    }

    private void change(Change change, String name) throws IOException {
        changes++;
        fault.before(change, name);
    }

    /** The same disk after a crash of the process, but not of the machine. */
    FaultyStorage afterKill() {
        FaultyStorage after = new FaultyStorage();
        seenNames.forEach((name, content) -> after.seenNames.put(name, content));
        forcedNames.forEach((name, content) -> after.forcedNames.put(name, content));
        return after;
    }

    /**
     * What may be on the disk after a power failure now: names forced or not, and of the bytes that were not forced any
     * first part, or any last part.
     */
    List<FaultyStorage> afterPowerFailure() {
        List<FaultyStorage> images = new ArrayList<>();
        for (Map<String, Content> names : List.of(forcedNames, seenNames)) {
            images.addAll(images(names));
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

    /**
     * Of the files that are not forced, one at a time is partly written, up to each byte or from each byte on, while
     * the others are written completely, or not at all.
     */
    private static List<FaultyStorage> images(Map<String, Content> names) {
        List<FaultyStorage> images = new ArrayList<>();
        images.add(image(names, "", new byte[0], true));
        images.add(image(names, "", new byte[0], false));
        names.forEach((name, content) -> {
            for (byte[] left : whatMayBeLeft(content)) {
                images.add(image(names, name, left, true));
                images.add(image(names, name, left, false));
            }
        });
        return images;
    }

    private static FaultyStorage image(
            Map<String, Content> names, String partial, byte[] left, boolean othersAreWhole) {
        FaultyStorage image = new FaultyStorage();
        names.forEach((name, content) -> image.put(
                name,
                name.equals(partial) ? left : othersAreWhole && !content.dropped ? content.seen : content.forced));
        return image;
    }

    private static List<byte[]> whatMayBeLeft(Content content) {
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
        for (int at = from; at <= content.seen.length; at++) {
            byte[] first = Arrays.copyOf(content.seen, Math.max(at, content.forced.length));
            System.arraycopy(before, at, first, at, first.length - at);
            left.add(first);
            byte[] last = content.seen.clone();
            System.arraycopy(before, 0, last, 0, at);
            left.add(last);
        }
        return left;
    }

    /** Puts a file there, forced. */
    void put(String name, byte[] bytes) {
        Content content = new Content();
        content.seen = bytes;
        content.forced = bytes;
        seenNames.put(name, content);
        forcedNames.put(name, content);
    }

    byte[] bytes(String name) throws IOException {
        return content(name).seen.clone();
    }

    /** Takes a file away, forced. */
    void lose(String name) {
        seenNames.remove(name);
        forcedNames.remove(name);
    }

    long usedBytes() {
        return seenNames.values().stream()
                .mapToLong(content -> content.seen.length)
                .sum();
    }

    /** Equal if two disks hold the same. */
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
        return List.copyOf(seenNames.keySet());
    }

    @Override
    public long size(String name) throws IOException {
        return content(name).seen.length;
    }

    @Override
    public ByteBuffer read(String name, long offset, int length) throws IOException {
        byte[] bytes = content(name).seen;
        int from = (int) Math.min(offset, bytes.length);
        return ByteBuffer.wrap(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + length)));
    }

    @Override
    public void create(String name) throws IOException {
        change(Change.CREATE, name);
        if (seenNames.putIfAbsent(name, new Content()) != null) {
            throw new IOException("there is a file " + name);
        }
    }

    @Override
    public void write(String name, long offset, ByteBuffer bytes) throws IOException {
        change(Change.WRITE, name);
        Content content = content(name);
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
    }

    @Override
    public void rewrite(String name) throws IOException {
        change(Change.REWRITE, name);
        content(name).dropped = false;
    }

    @Override
    public void truncate(String name, long size) throws IOException {
        change(Change.TRUNCATE, name);
        Content content = content(name);
        content.seen = Arrays.copyOf(content.seen, (int) Math.min(size, content.seen.length));
    }

    @Override
    public void force(String name) throws IOException {
        forces++;
        Content content = content(name);
        try {
            change(Change.FORCE, name);
        } catch (IOException failure) {
            content.dropped = true;
            throw failure;
        }
        if (!content.dropped) {
            content.forced = content.seen;
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change(Change.RENAME, from);
        Content content = content(from);
        seenNames.remove(from);
        seenNames.put(to, content);
    }

    @Override
    public void delete(String name) throws IOException {
        change(Change.DELETE, name);
        content(name);
        seenNames.remove(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        change(Change.FORCE_DIRECTORY, "");
        forcedNames.clear();
        forcedNames.putAll(seenNames);
    }

    @Override
    public long freeBytes() {
        return capacityBytes - usedBytes();
    }

    @Override
    public void close() {
        locked = false;
    }
}

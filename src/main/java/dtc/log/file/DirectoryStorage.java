package dtc.log.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Stores the files in a directory. The thread that uses it must not be interrupted, because an interrupt closes open
 * file channels.
 */
public final class DirectoryStorage implements Storage {

    private static final String LOCK = "lock";
    private static final int REWRITE_BYTES = 1 << 20;

    private final Path directory;
    /** Open files by name. Readers are separate because the directory may be read-only. */
    private final Map<String, FileChannel> readers = new HashMap<>();

    private final Map<String, FileChannel> writers = new HashMap<>();
    private @Nullable FileChannel lockFile;

    public DirectoryStorage(Path directory) {
        this.directory = directory.toAbsolutePath().normalize();
    }

    @Override
    public String location() {
        return directory.toString();
    }

    @Override
    public void lock() throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory);
            forceDirectory(directory.resolve(".."));
        }
        FileChannel file =
                FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!isLocked(file)) {
            file.close();
            throw new IOException("the log in %s is in use by another process".formatted(directory));
        }
        lockFile = file;
    }

    private static boolean isLocked(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            return false; // held by this process
        }
    }

    @Override
    public List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Override
    public long size(String name) throws IOException {
        return Files.size(directory.resolve(name));
    }

    @Override
    public ByteBuffer read(String name, long offset, int length) throws IOException {
        FileChannel file = channel(readers, name, StandardOpenOption.READ);
        ByteBuffer bytes = ByteBuffer.allocate(length);
        long position = offset;
        while (bytes.hasRemaining()) {
            int count = file.read(bytes, position);
            if (count < 0) {
                break;
            }
            position += count;
        }
        return bytes.flip();
    }

    @Override
    public void create(String name) throws IOException {
        Files.createFile(directory.resolve(name));
    }

    @Override
    public void write(String name, long offset, ByteBuffer bytes) throws IOException {
        write(channel(writers, name, StandardOpenOption.WRITE), bytes, offset);
    }

    @Override
    public void rewrite(String name) throws IOException {
        FileChannel file = channel(writers, name, StandardOpenOption.WRITE);
        for (long position = 0; position < file.size(); position += REWRITE_BYTES) {
            write(file, read(name, position, REWRITE_BYTES), position);
        }
    }

    private static void write(FileChannel file, ByteBuffer bytes, long offset) throws IOException {
        long position = offset;
        while (bytes.hasRemaining()) {
            position += file.write(bytes, position);
        }
    }

    @Override
    public void truncate(String name, long size) throws IOException {
        channel(writers, name, StandardOpenOption.WRITE).truncate(size);
    }

    @Override
    public void force(String name) throws IOException {
        channel(writers, name, StandardOpenOption.WRITE).force(false); // forces the file size too
    }

    @Override
    public void rename(String from, String to) throws IOException {
        closeFile(from);
        Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(String name) throws IOException {
        closeFile(name);
        Files.delete(directory.resolve(name));
    }

    @Override
    public void forceDirectory() throws IOException {
        forceDirectory(directory);
    }

    private static void forceDirectory(Path directory) throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    @Override
    public long freeBytes() throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }

    private FileChannel channel(Map<String, FileChannel> files, String name, StandardOpenOption option)
            throws IOException {
        FileChannel open = files.get(name);
        if (open == null) {
            open = FileChannel.open(directory.resolve(name), option);
            files.put(name, open);
        }
        return open;
    }

    private void closeFile(String name) throws IOException {
        for (Map<String, FileChannel> files : List.of(readers, writers)) {
            FileChannel open = files.remove(name);
            if (open != null) {
                open.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        for (Map<String, FileChannel> files : List.of(readers, writers)) {
            for (FileChannel open : files.values()) {
                open.close();
            }
            files.clear();
        }
        if (lockFile != null) {
            lockFile.close();
            lockFile = null;
        }
    }
}

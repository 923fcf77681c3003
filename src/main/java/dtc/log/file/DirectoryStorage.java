package dtc.log.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Stores the files in a directory. The thread that uses it must not be interrupted, because an interrupt closes open
 * file channels. Only {@link #create} and the first read of a file open a file descriptor, which stays open.
 */
public final class DirectoryStorage implements Storage {

    private static final String LOCK = "lock";

    private final Path directory;
    private final boolean startsWithTilde;
    private final Map<String, OpenFile> open = new HashMap<>();
    private @Nullable FileChannel lockFile;
    /** Stays open, so that {@link #forceDirectory} needs no new descriptor. */
    private @Nullable FileChannel directoryFile;

    /** @param key identifies the file independently of its name; null if the file system has no such key */
    private record OpenFile(FileChannel channel, @Nullable Object key) {}

    private interface Operation<T> {
        T run() throws IOException;
    }

    public DirectoryStorage(Path directory) {
        this.directory = directory.toAbsolutePath().normalize();
        this.startsWithTilde = directory.toString().startsWith("~");
    }

    @Override
    public String location() {
        return directory.toString();
    }

    /**
     * Checks that the directory exists.
     *
     * @throws IOException if it does not exist or is not a directory; the message contains the remedy
     */
    public void requireDirectory() throws IOException {
        if (startsWithTilde) {
            throw new IOException("%s: '~' is not expanded. Use the full path of the directory".formatted(directory));
        }
        if (Files.isDirectory(directory)) {
            return;
        }
        if (Files.isSymbolicLink(directory)) {
            throw new IOException(
                    "%s is a link to %s, which is not a directory. Create that directory, or remove the link"
                            .formatted(directory, Files.readSymbolicLink(directory)));
        }
        throw new IOException(
                Files.exists(directory)
                        ? "%s is not a directory. Use another directory, or move the file away".formatted(directory)
                        : "%s does not exist. Check the name of the directory".formatted(directory));
    }

    @Override
    public void lock() throws IOException {
        if (!startsWithTilde && !Files.exists(directory) && !Files.isSymbolicLink(directory)) {
            withExplanation(directory, () -> Files.createDirectories(directory));
            try (FileChannel parent = openDirectory(directory.resolve(".."))) {
                parent.force(true);
            }
        }
        requireDirectory();
        try {
            Path path = directory.resolve(LOCK);
            FileChannel file = withExplanation(
                    path, () -> FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
            lockFile = file;
            if (!withExplanation(path, () -> tryLock(file))) {
                throw new IOException(
                        "the log in %s is in use by another process. Stop that process, or use another directory"
                                .formatted(directory));
            }
            directoryFile = openDirectory(directory);
        } catch (IOException failure) {
            close();
            throw failure;
        }
    }

    private static boolean tryLock(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            return false; // held by this process
        }
    }

    @Override
    public List<String> names() throws IOException {
        return withExplanation(directory, () -> {
            try (Stream<Path> files = Files.list(directory)) {
                return files.map(file -> file.getFileName().toString()).sorted().toList();
            }
        });
    }

    @Override
    public boolean isFile(String name) {
        return Files.isRegularFile(directory.resolve(name));
    }

    @Override
    public long size(String name) throws IOException {
        return withExplanation(directory.resolve(name), () -> Files.size(directory.resolve(name)));
    }

    @Override
    public ByteBuffer read(String name, long offset, int length) throws IOException {
        return withExplanation(directory.resolve(name), () -> {
            if (directoryFile == null) { // not locked, so other processes may replace files
                try (FileChannel file = FileChannel.open(directory.resolve(name), StandardOpenOption.READ)) {
                    return read(file, offset, length);
                }
            }
            return read(openForReading(name).channel(), offset, length);
        });
    }

    private static ByteBuffer read(FileChannel file, long offset, int length) throws IOException {
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

    private OpenFile openForReading(String name) throws IOException {
        OpenFile file = open.get(name);
        if (file == null) {
            file = open(name, StandardOpenOption.READ);
        }
        return file;
    }

    private OpenFile open(String name, StandardOpenOption... options) throws IOException {
        FileChannel channel = FileChannel.open(directory.resolve(name), options);
        try {
            OpenFile file = new OpenFile(channel, fileKey(name));
            open.put(name, file);
            return file;
        } catch (IOException failure) {
            channel.close();
            throw failure;
        }
    }

    private @Nullable Object fileKey(String name) throws IOException {
        return Files.readAttributes(directory.resolve(name), BasicFileAttributes.class)
                .fileKey();
    }

    @Override
    public void create(String name) throws IOException {
        withExplanation(
                directory.resolve(name),
                () -> open(name, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    @Override
    public void write(String name, long offset, ByteBuffer bytes) throws IOException {
        withExplanation(directory.resolve(name), () -> {
            FileChannel file = requireCreated(name);
            long position = offset;
            while (bytes.hasRemaining()) {
                position += file.write(bytes, position);
            }
            return file;
        });
    }

    @Override
    public void truncate(String name, long size) throws IOException {
        withExplanation(directory.resolve(name), () -> requireCreated(name).truncate(size));
    }

    @Override
    public void force(String name) throws IOException {
        withExplanation(directory.resolve(name), () -> {
            FileChannel file = requireCreated(name);
            file.force(false); // forces the file size too
            return file;
        });
    }

    private FileChannel requireCreated(String name) throws IOException {
        OpenFile file = open.get(name);
        if (file == null) {
            throw new IOException("this process did not create the file");
        }
        return file.channel();
    }

    @Override
    public void rename(String from, String to) throws IOException {
        withExplanation(
                directory.resolve(from),
                () -> Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE));
        closeFile(to);
        OpenFile file = open.remove(from);
        if (file != null) {
            open.put(to, file);
        }
    }

    @Override
    public void delete(String name) throws IOException {
        closeFile(name);
        withExplanation(directory.resolve(name), () -> {
            Files.delete(directory.resolve(name));
            return name;
        });
    }

    @Override
    public void forceDirectory() throws IOException {
        withExplanation(directory, () -> {
            if (directoryFile == null) {
                throw new IOException("the directory is not locked");
            }
            directoryFile.force(true);
            return directoryFile;
        });
    }

    private static FileChannel openDirectory(Path directory) throws IOException {
        return withExplanation(directory, () -> FileChannel.open(directory, StandardOpenOption.READ));
    }

    @Override
    public boolean isInPlace(String name) throws IOException {
        return withExplanation(directory.resolve(name), () -> {
            OpenFile file = open.get(name);
            try {
                return file != null && Objects.equals(file.key(), fileKey(name));
            } catch (NoSuchFileException _) {
                return false;
            }
        });
    }

    /** Needs no descriptor, unlike {@link Files#getFileStore}. */
    @Override
    public long freeBytes() throws IOException {
        long free = directory.toFile().getUsableSpace();
        if (free == 0 && !Files.isDirectory(directory)) {
            throw new IOException(directory + " was moved or deleted. Move it back");
        }
        return free;
    }

    private void closeFile(String name) throws IOException {
        OpenFile file = open.remove(name);
        if (file != null) {
            file.channel().close();
        }
    }

    @Override
    public void close() throws IOException {
        for (OpenFile file : open.values()) {
            file.channel().close();
        }
        open.clear();
        if (directoryFile != null) {
            directoryFile.close();
            directoryFile = null;
        }
        if (lockFile != null) {
            lockFile.close();
            lockFile = null;
        }
    }

    /** Runs an operation. If it fails, the message of the exception names the file and the remedy. */
    private static <T> T withExplanation(Path path, Operation<T> operation) throws IOException {
        try {
            return operation.run();
        } catch (IOException failure) {
            throw new IOException(path + ": " + describe(failure), failure);
        }
    }

    private static String describe(IOException failure) {
        String reason = failure instanceof FileSystemException named && named.getReason() != null
                ? named.getReason()
                : switch (failure) {
                    case NoSuchFileException _ -> "No such file or directory";
                    case AccessDeniedException _ -> "Permission denied";
                    case FileAlreadyExistsException _ -> "File exists";
                    default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
                };
        return reason + remedy(reason);
    }

    private static String remedy(String reason) {
        return switch (reason) {
            case "No space left on device", "Disk quota exceeded" -> ". Free space on this volume, or enlarge it";
            case "Permission denied", "Operation not permitted" ->
                ". Give the user of this process permission to read and write it";
            case "Read-only file system" -> ". Mount the volume for writing";
            case "Too many open files", "Too many open files in system" ->
                ". Raise the limit of open files (ulimit -n)";
            case "Input/output error" -> ". Check the disk";
            case "Is a directory", "Not a directory" -> ". Move it away";
            default -> "";
        };
    }
}

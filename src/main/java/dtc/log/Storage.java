package dtc.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Where a file log keeps its files: a directory, or a simulated disk.
 *
 * <p>What a crash of the machine may undo: of a file, what was written or truncated since its last {@link #force}, of
 * which any part may stay, a later one too without an earlier one; of the names, what was created, renamed or deleted
 * since the last {@link #forceDirectory}. What a process did is visible to the next one at once, forced or not. Each
 * call that throws may have done a part of its work. A failed force leaves nobody knowing what is on the disk, and
 * asking again proves nothing: the system may have dropped what it could not write.
 *
 * <p>Used by one thread at a time; only {@link #freeBytes} may be called by any.
 */
public interface Storage extends Closeable {

    /** How people know this place, for messages. */
    String where();

    /**
     * Takes the place for this process until {@link #close}, and makes it where it is not there. To be called before
     * anything is changed; those that only read need not.
     *
     * @throws IOException also where another process has it; the message says so
     */
    void lock() throws IOException;

    /** The names of all files, in their natural order. */
    List<String> names() throws IOException;

    /** In bytes. */
    long size(String name) throws IOException;

    /**
     * Up to {@code length} bytes from {@code offset} on; fewer where the file ends before. A new buffer, ready to be
     * read.
     */
    ByteBuffer read(String name, long offset, int length) throws IOException;

    /** Makes an empty file; fails where there is one. */
    void create(String name) throws IOException;

    /**
     * Writes all that remains in {@code bytes} from {@code offset} on, which is no farther than the end of the file.
     */
    void write(String name, long offset, ByteBuffer bytes) throws IOException;

    /**
     * Writes all that the file holds once more, in its place, so that the next {@link #force} has it to put on the
     * disk. After a failed force a file may read well, from the system's memory, and yet be lost with the next crash.
     */
    void rewrite(String name) throws IOException;

    /** Cuts off what is behind {@code size} bytes. */
    void truncate(String name, long size) throws IOException;

    /** Returns once all that the file holds is on the disk. */
    void force(String name) throws IOException;

    /** Gives a file another name, at once or not at all. No file has that name. */
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /** Returns once the names are on the disk. */
    void forceDirectory() throws IOException;

    /** How many more bytes there is room for. */
    long freeBytes() throws IOException;

    /** Gives the place free. What was not forced is not forced by this. */
    @Override
    void close() throws IOException;
}

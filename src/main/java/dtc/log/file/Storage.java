package dtc.log.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The files of a file log: in a directory, or on a simulated disk.
 *
 * <p>A crash of the machine may undo what was not forced. Of a file, that is what was written or truncated since the
 * last {@link #force}: any part of it may be lost, also an earlier part without a later one. Of the names, it is what
 * was created, renamed or deleted since the last {@link #forceDirectory}. A crash of the process undoes nothing: the
 * next process sees all of it, forced or not. A call that throws may have done a part of its work. After a failed force
 * nobody knows what is on the disk, and a second force proves nothing, because the system may have dropped the data.
 *
 * <p>For one thread at a time, except {@link #freeBytes}, which any thread may call.
 */
public interface Storage extends Closeable {

    /** A name of this storage for messages. */
    String location();

    /**
     * Creates the storage if it does not exist, and locks it for this process until {@link #close}. Call it before any
     * change; reading needs no lock.
     *
     * @throws IOException also if another process holds the lock; the message says so
     */
    void lock() throws IOException;

    /** The names of all files, sorted. */
    List<String> names() throws IOException;

    /** In bytes. */
    long size(String name) throws IOException;

    /**
     * Reads up to {@code length} bytes from {@code offset}; fewer if the file ends before. Returns a new buffer, ready
     * to be read.
     */
    ByteBuffer read(String name, long offset, int length) throws IOException;

    /** Creates an empty file; fails if it exists. */
    void create(String name) throws IOException;

    /** Writes all remaining bytes at {@code offset}, which is not beyond the end of the file. */
    void write(String name, long offset, ByteBuffer bytes) throws IOException;

    /**
     * Writes the content of the file again, in place, so that the next {@link #force} writes it to the disk. After a
     * failed force the system may still return data from memory that the next crash will lose.
     */
    void rewrite(String name) throws IOException;

    void truncate(String name, long size) throws IOException;

    /** Returns once the content of the file is on the disk. */
    void force(String name) throws IOException;

    /** Renames a file atomically. No file has the new name. */
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /** Returns once the names are on the disk. */
    void forceDirectory() throws IOException;

    /** The free space in bytes. */
    long freeBytes() throws IOException;

    /** Releases the lock. Does not force anything. */
    @Override
    void close() throws IOException;
}

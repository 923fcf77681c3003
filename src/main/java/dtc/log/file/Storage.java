package dtc.log.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Stores the files of a file log, in a directory or on a simulated disk.
 *
 * <p>A crash of the machine may undo changes that were not forced. For a file, these are the writes and truncations
 * since the last {@link #force}: any part may be lost, also an earlier part without a later one. For file names, these
 * are the creations, renames and deletions since the last {@link #forceDirectory}. A crash of the process undoes
 * nothing: the next process sees all changes, forced or not. A call that throws may have taken partial effect. After a
 * failed force the content of the disk is unknown, and a second force proves nothing, because the system may have
 * dropped the data.
 *
 * <p>Not thread-safe, except {@link #freeBytes}, which any thread may call.
 */
public interface Storage extends Closeable {

    /** Returns the name of this storage for messages. */
    String location();

    /**
     * Creates the storage if it does not exist, and locks it for this process until {@link #close}. Must be called
     * before any change; reading needs no lock.
     *
     * @throws IOException also if another process holds the lock; the message says so
     */
    void lock() throws IOException;

    /** Returns the names of all files, sorted. */
    List<String> names() throws IOException;

    /** Returns the size of a file in bytes. */
    long size(String name) throws IOException;

    /**
     * Reads up to {@code length} bytes from {@code offset}; fewer if the file is shorter. Returns a new buffer, ready
     * to be read.
     */
    ByteBuffer read(String name, long offset, int length) throws IOException;

    /** Creates an empty file; fails if it exists. */
    void create(String name) throws IOException;

    /** Writes all remaining bytes at {@code offset}, which must not be beyond the end of the file. */
    void write(String name, long offset, ByteBuffer bytes) throws IOException;

    /**
     * Rewrites the content of the file in place, so that the next {@link #force} writes it to the disk. Needed because
     * after a failed force the system may still return data from memory that is not on the disk.
     */
    void rewrite(String name) throws IOException;

    void truncate(String name, long size) throws IOException;

    /** Returns when the content of the file is on the disk. */
    void force(String name) throws IOException;

    /** Renames a file atomically. The new name must not exist. */
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /** Returns when the file names are on the disk. */
    void forceDirectory() throws IOException;

    /** Returns the free space in bytes. */
    long freeBytes() throws IOException;

    /** Releases the lock. Does not force anything. */
    @Override
    void close() throws IOException;
}
